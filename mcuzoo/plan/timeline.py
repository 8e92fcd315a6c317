"""The arena over time as data: which bytes hold what during which step."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.lowering.rows import RowChain
from mcuzoo.plan.arena.calls import scratch_buffer
from mcuzoo.plan.memory_plan import MemoryPlan


@dataclass(frozen=True)
class Block:
    """Bytes [offset, offset + bytes) of the arena from first_step to last_step, both inclusive.

    Step -1 is before the first one, when the host fills the input; the number of steps is after the
    last one. `over`: the block whose bytes this one takes over while they are still read. name: of
    the tensor or of what uses it. scratch: it is of one kernel only.
    """

    name: str
    scratch: bool
    offset: int
    bytes: int
    first_step: int
    last_step: int
    over: str | None = None


@dataclass(frozen=True)
class Timeline:
    """`steps` are the operators in the order in which they run, as "index name".

    arena_bytes: the plan's. lower_bound_bytes: no plan for these kernels can be smaller. blocks: by
    offset and time.
    """

    arena_bytes: int
    lower_bound_bytes: int
    steps: tuple[str, ...]
    blocks: tuple[Block, ...]


def timeline(plan: MemoryPlan) -> Timeline:
    """The picture of `plan.arena`, blocks in the order of their first step."""
    program = plan.program
    names = {
        buffer.index: program.model.tensor(buffer.tensors[0]).name for buffer in program.buffers
    }
    if plan.calls is None:
        ops = [step.op for step in program.steps]
    else:
        ops = [call.op for call in plan.calls]
    for position, op in enumerate(ops):
        names[scratch_buffer(program, position)] = f"scratch of op {op.index}"
    for position, call in enumerate(plan.calls or ()):
        if isinstance(call, RowChain):
            what = f"rows and scratch up to op {call.op.index}"
            names[scratch_buffer(program, position)] = what
    slots = sorted(plan.arena.slots, key=lambda slot: (slot.first_step, slot.offset))
    blocks = []
    for slot in slots:
        under = [
            other
            for other in slots
            if other.last_step == slot.first_step
            and other.first_step < slot.first_step
            and other.offset < slot.offset + slot.bytes
            and slot.offset < other.offset + other.bytes
        ]
        blocks.append(
            Block(
                name=names[slot.buffer],
                scratch=slot.buffer >= len(program.buffers),
                offset=slot.offset,
                bytes=slot.bytes,
                first_step=slot.first_step,
                last_step=slot.last_step,
                over=names[under[0].buffer] if under else None,
            )
        )
    return Timeline(
        arena_bytes=plan.arena.arena_bytes,
        lower_bound_bytes=plan.arena.lower_bound_bytes,
        steps=tuple(f"{op.index} {op.name}" for op in ops),
        blocks=tuple(blocks),
    )
