"""The smallest arena that works, found by trying."""

from __future__ import annotations

from collections.abc import Callable

STEP_BYTES = 16
"""Arenas are reserved in multiples of this, and buffers are aligned to it."""


def smallest_working(works: Callable[[int], bool], expected: int, most: int) -> int | None:
    """The least size in bytes, at most `most`, for which `works`; None when `most` does not.

    Starts at `expected`, so that a good expectation costs few trials. Of sizes that are multiples
    of STEP_BYTES a larger one is taken to work whenever a smaller one does; of those between the
    last two steps every one is tried, since what alignment costs depends on the size's remainder.
    """
    size = _whole_steps(works, expected, most)
    if size is None:
        return None
    between = range(max(1, size - STEP_BYTES + 1), size)
    return next((smaller for smaller in between if works(smaller)), size)


def _whole_steps(works: Callable[[int], bool], expected: int, most: int) -> int | None:
    """The least working multiple of STEP_BYTES, or `most` when only that works."""
    steps = most // STEP_BYTES
    if steps == 0:
        return most if most and works(most) else None
    known = min(max(1, -(-expected // STEP_BYTES)), steps)
    stride = 1
    if works(known * STEP_BYTES):
        good = known
        while good > 1 and works(max(1, good - stride) * STEP_BYTES):
            good = max(1, good - stride)
            stride *= 2
        bad = max(0, good - stride)
    else:
        bad = known
        good = min(steps, known + stride)
        while not works(good * STEP_BYTES):
            if good == steps:
                return most if most % STEP_BYTES and works(most) else None
            bad = good
            stride *= 2
            good = min(steps, good + stride)
    while good - bad > 1:
        middle = (good + bad) // 2
        if works(middle * STEP_BYTES):
            good = middle
        else:
            bad = middle
    return good * STEP_BYTES
