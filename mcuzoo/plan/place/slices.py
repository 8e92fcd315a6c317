"""Which calls work slice by slice, because their weights come from a slow memory at every pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcuzoo.board.model import Board
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.ops.kernels.slices import extra_cycles, extra_passes, sliced
from mcuzoo.plan.arena.fusion import plan_calls
from mcuzoo.plan.arena.lifetimes import ArenaPlan
from mcuzoo.plan.place.cost import constants_cache, wait_seconds
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.traffic import ConstantUse, constant_uses
from mcuzoo.plan.place.weights import LEAST_SAVING_S

_OF_CACHE = 4
"""A slice takes a quarter less than the part of the cache that constants may count on: its inputs
and outputs go through it, too."""


def sliced_calls(
    program: Program,
    calls: Sequence[Call],
    arena: ArenaPlan,
    placement: Placement,
    board: Board,
) -> tuple[tuple[Call, ...], ArenaPlan] | None:
    """The calls, some of them in slices where that by estimate saves time, and their plan, which
    takes no more memory than `arena`; None if none is."""
    cutter = _Cutter(program, placement, board)
    wanted = {place: cut for place, call in enumerate(calls) if (cut := cutter.better(call))}
    for places in (set(wanted), {at for at in wanted if _apart(calls[at], arena)}):
        if not places:
            continue
        chosen = tuple(wanted[at] if at in places else call for at, call in enumerate(calls))
        if all(_apart(calls[at], arena) for at in places):
            return chosen, arena
        plan = plan_calls(program, chosen)
        if plan.arena_bytes <= arena.arena_bytes and arena.hot_bytes is None:
            return chosen, plan
    return None


def without_needless_slices(
    cut: Sequence[Call], calls: Sequence[Call], placement: Placement, board: Board
) -> tuple[Call, ...]:
    """`cut`, but as in `calls` where the core waits for no constant of a call."""
    return tuple(
        whole
        if all(
            board.region(placement.region_of(constant.symbol)).tightly_coupled
            for constant in whole.constants()
        )
        else one
        for one, whole in zip(cut, calls, strict=True)
    )


class _Cutter:
    """Calls in slices, for constants and tensors where `placement` has them."""

    def __init__(self, program: Program, placement: Placement, board: Board) -> None:
        self._program, self._placement, self._board = program, placement, board
        parts = [name for name, _ in placement.arena_parts]
        self._cache = constants_cache(board, parts)
        self._cached_arena = [
            region
            for region in map(board.region, parts)
            if region.cacheable and region.read is not None
        ]

    def better(self, call: Call) -> Call | None:
        """`call` in slices, if that by estimate saves time."""
        cut = sliced(call, self._cache.bytes - self._cache.bytes // _OF_CACHE)
        if cut is None:
            return None
        saved = self._waits(call) - self._waits(cut)
        saved -= extra_cycles(cut) / self._board.core.clock_hz + self._read_again(cut)
        return cut if saved >= LEAST_SAVING_S else None

    def _waits(self, call: Call) -> float:
        seconds = 0.0
        for use in constant_uses([call]):
            region = self._board.region(self._placement.region_of(use.symbol))
            if region.read is not None:
                seconds += wait_seconds(region, use, self._cache)
        return seconds

    def _read_again(self, cut: Call) -> float:
        """Waits for inputs that more than the first slice reads, in the slowest of the memories."""
        bytes_ = sum(
            self._program.buffers[operand.buffer].bytes
            for operand in cut.inputs
            if isinstance(operand, Activation)
        )
        use = ConstantUse("", -1, "", bytes_, extra_passes(cut), 2 * self._cache.bytes)
        nothing = replace(self._cache, bytes=0)
        return max(
            (wait_seconds(region, use, nothing) for region in self._cached_arena), default=0.0
        )


def _apart(call: Call, arena: ArenaPlan) -> bool:
    """Whether the output shares no memory with an input."""
    slots = {slot.buffer: slot for slot in arena.slots}
    inputs = [slots[one.buffer] for one in call.inputs if isinstance(one, Activation)]
    outputs = [slots[one.buffer] for one in call.outputs]
    return not any(
        first.offset < second.offset + second.bytes and second.offset < first.offset + first.bytes
        for first in inputs
        for second in outputs
    )
