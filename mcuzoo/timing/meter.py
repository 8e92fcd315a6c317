"""Modelled cycles of what an emulated core has executed: every block and every address."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.memory import LineCycles, Region
from mcuzoo.board.model import Board
from mcuzoo.timing.branches import Predictor
from mcuzoo.timing.caches import Cache
from mcuzoo.timing.cycles import Cycles
from mcuzoo.timing.decode import Decoder, Instruction
from mcuzoo.timing.pipeline import cycles_after
from mcuzoo.timing.rules import cortex_m7

_AT_MOST = 1 << 20
"""Blocks or accesses that are kept before they are counted."""


class CycleMeter:
    """Counts modelled cycles of a core on `board`.

    blocks: addresses of the blocks that have been entered. accesses: lines of cached memory that
    were read or written, as 2 * line + (1 if written). Whoever executes appends to both, calls
    `count` now and then, and reads `cycles`. read_code: gives bytes of memory.
    Raises MissingExtraError without capstone.
    """

    def __init__(self, board: Board, read_code: Callable[[int, int], bytes]) -> None:
        self._rules = cortex_m7()
        caches = self._rules.caches
        self._decoder = Decoder(self._rules)
        self._read_code = read_code
        self.line_bytes = caches.line_bytes
        self.blocks = array("I")
        self.accesses = array("I")
        self.sizes: dict[int, int] = {}
        self.cycles = Cycles()
        self._known: dict[int, tuple[int, list[Instruction]]] = {}
        self._edges: dict[tuple[int, int], float] = {}
        self._previous: int | None = None
        branches = self._rules.branches
        self._predictor = Predictor(branches.counter_bits, branches.history_bits)
        core = board.core
        self._code_cache = Cache(core.icache_bytes, caches.line_bytes, caches.instruction_ways)
        self._data_cache = Cache(core.dcache_bytes, caches.line_bytes, caches.data_ways)
        self._memories = [
            _CachedMemory(region, core.clock_hz, self.line_bytes)
            for region in board.regions
            if region.cacheable
        ]

    @property
    def cached(self) -> list[tuple[int, int]]:
        """First and last address of each memory whose accesses are to be appended."""
        return [(memory.region.base, memory.region.end - 1) for memory in self._memories]

    @property
    def full(self) -> bool:
        return len(self.blocks) >= _AT_MOST or len(self.accesses) >= _AT_MOST

    def forget(self, address: int) -> None:
        """The block at `address` is another one than before."""
        self._known.pop(address, None)
        self._edges = {edge: cost for edge, cost in self._edges.items() if address not in edge}

    def forget_code(self) -> None:
        """The code cache was invalidated."""
        self.count()
        self._code_cache.forget()

    def forget_data(self, operand: int) -> None:
        """A line of the data cache was invalidated by set and way: the others of its set go, too.
        What is written back costs nothing here."""
        if self.accesses:
            self.count()
        self._data_cache.forget_set(operand // self.line_bytes)

    def count(self) -> None:
        """Count all but the last block: it may not be at its end."""
        if len(self.blocks) > 1:
            last = self.blocks.pop()
            blocks = np.array(self.blocks, np.int64)
            self.cycles = self.cycles.plus(self._core(blocks))
            # The same array: whoever executes keeps its `append`.
            self.blocks[:] = array("I", [last])
        waits = self._data(np.array(self.accesses, np.int64))
        del self.accesses[:]
        self.cycles = self.cycles.plus(Cycles(data=waits))

    def _core(self, blocks: NDArray[np.int64]) -> Cycles:
        before = np.empty_like(blocks)
        before[1:] = blocks[:-1]
        before[0] = blocks[0] if self._previous is None else self._previous
        self._previous = int(blocks[-1])
        edges, counts = np.unique(before << 32 | blocks, return_counts=True)
        issue = sum(
            self._edge(int(edge) >> 32, int(edge) & 0xFFFF_FFFF) * int(count)
            for edge, count in zip(edges, counts, strict=True)
        )
        wrong = self._mispredicted(before, blocks)
        return Cycles(
            issue, wrong * self._rules.branches.mispredicted_cycles, self._fetches(blocks)
        )

    def _edge(self, before: int, block: int) -> float:
        cost = self._edges.get((before, block))
        if cost is None:
            first, second = self._block(before), self._block(block)
            taken = before + self.sizes[before] != block
            cost = cycles_after(self._rules, first, second, taken=taken)
            self._edges[before, block] = cost
        return cost

    def _block(self, address: int) -> list[Instruction]:
        size = self.sizes[address]
        known = self._known.get(address)
        if known is None or known[0] != size:
            code = self._read_code(address, size)
            known = self._known[address] = size, self._decoder.decode(code, address)
        return known[1]

    def _mispredicted(self, before: NDArray[np.int64], blocks: NDArray[np.int64]) -> int:
        """Wrong predictions of the branches at the ends of `before`, which led to `blocks`."""
        addresses, index = np.unique(before, return_inverse=True)
        last = [self._block(int(address))[-1:] for address in addresses]
        maybe = np.array([any(one.conditional for one in end) for end in last], np.bool_)[index]
        sizes = np.array([self.sizes[int(address)] for address in addresses], np.int64)[index]
        branches = before[maybe]
        return self._predictor.wrong(branches, blocks[maybe] != branches + sizes[maybe])

    def _fetches(self, blocks: NDArray[np.int64]) -> float:
        changes = blocks[np.flatnonzero(np.diff(blocks, prepend=-1))]
        shift = self.line_bytes.bit_length() - 1
        spans = {
            address: range(address >> shift, (address + self.sizes[address] - 1 >> shift) + 1)
            for address in set(changes.tolist())
            if self._memory(address) is not None
        }
        lines = (line for address in changes.tolist() for line in spans.get(address, ()))
        return sum(self._waits(self._code_cache.reads(lines), []).values())

    def _data(self, accesses: NDArray[np.int64]) -> dict[str, float]:
        """Waits for the data of `accesses`, by memory."""
        kept = accesses[np.flatnonzero(np.diff(accesses, prepend=-1))]
        return self._waits(*self._data_cache.accesses(kept.tolist()))

    def _waits(self, fetched: Sequence[int], back: Sequence[int]) -> dict[str, float]:
        waits: dict[str, float] = {}
        for line in fetched:
            memory = self._memory(line * self.line_bytes)
            if memory is not None:
                name = memory.region.name
                waits[name] = waits.get(name, 0.0) + memory.fetch(line)
        for line in back:
            memory = self._memory(line * self.line_bytes)
            if memory is not None:
                name = memory.region.name
                waits[name] = waits.get(name, 0.0) + memory.cost.transfer
        return waits

    def _memory(self, address: int) -> _CachedMemory | None:
        return next((one for one in self._memories if one.holds(address)), None)


class _CachedMemory:
    """What a line of a memory costs, in core cycles; nothing where its speed is not known."""

    def __init__(self, region: Region, core_clock_hz: int, line_bytes: int) -> None:
        self.region = region
        read = region.read
        self.cost = LineCycles() if read is None else read.line_cycles(core_clock_hz, line_bytes)
        self._last = -1
        self._in_run = 0

    def holds(self, address: int) -> bool:
        return self.region.base <= address < self.region.end

    def fetch(self, line: int) -> float:
        """Cycles to fetch `line`: those that follow each other wait once per run."""
        follows = line == self._last + 1 and self._in_run < self.cost.run_lines
        self._last = line
        if follows:
            self._in_run += 1
            return self.cost.transfer
        self._in_run = 1
        return self.cost.transfer + self.cost.wait
