"""How many core cycles an inference waits for its constants: an estimate, not a measurement.

By it constants are placed, and an inference's time is predicted. The rates are the board file's
peaks, computed from clocks and bus widths, or those that `calibrate` measured. Waiting is on top of
the instructions, and as if nothing was computed meanwhile. It does not know of the bus fabric, of
other bus masters, of DMA.

A call goes through its constants in passes, and through its scratch memory in rounds: strips of
rows, or bands of a chain. Both are fetched once where all that is touched between two passes, or
two rounds, stays in the cache; each time, where it is much more than that; and ever more often
between (`refetched`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcuzoo.board.memory import Region
from mcuzoo.board.model import Board
from mcuzoo.plan.place.traffic import ConstantUse, Reading

_STAYS, _GOES = 0.75, 1.25
"""What is touched in turns, in parts of the cache: so much stays, and of so much nothing does. A
cache of four ways loses some before it is full."""


def refetched(touched_bytes: float, board: Board) -> float:
    """The share of `touched_bytes`, touched in turns, that is fetched anew at each turn."""
    share = touched_bytes / board.core.dcache_bytes
    return min(1.0, max(0.0, (share - _STAYS) / (_GOES - _STAYS)))


class LineCosts:
    """Core cycles of a line of `region`; 0 where its read speed is not known or it is not cached.

    follows: that comes after the one before it. alone: that does not. back: that is written back.
    """

    def __init__(self, region: Region, board: Board) -> None:
        read, line = region.read, board.core.dcache_line_bytes
        self.follows = self.alone = self.back = 0.0
        if read is not None and region.cacheable:
            cost = read.line_cycles(board.core.clock_hz, line)
            self.back = cost.transfer
            self.alone = cost.transfer + cost.wait
            self.follows = cost.transfer + cost.wait / cost.run_lines


@dataclass(frozen=True)
class Turns:
    """How a call goes through what it reads again and again.

    rounds: over its scratch memory. scratch_anew: the share of it that is fetched at each round.
    round_anew: the share of constants that is fetched at each round. pass_anew: the same, at each
    pass within a round.
    """

    rounds: int
    scratch_anew: float
    round_anew: float
    pass_anew: float

    @classmethod
    def of(cls, reading: Reading, activation_bytes: int, scratch_bytes: int, board: Board) -> Turns:
        """activation_bytes, scratch_bytes: of the call's operands and its scratch memory, as far as
        they go through the cache."""
        rounds, held = reading.rounds, reading.held_bytes
        return cls(
            rounds,
            refetched(scratch_bytes + activation_bytes / rounds, board),
            refetched(scratch_bytes + held + activation_bytes / rounds, board),
            refetched(held + activation_bytes / max(reading.most_passes, 1), board),
        )

    def fetches(self, passes: int) -> float:
        """How often an array is fetched that the call goes through so often."""
        rounds = min(self.rounds, passes)
        return 1 + (rounds - 1) * self.round_anew + (passes - rounds) * self.pass_anew


def array_cycles(use: ConstantUse, region: Region, turns: Turns, board: Board) -> float:
    """Core cycles of waiting per inference for an array in `region`; 0 where its read speed is not
    known.

    Nothing stays in the cache between inferences, because a model is larger than it. What no cache
    serves waits at every access; a tightly coupled memory for its `wait_clocks` alone.
    """
    read = region.read
    if read is None:
        return 0.0
    if region.cacheable and not region.tightly_coupled:
        costs = LineCosts(region, board)
        lines = -(-use.bytes // board.core.dcache_line_bytes)
        # The first one follows nothing.
        line = costs.alone if use.reading.apart else costs.follows
        return (lines * line + costs.alone - line) * turns.fetches(use.passes)
    access_bytes = max(1, read.bits_per_clock // 8)
    clocks = -(-use.bytes // access_bytes) * (read.wait_clocks + (not region.tightly_coupled))
    return use.passes * clocks * board.core.clock_hz / read.clock_hz


def wait_seconds(region: Region, use: ConstantUse, board: Board, arena: Iterable[str]) -> float:
    """Seconds of waiting per inference for `use` in `region`. arena: the memories of the arena;
    operands and scratch memory go through the cache where one of them is cached."""
    cached = any(board.region(name).cacheable for name in arena)
    cycles = 0.0
    for part in use.parts:
        reading = part.reading
        sizes = (reading.operand_bytes, reading.scratch_bytes) if cached else (0, 0)
        cycles += array_cycles(part, region, Turns.of(reading, *sizes, board), board)
    return cycles / board.core.clock_hz
