"""How long the core waits for a memory: an estimate from the board file, not a measurement.

The rates are peaks computed from clocks and bus widths. The estimate is of waiting alone, on top of
the instructions, and as if nothing was computed meanwhile. It does not know of the bus fabric, of
code that comes from the same flash, of other bus masters, of DMA.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcuzoo.board.memory import Region
from mcuzoo.board.model import Board
from mcuzoo.plan.place.traffic import ConstantUse


@dataclass(frozen=True)
class Cache:
    """A data cache that is filled by whole lines. bytes: the part that constants may count on.
    line_bytes: of one line."""

    bytes: int
    line_bytes: int


def constants_cache(board: Board, arena_regions: Iterable[str]) -> Cache:
    """The data cache; half of it where activations go through it as well.

    Activations come and go in all sets. A TCM is not cached, so that an arena there leaves the
    cache to the constants.
    """
    shared = any(board.region(name).cacheable for name in arena_regions)
    return Cache(board.core.dcache_bytes // (2 if shared else 1), board.core.dcache_line_bytes)


def fetched_bytes(region: Region, use: ConstantUse, cache: Cache) -> int:
    """Bytes fetched from the memory per inference: once if the whole array stays in the cache from
    pass to pass, else at every pass.

    Nothing stays between inferences, because a model is larger than the cache. From a tightly
    coupled memory nothing is fetched; the core reads it directly.
    """
    if region.tightly_coupled:
        return 0
    if not region.cacheable:
        return use.passes * use.bytes
    lines = -(-use.bytes // cache.line_bytes) * cache.line_bytes
    return lines * (1 if use.together_bytes <= cache.bytes else use.passes)


def wait_seconds(region: Region, use: ConstantUse, cache: Cache) -> float:
    """Seconds of waiting per inference for `use` in `region`, whose read speed must be known.

    A pass waits `wait_clocks` before every run and then for the bits at the bus's rate. In a
    tightly coupled memory only the `wait_clocks` of each access count.
    """
    return sum(_part_wait_seconds(region, part, cache) for part in use.parts)


def _part_wait_seconds(region: Region, use: ConstantUse, cache: Cache) -> float:
    read = region.read
    assert read is not None
    access_bytes = read.bits_per_clock / 8
    if region.tightly_coupled:
        return use.passes * use.bytes / access_bytes * read.wait_clocks / read.clock_hz
    fetched = fetched_bytes(region, use, cache)
    shortest = cache.line_bytes if region.cacheable else max(1, int(access_bytes))
    passes = use.passes if fetched >= use.passes * use.bytes else 1
    runs = passes * -(-(fetched // passes) // (read.run_bytes or shortest))
    return (runs * read.wait_clocks + fetched / access_bytes) / read.clock_hz
