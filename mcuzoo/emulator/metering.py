"""What the engine tells a cycle model of what it executes."""

from __future__ import annotations

from array import array
from typing import Protocol

from mcuzoo.emulator.block_counter import BlockHook


class Meter(Protocol):
    """Gets the blocks and the lines of cached memory that a counted run goes through; it is
    mcuzoo.timing.meter.CycleMeter.

    blocks: addresses, as they are entered. accesses: 2 * line + (1 if written). sizes: bytes of
    each block, by address. line_bytes: of a line.
    """

    blocks: array[int]
    accesses: array[int]
    sizes: dict[int, int]
    line_bytes: int

    @property
    def cached(self) -> list[tuple[int, int]]: ...

    @property
    def full(self) -> bool: ...

    def count(self) -> None: ...

    def forget(self, address: int) -> None: ...


def metered(on_block: BlockHook, meter: Meter) -> BlockHook:
    """`on_block`, and what `meter` wants to know."""
    append, sizes = meter.blocks.append, meter.sizes

    def on_metered(handle: object, address: int, size: int, key: object) -> None:
        on_block(handle, address, size, key)
        if sizes.get(address) != size:
            if address in sizes:
                meter.count()
                meter.forget(address)
            sizes[address] = size
        append(address)
        if meter.full:
            meter.count()

    return on_metered
