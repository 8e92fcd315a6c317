"""How many bytes are alive at each step: the least that any plan without in-place steps needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcuzoo.plan.lifetimes import Life


@dataclass(frozen=True)
class Peak:
    """The step with the most bytes alive (the first of equals), and how many."""

    step: int
    bytes: int


def align_up(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment


def live_bytes(lives: Iterable[Life], step: int, alignment: int) -> int:
    """Bytes alive at `step`, each buffer rounded up to `alignment`."""
    return sum(
        align_up(life.bytes, alignment)
        for life in lives
        if life.first_step <= step <= life.last_step
    )


def peak_demand(lives: Sequence[Life], alignment: int) -> Peak:
    """The step that needs most. No lives at all: step -1, 0 bytes."""
    # Demand only rises where a life begins, so those steps are the only candidates.
    candidates = sorted({life.first_step for life in lives})
    best = Peak(-1, 0)
    for step in candidates:
        alive = live_bytes(lives, step, alignment)
        if alive > best.bytes:
            best = Peak(step, alive)
    return best
