"""How many bytes are alive at each step: the least that any plan needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.lowering.alignment import align_up
from mcuzoo.plan.arena.lifetimes import Life
from mcuzoo.plan.arena.share import Share, effective

__all__ = ["Peak", "live_bytes", "peak_demand"]


@dataclass(frozen=True)
class Peak:
    """The step with the most bytes alive (the first of equals), and how many."""

    step: int
    bytes: int


def live_bytes(
    lives: Sequence[Life], step: int, alignment: int, shares: Sequence[Share] = ()
) -> int:
    """Bytes that `step` needs at the least, each buffer rounded up to `alignment`.

    shares: as `effective` leaves them. An output saves what it may lie over its input: the two
    cover max(input + before, output). Over several inputs it saves no more than itself or them.
    """
    sizes = {
        life.buffer: align_up(life.bytes, alignment)
        for life in lives
        if life.first_step <= step <= life.last_step
    }
    here = [share for share in shares if share.input in sizes and share.output in sizes]
    return sum(sizes.values()) - saving(here, sizes, alignment)


def saving(here: Sequence[Share], sizes: dict[int, int], alignment: int) -> int:
    """The most bytes that these shares of one step can save, by buffer sizes."""
    if len(here) == 1:
        (share,) = here
        low, high = sizes[share.output], sizes[share.input]
        before = align_up(max(share.before, 0), alignment)
        return max(0, low + high - max(high + before, low))
    by_output: dict[int, int] = {}
    for share in here:
        by_output[share.output] = by_output.get(share.output, 0) + sizes[share.input]
    return sum(min(sizes[output], inputs) for output, inputs in by_output.items())


def peak_demand(lives: Sequence[Life], alignment: int, shares: Sequence[Share] = ()) -> Peak:
    """The step that needs most. No lives at all: step -1, 0 bytes."""
    # Demand only rises where a life begins, so those steps are the only candidates; a step in
    # which sharing ends is followed by less.
    candidates = sorted({life.first_step for life in lives})
    sound = effective(shares, lives)
    best = Peak(-1, 0)
    for step in candidates:
        alive = live_bytes(lives, step, alignment, sound)
        if alive > best.bytes:
            best = Peak(step, alive)
    return best
