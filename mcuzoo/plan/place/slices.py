"""Which calls work slice by slice, because their weights come from a slow memory at every pass."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.board.model import Board
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call, Omitted
from mcuzoo.ops.kernels.slices import extra_cycles, sliced
from mcuzoo.plan.arena.fusion import plan_calls
from mcuzoo.plan.arena.lifetimes import ArenaPlan
from mcuzoo.plan.cycles.predict import predict
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.weights import LEAST_SAVING_S


def most_slice_bytes(board: Board, placement: Placement) -> int:
    """Of the constants of a slice: a quarter less than the data cache, as its inputs and outputs go
    through it, too; of half of it where they are in cached memory."""
    cached = any(board.region(name).cacheable for name, _ in placement.arena_parts)
    room = board.core.dcache_bytes // (2 if cached else 1)
    return room - room // 4


def sliced_calls(
    program: Program,
    calls: Sequence[Call],
    arena: ArenaPlan,
    placement: Placement,
    board: Board,
) -> tuple[tuple[Call, ...], ArenaPlan] | None:
    """The calls, some of them in slices where that by prediction saves time, and their plan, which
    takes no more memory than `arena`; None if none is."""
    wanted = _better(program, calls, arena, placement, board)
    chosen = list(calls)
    for place, cut in wanted.items():
        if _apart(cut, arena):
            chosen[place] = cut
    # The others' plans have their output over their input: another plan must not be larger. The
    # part of an arena that is in fast memory is not planned anew.
    rest = [place for place in wanted if chosen[place] is not wanted[place]]
    if arena.hot_bytes is None and rest:
        for places in (rest, *([place] for place in rest if len(rest) > 1)):
            tried = [wanted[at] if at in places else call for at, call in enumerate(chosen)]
            plan = plan_calls(program, tried)
            if plan.arena_bytes <= arena.arena_bytes:
                chosen, arena = tried, plan
                if places is rest:
                    break
    return None if chosen == list(calls) else (tuple(chosen), arena)


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


def _better(
    program: Program,
    calls: Sequence[Call],
    arena: ArenaPlan,
    placement: Placement,
    board: Board,
) -> dict[int, Call]:
    """By position, the calls in slices that save time, with everything where `placement` has it."""
    most_bytes = most_slice_bytes(board, placement)
    cuts = [sliced(call, most_bytes) for call in calls]
    if not any(cuts):
        return {}
    chosen = [cut or call for cut, call in zip(cuts, calls, strict=True)]
    whole, parts = (
        predict(program, some, arena, placement, board).calls for some in (calls, chosen)
    )
    at = [place for place, call in enumerate(calls) if not isinstance(call, Omitted)]
    found = {}
    for place, one, other in zip(at, whole, parts, strict=True):
        cut = cuts[place]
        if cut is None:
            continue
        more = float(extra_cycles(cut))
        if one.core is not None and other.core is not None:
            more = max(more, other.core - one.core)
        if one.waits - other.waits - more >= LEAST_SAVING_S * board.core.clock_hz:
            found[place] = cut
    return found


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
