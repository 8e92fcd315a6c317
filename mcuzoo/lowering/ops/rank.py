"""Shapes of lower rank seen as rank 4."""

from __future__ import annotations

from collections.abc import Sequence


def rank_four(values: Sequence[int], filler: int) -> tuple[int, int, int, int]:
    """`values`, one per axis, with `filler` for the outer axes that a smaller rank lacks."""
    first, second, third, fourth = [filler] * (4 - len(values)) + list(values)
    return first, second, third, fourth
