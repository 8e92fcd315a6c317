"""How large TFLite-Micro's arena will be on a 32-bit Arm target, before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.graph.model import Model
from mcuzoo.lowering.alignment import align_up
from mcuzoo.plan.tflm.abi import ARENA_ALIGNMENT
from mcuzoo.plan.tflm.buffers import Scratch, planned_buffers
from mcuzoo.plan.tflm.greedy import greedy_offsets, head_bytes
from mcuzoo.plan.tflm.requests import Kernels, OpRequests, op_requests
from mcuzoo.plan.tflm.tail import simulate


@dataclass(frozen=True)
class TailPart:
    """Bytes of the tail by what they hold, with what alignment cost."""

    what: str
    bytes: int


@dataclass(frozen=True)
class TflmArena:
    """A predicted arena. `head_bytes`: activations and scratch; `tail_bytes`: what persists.

    Head and tail are those of an arena whose size is a multiple of 16; their sum is what
    arena_used_bytes() says. `smallest_bytes` is the least size, to the byte, that allocates: it
    may save an alignment gap. It is exact unless what AllocateTensors needs in passing exceeds
    the head (tiny models), and then never too small.
    """

    kernels: Kernels
    head_bytes: int
    tail_bytes: int
    smallest_bytes: int
    tail: tuple[TailPart, ...]

    @property
    def used_bytes(self) -> int:
        return self.head_bytes + self.tail_bytes

    @property
    def arena_bytes(self) -> int:
        """The arena to reserve: a multiple of 16 that allocates."""
        return max(self.used_bytes, align_up(self.smallest_bytes, ARENA_ALIGNMENT))


def predict_arena(
    model: Model,
    kernels: Kernels,
    offsets: Sequence[int | None] | None = None,
    recording: bool = False,
) -> TflmArena:
    """Predict the arena of `model` under the interpreter with its greedy planner.

    offsets: an offline plan's head offset per tensor, None where TFLM shall choose. recording:
    under RecordingMicroInterpreter, whose own structures are larger. Raises UnsupportedOpError
    for an op whose kernel's requests are not known.
    """
    requests = [op_requests(model, op, kernels) for op in model.ops]
    buffers = planned_buffers(model, scratch_requests(requests))
    offline = None
    if offsets is not None:
        offline = [None if item.tensor is None else offsets[item.tensor] for item in buffers]
    head = head_bytes(buffers, greedy_offsets(buffers, offline))
    simulations = [
        simulate(model, requests, len(buffers), head, recording, slack)
        for slack in range(ARENA_ALIGNMENT)
    ]
    smallest = min(
        simulation.needed + (simulation.slack - simulation.needed) % ARENA_ALIGNMENT
        for simulation in simulations
    )
    aligned = simulations[0]
    return TflmArena(
        kernels=kernels,
        head_bytes=head,
        tail_bytes=aligned.used,
        smallest_bytes=smallest,
        tail=tuple(TailPart(what, bytes_) for what, bytes_ in aligned.parts.items()),
    )


def scratch_requests(requests: Sequence[OpRequests]) -> tuple[Scratch, ...]:
    """All scratch buffers in the order of the ops that ask for them."""
    return tuple(
        Scratch(op, bytes_)
        for op, request in enumerate(requests)
        for bytes_ in request.scratch_bytes
    )
