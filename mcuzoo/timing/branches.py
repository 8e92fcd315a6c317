"""How often a branch goes another way than predicted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Predictor:
    """A counter of `bits` bits for each branch: up when it is taken, down when it is not; a branch
    is predicted as taken from the middle up. It begins below the middle."""

    def __init__(self, bits: int) -> None:
        self._top = (1 << bits) - 1
        self._middle = 1 << (bits - 1)
        self._counters: dict[int, int] = {}

    def wrong(self, branch: int, taken: NDArray[np.bool_]) -> int:
        """How many of the outcomes `taken`, bool (events,), of `branch` are predicted wrongly."""
        if not taken.size:
            return 0
        edges = np.flatnonzero(np.diff(taken)) + 1
        starts = np.concatenate(([0], edges))
        lengths = np.diff(np.concatenate((starts, [taken.size])))
        counter = self._counters.get(branch, self._middle - 1)
        wrong = 0
        for way, length in zip(taken[starts].tolist(), lengths.tolist(), strict=True):
            if way:
                wrong += min(length, max(0, self._middle - counter))
                counter = min(self._top, counter + length)
            else:
                wrong += min(length, max(0, counter - self._middle + 1))
                counter = max(0, counter - length)
        self._counters[branch] = counter
        return wrong
