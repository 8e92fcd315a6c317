"""Predicts the modelled cycles of a planned program, call by call, without running it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot

from mcuzoo.board.memory import RegionKind
from mcuzoo.board.model import Board
from mcuzoo.board.rated import RatesOf
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call, Omitted
from mcuzoo.ops.kernels.slices import extra_passes
from mcuzoo.plan.arena.calls import scratch_buffer
from mcuzoo.plan.arena.lifetimes import ArenaPlan, Slot
from mcuzoo.plan.cycles.memory import TensorWaits, Waits, summed
from mcuzoo.plan.cycles.table import core_cost
from mcuzoo.plan.cycles.work import works_of
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.place.cost import LineCosts, Turns, array_cycles
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.traffic import Reading, constant_uses, uses_of
from mcuzoo.timing.rules import cortex_m7

_EXTERNAL = (RegionKind.FLASH, RegionKind.SDRAM)


@dataclass(frozen=True)
class CallCycles:
    """Predicted modelled cycles of one call.

    ops: that it computes, as in the .tflite file. name: of these. kernels: the C functions. core:
    with memory that answers at once; None where no table has the kernel. error: of that, relative.
    constants, tensors: waits, by memory. code: waits for instructions.
    """

    ops: tuple[int, ...]
    name: str
    kernels: tuple[str, ...]
    core: float | None
    error: float
    constants: Waits
    tensors: Waits
    code: float

    @property
    def waits(self) -> float:
        return sum(self.constants.values()) + sum(self.tensors.values()) + self.code

    @property
    def total(self) -> float | None:
        return None if self.core is None else self.core + self.waits


@dataclass(frozen=True)
class Prediction:
    """An estimate of an inference's time: modelled cycles that a table predicts.

    calls: in their order. core_clock_hz: of the board. model_percent: by how much modelled cycles
    may be off, either way. unknown_memories: whose waits count as nothing, because
    the board file has no read speed of them. external: memories outside of the chip, of which no
    modelled wait has been compared with a board. rates: where the speeds of memories were measured;
    None: they are computed from clocks and bus widths.
    """

    calls: tuple[CallCycles, ...]
    core_clock_hz: int
    model_percent: float
    unknown_memories: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    rates: RatesOf | None = None

    @property
    def unknown_kernels(self) -> tuple[str, ...]:
        """Kernels without a figure, each once; then there is no total."""
        return tuple(
            dict.fromkeys(
                kernel for call in self.calls if call.core is None for kernel in call.kernels
            )
        )

    @property
    def core(self) -> float | None:
        """Modelled cycles with memory that answers at once."""
        known = [call.core for call in self.calls if call.core is not None]
        return sum(known) if len(known) == len(self.calls) else None

    @property
    def waits(self) -> Waits:
        """Waits for constants, tensors and code, by memory."""
        return summed(part for call in self.calls for part in (call.constants, call.tensors))

    @property
    def tensor_waits(self) -> Waits:
        """Those for tensors alone."""
        return summed(call.tensors for call in self.calls)

    @property
    def code(self) -> float:
        return sum(call.code for call in self.calls)

    @property
    def total(self) -> float | None:
        """Modelled cycles of an inference; None if the figure of any call is not known."""
        if self.core is None or self.unknown_memories:
            return None
        return self.core + sum(self.waits.values()) + self.code

    @property
    def milliseconds(self) -> float | None:
        return None if self.total is None else self.total / self.core_clock_hz * 1e3

    @property
    def percent(self) -> int | None:
        """By how much silicon may differ: what validation of the cycle model shows, and what the
        table's own error is, as if all calls erred the same way."""
        if self.total is None:
            return None
        own = sum(call.core * call.error for call in self.calls if call.core is not None)
        return round(hypot(self.model_percent, 100 * own / self.total))


def predict(
    program: Program, calls: Sequence[Call], arena: ArenaPlan, placement: Placement, board: Board
) -> Prediction:
    """Predict an inference of `calls` on `board`, with everything where `placement` says.

    board: with its SDRAM, if that holds anything.
    """
    board = board.started_for(placement.regions)
    predictor = _Predictor(program, calls, arena, placement, board)
    return Prediction(
        calls=tuple(predictor.calls()),
        core_clock_hz=board.core.clock_hz,
        model_percent=cortex_m7().accuracy.percent,
        unknown_memories=predictor.unknown,
        external=tuple(one.name for one in board.regions if one.kind in _EXTERNAL),
        rates=board.rates,
    )


def predict_plan(plan: MemoryPlan, board: Board) -> Prediction | None:
    """None for a plan that does not fit, and for kernels of another runtime."""
    if plan.calls is None or not plan.fits:
        return None
    return predict(plan.program, plan.calls, plan.arena, plan.placement, board)


def core_cycles(
    program: Program, call: Call, rates: RatesOf | None = None
) -> tuple[float, float] | None:
    """Modelled cycles of `call` with memory that answers at once, and their relative error; None
    where no table has its kernel. rates: a board's own factors of kernels."""
    cycles = errors = 0.0
    for work in works_of(program, call):
        cost = core_cost(work)
        if cost is None:
            return None
        factor = 1.0 if rates is None else rates.factor(work.kernel)
        cycles += factor * cost.cycles
        errors += factor * cost.cycles * cost.error
    return cycles, errors / cycles if cycles else 0.0


class _Predictor:
    """A prediction under way. unknown: memories that are used and whose speed is not known."""

    def __init__(
        self,
        program: Program,
        calls: Sequence[Call],
        arena: ArenaPlan,
        placement: Placement,
        board: Board,
    ) -> None:
        self._program, self._calls, self._arena = program, calls, arena
        self._placement, self._board = placement, board
        self._slots = {slot.buffer: slot for slot in arena.slots}
        self._bytes = {buffer.index: buffer.bytes for buffer in program.buffers}
        self._fetched: set[str] = set()
        cached = [region for region in board.regions if region.cacheable and region.read]
        self._tensors = TensorWaits(board, cached)
        used = {placement.region_of(use.symbol) for use in constant_uses(program, calls)}
        used |= {name for name, _ in placement.arena_parts} | {board.flash.region}
        self.unknown = tuple(
            name
            for name in sorted(used)
            if board.region(name).cacheable and board.region(name).read is None
        )

    def calls(self) -> Iterator[CallCycles]:
        for position, call in enumerate(self._calls):
            if isinstance(call, Omitted):
                continue
            core = core_cycles(self._program, call, self._board.rates)
            reading = Reading.of(call, self._bytes)
            turns = self._turns(position, call, reading)
            yield CallCycles(
                ops=tuple(op.index for op in call.ops),
                name="+".join(op.name for op in call.ops),
                kernels=call.kernels,
                core=None if core is None else core[0],
                error=0.0 if core is None else core[1],
                constants=self._constants(call, reading, turns),
                tensors=self._of_tensors(position, call, turns),
                code=self._code(call),
            )

    def _touched(self, call: Call) -> list[tuple[Slot, bool]]:
        """The places of a call's operands, and whether it writes them."""
        read = [one.buffer for one in call.inputs if isinstance(one, Activation)]
        made = [one.buffer for one in call.outputs]
        found = [(buffer, False) for buffer in read] + [(buffer, True) for buffer in made]
        return [
            (self._slots[buffer], written) for buffer, written in found if buffer in self._slots
        ]

    def _turns(self, position: int, call: Call, reading: Reading) -> Turns:
        places = [slot for slot, _ in self._touched(call)]
        scratch = self._slots.get(scratch_buffer(self._program, position))
        cached = [slot for slot in places if self._tensors.caches(self._place(slot)[0])]
        in_cache = scratch is not None and self._tensors.caches(self._place(scratch)[0])
        return Turns.of(
            reading,
            sum(slot.bytes for slot in cached),
            call.scratch_bytes if in_cache else 0,
            self._board,
        )

    def _constants(self, call: Call, reading: Reading, turns: Turns) -> Waits:
        waits: list[Waits] = []
        for use in uses_of(call, reading):
            region = self._board.region(self._placement.region_of(use.symbol))
            waits.append({region.name: array_cycles(use, region, turns, self._board)})
            # They pass through the cache, and push tensors out of it.
            self._tensors.pass_by(use.symbol, region.name, use.bytes)
        return summed(waits)

    def _of_tensors(self, position: int, call: Call, turns: Turns) -> Waits:
        waits: list[Waits] = []
        scratch = self._slots.get(scratch_buffer(self._program, position))
        places = self._touched(call)
        # Each slice of the channels reads the inputs from begin to end.
        places = [place for place in places if not place[1]] * extra_passes(call) + places
        for slot, written in places if scratch is None else [*places, (scratch, True)]:
            region, offset = self._place(slot)
            waits.append(self._tensors.touch(region, offset, slot.bytes, written))
        if scratch is not None:
            region, _ = self._place(scratch)
            times = (turns.rounds - 1) * turns.scratch_anew
            waits.append(self._tensors.again(region, scratch.bytes, times))
        return summed(waits)

    def _place(self, slot: Slot) -> tuple[str, int]:
        """The memory of a slot, and its offset in the part of the arena that is there."""
        (first, first_bytes), *rest = self._placement.arena_parts
        if not rest or slot.offset < first_bytes:
            return first, slot.offset
        return rest[0][0], slot.offset - first_bytes

    def _code(self, call: Call) -> float:
        region = self._board.flash_region
        if region.read is None or self._placement.code_region is not None:
            return 0.0
        lines = 0
        for work in works_of(self._program, call):
            cost = core_cost(work)
            if cost is not None and work.kind not in self._fetched:
                self._fetched.add(work.kind)
                lines += cost.code_lines
        return lines * LineCosts(region, self._board).follows
