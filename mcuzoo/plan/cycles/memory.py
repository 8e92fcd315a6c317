"""How many core cycles an inference waits for memory, by a simple model.

Constants: as mcuzoo/plan/place/cost.py says. Tensors in cached memory: the data cache keeps what
was touched last, in pieces of PIECE_BYTES, whatever their addresses; what a call touches that is
not there is fetched, in lines that follow each other, and what it wrote is written back when it
goes. A call touches each of its operands and its scratch memory once: what it reads again is still
there. Code: each kernel's lines are fetched once an inference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from mcuzoo.board.memory import Region
from mcuzoo.board.model import Board

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


class LineCosts:
    """Core cycles of a line of `region`, whose read speed is known.

    follows: that comes after the one before it. alone: that does not. back: that is written back.
    """

    def __init__(self, region: Region, board: Board) -> None:
        read, line = region.read, board.core.dcache_line_bytes
        assert read is not None
        per_clock = board.core.clock_hz / read.clock_hz
        self.back = line * 8 / read.bits_per_clock * per_clock
        self.alone = self.back + read.wait_clocks * per_clock
        run = max(1, (read.run_bytes or line) // line)
        self.follows = self.back + read.wait_clocks * per_clock / run


class DataCache:
    """Which pieces of memory are in the data cache; the one unused for longest goes."""

    def __init__(self, board: Board) -> None:
        self._most = board.core.dcache_bytes // PIECE_BYTES
        # By (memory, number): whether it was written; the one used last at the end.
        self._pieces: dict[tuple[str, int], bool] = {}

    def touch(self, name: str, offset: int, bytes_: int, written: bool) -> tuple[int, Counter[str]]:
        """What fetching `bytes_` bytes at `offset` of the memory `name` takes: pieces fetched, and
        by memory those that are written back."""
        fetched, back = 0, Counter[str]()
        for number in range(offset // PIECE_BYTES, -(-(offset + bytes_) // PIECE_BYTES)):
            dirty = self._pieces.pop((name, number), None)
            if dirty is None:
                fetched += 1
                if len(self._pieces) == self._most:
                    oldest = next(iter(self._pieces))
                    if self._pieces.pop(oldest):
                        back[oldest[0]] += 1
            self._pieces[name, number] = written or bool(dirty)
        return fetched, back


class TensorWaits:
    """Waits for tensors, call by call. cached: the memories whose speed is known, by name."""

    def __init__(self, board: Board, cached: Iterable[Region]) -> None:
        self._costs = {region.name: LineCosts(region, board) for region in cached}
        self._lines = PIECE_BYTES // board.core.dcache_line_bytes
        self._cache = DataCache(board)

    def touch(self, name: str, offset: int, bytes_: int, written: bool) -> Waits:
        """Cycles by memory for `bytes_` at `offset` of the memory `name`."""
        if name not in self._costs:
            return {}
        fetched, back = self._cache.touch(name, offset, bytes_, written)
        cycles = fetched * self._lines * self._costs[name].follows
        waits = {
            other: pieces * self._lines * self._costs[other].back for other, pieces in back.items()
        }
        return summed([waits, {name: cycles}])

    def pass_by(self, symbol: str, name: str, bytes_: int) -> None:
        """A constant of the memory `name` goes through the cache; its own waits are not counted."""
        if name in self._costs:
            self._cache.touch(symbol, 0, bytes_, written=False)
