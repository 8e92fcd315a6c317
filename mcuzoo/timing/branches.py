"""How often a branch goes another way than predicted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Predictor:
    """A counter of `bits` bits for each branch and each way that the last `history` branches went:
    up when it is taken, down when it is not; it is predicted as taken from the middle up. It begins
    below the middle. Counters are never shared: a real predictor has only so many."""

    def __init__(self, bits: int, history: int) -> None:
        self._top = (1 << bits) - 1
        self._middle = 1 << (bits - 1)
        self._history = history
        self._last = np.zeros(history, np.bool_)
        self._counters: dict[int, int] = {}

    def wrong(self, branches: NDArray[np.int64], taken: NDArray[np.bool_]) -> int:
        """How many of the outcomes `taken`, bool (events,), are predicted wrongly.

        branches: whose they are, int64 (events,): addresses, in the order of execution.
        """
        if not taken.size:
            return 0
        keys = branches << self._history | self._before(taken)
        order = np.argsort(keys, kind="stable")
        keys, outcomes = keys[order], taken[order]
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        ends = np.append(starts[1:], keys.size)
        return sum(
            self._of_one(int(keys[start]), outcomes[start:end])
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        )

    def _before(self, taken: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The last outcomes before each of `taken`, as bits."""
        history = self._history
        known = np.concatenate((self._last, taken))
        self._last = known[known.size - history :]
        before = np.zeros(taken.size, np.int64)
        for ago in range(1, history + 1):
            first = history - ago
            before |= known[first : first + taken.size].astype(np.int64) << (ago - 1)
        return before

    def _of_one(self, key: int, taken: NDArray[np.bool_]) -> int:
        edges = np.flatnonzero(np.diff(taken)) + 1
        starts = np.concatenate(([0], edges))
        lengths = np.diff(np.concatenate((starts, [taken.size])))
        counter = self._counters.get(key, self._middle - 1)
        wrong = 0
        for way, length in zip(taken[starts].tolist(), lengths.tolist(), strict=True):
            if way:
                wrong += min(length, max(0, self._middle - counter))
                counter = min(self._top, counter + length)
            else:
                wrong += min(length, max(0, counter - self._middle + 1))
                counter = max(0, counter - length)
        self._counters[key] = counter
        return wrong
