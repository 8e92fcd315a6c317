"""The bytes of the board's memories; they outlive a reset."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Iterable

from mcuzoo.board.memory import Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.emulator.boot_rom import FlashImage
from mcuzoo.emulator.engine import Engine
from mcuzoo.emulator.mpu import ALL, Permission, Span

_ERASED = b"\xff"
# Memory has no defined content at power-up; zeros would hide what a start-up code forgets.
_POWER_UP = b"\xa5"
_FILL_BYTES = 1 << 20
_LARGE_BYTES = 8 << 20
_MAP_FIXED = 0x10  # Linux, <asm-generic/mman-common.h>


class Memory:
    """One region. Flash is erased at first, RAM holds what no program expects."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self._bytes = mmap.mmap(-1, region.size)
        self._mapped: list[tuple[int, int]] = []
        self._filled = False
        if region.initialized:
            self._fill()

    def _fill(self) -> None:
        """Fill the memory as at power-up; a large memory that is off is filled once it is on."""
        self._filled = True
        kind = _ERASED if self.region.kind is RegionKind.FLASH else _POWER_UP
        fill = kind * _FILL_BYTES
        if self.region.size >= _LARGE_BYTES and _repeated(self._bytes, fill):
            return
        for start in range(0, self.region.size, _FILL_BYTES):
            size = min(_FILL_BYTES, self.region.size - start)
            self._bytes[start : start + size] = fill[:size]

    def load(self, offset: int, content: bytes) -> None:
        """Program `content` at `offset`."""
        self._bytes[offset : offset + len(content)] = content

    def map(self, engine: Engine, permissions: Iterable[tuple[Span, Permission]]) -> None:
        """Map the region in `engine` with these permissions, which replace earlier ones."""
        for base, size in self._mapped:
            engine.unmap(base, size)
        self._mapped = []
        if not self._filled:
            self._fill()
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._bytes))
        for (start, end), permission in permissions:
            if not permission.read:
                continue
            engine.map_memory(
                start,
                end - start,
                address + start - self.region.base,
                write=permission.write and self.region.writable,
                execute=permission.execute,
            )
            self._mapped.append((start, end - start))

    def detach(self) -> None:
        """Forget an engine that has ended."""
        self._mapped = []

    def map_fully(self, engine: Engine) -> None:
        """Map the whole region in an engine that does not have it yet."""
        self.map(engine, [((self.region.base, self.region.end), ALL)])


def _repeated(memory: mmap.mmap, block: bytes) -> bool:
    """Let all of `memory` be `block`, again and again, of which a page is copied when it is written
    to: most of a large memory never is. False where the system has no such thing."""
    if sys.platform != "linux":
        return False
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call = ctypes.CDLL(None).mmap
    call.restype = ctypes.c_void_p
    call.argtypes = (
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long
    )  # fmt: skip
    rights, way = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | _MAP_FIXED
    file = os.memfd_create("mcuzoo")
    try:
        os.write(file, block)
        return all(
            call(start, min(len(block), address + len(memory) - start), rights, way, file, 0)
            == start
            for start in range(address, address + len(memory), len(block))
        )
    finally:
        os.close(file)


def make_memories(board: Board, image: FlashImage) -> tuple[Memory, ...]:
    """The memories that are usable when the boot ROM has done its work, or can be started; `image`
    is in the flash."""
    startable = {need.region for need in board.emulator.memory_needs}
    memories = tuple(
        Memory(region) for region in board.regions if region.initialized or region.name in startable
    )
    for memory in memories:
        if memory.region.name == board.flash.region:
            memory.load(image.offset, image.content)
    return memories
