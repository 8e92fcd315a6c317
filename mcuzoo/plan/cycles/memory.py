"""How many core cycles an inference waits for tensors, by a simple model.

The cache keeps what was touched last, in pieces of PIECE_BYTES, whatever their addresses. Lines
that are fetched follow each other; what was written is written back when it goes.

- A call touches its operands once: what it reads of them again is still there.
- It goes through its scratch memory in rounds (`plan/place/cost.py`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcuzoo.board.memory import Region
from mcuzoo.board.model import Board
from mcuzoo.plan.place.cost import LineCosts

PIECE_BYTES = 256

Waits = Mapping[str, float]
"""Core cycles by memory."""


def summed(parts: Iterable[Waits]) -> Waits:
    """All of them together, without memories that nothing waits for."""
    found: dict[str, float] = {}
    for waits in parts:
        for name, cycles in waits.items():
            if cycles:
                found[name] = found.get(name, 0.0) + cycles
    return found


@dataclass
class _Run:
    """Pieces `start` to `stop` of the memory `name`, the last of them used last. dirty: they
    were written."""

    name: str
    start: int
    stop: int
    dirty: bool


class DataCache:
    """Which pieces of memory are in the data cache; the one unused for longest goes."""

    def __init__(self, board: Board) -> None:
        self._most = board.core.dcache_bytes // PIECE_BYTES
        self._held = 0
        # The one used last at the end.
        self._runs: deque[_Run] = deque()

    def touch(self, name: str, offset: int, bytes_: int, written: bool) -> tuple[int, Counter[str]]:
        """What fetching `bytes_` bytes at `offset` of the memory `name` takes: pieces fetched, and
        by memory those that are written back."""
        fetched, back = 0, Counter[str]()
        at, end = offset // PIECE_BYTES, -(-(offset + bytes_) // PIECE_BYTES)
        while at < end:
            nearest = min(
                (
                    run
                    for run in self._runs
                    if run.name == name and at < run.stop and run.start < end
                ),
                key=lambda run: run.start,
                default=None,
            )
            if nearest is not None and nearest.start <= at:
                stop = min(end, nearest.stop)
                dirty = written or nearest.dirty
                self._take_out(nearest, at, stop)
                self._append(_Run(name, at, stop, dirty))
            else:
                stop = end if nearest is None else nearest.start
                fetched += stop - at
                self._held += stop - at
                self._append(_Run(name, at, stop, written))
                self._make_room(back)
            at = stop
        return fetched, back

    def _take_out(self, run: _Run, start: int, stop: int) -> None:
        """These pieces of a run, which stays where it is with the others."""
        place = self._runs.index(run)
        del self._runs[place]
        for rest in (
            _Run(run.name, stop, run.stop, run.dirty),
            _Run(run.name, run.start, start, run.dirty),
        ):
            if rest.start < rest.stop:
                self._runs.insert(place, rest)

    def _append(self, run: _Run) -> None:
        last = self._runs[-1] if self._runs else None
        if last is not None and (last.name, last.stop, last.dirty) == (
            run.name,
            run.start,
            run.dirty,
        ):
            last.stop = run.stop
        else:
            self._runs.append(run)

    def _make_room(self, back: Counter[str]) -> None:
        while self._held > self._most:
            oldest = self._runs[0]
            gone = min(self._held - self._most, oldest.stop - oldest.start)
            if oldest.dirty:
                back[oldest.name] += gone
            oldest.start += gone
            self._held -= gone
            if oldest.start == oldest.stop:
                self._runs.popleft()


class TensorWaits:
    """Waits for tensors, call by call. cached: the memories whose speed is known, by name."""

    def __init__(self, board: Board, cached: Iterable[Region]) -> None:
        self._costs = {region.name: LineCosts(region, board) for region in cached}
        self._line_bytes = board.core.dcache_line_bytes
        self._cache = DataCache(board)

    def caches(self, name: str) -> bool:
        """Whether what lies in the memory `name` goes through the cache."""
        return name in self._costs

    def touch(self, name: str, offset: int, bytes_: int, written: bool) -> Waits:
        """Cycles by memory for `bytes_` at `offset` of the memory `name`."""
        if name not in self._costs:
            return {}
        fetched, back = self._cache.touch(name, offset, bytes_, written)
        lines = PIECE_BYTES // self._line_bytes
        cycles = fetched * lines * self._costs[name].follows
        waits = {other: pieces * lines * self._costs[other].back for other, pieces in back.items()}
        return summed([waits, {name: cycles}])

    def again(self, name: str, bytes_: int, times: float) -> Waits:
        """Cycles for scratch memory that is fetched and written back so many more times."""
        if name not in self._costs:
            return {}
        costs = self._costs[name]
        return {name: times * bytes_ / self._line_bytes * (costs.follows + costs.back)}

    def pass_by(self, symbol: str, name: str, bytes_: int) -> None:
        """A constant of the memory `name` goes through the cache; its own waits are not counted."""
        if name in self._costs:
            self._cache.touch(symbol, 0, bytes_, written=False)
