"""The memory of the emulated program: its segments, heap, stack and what it maps."""

from __future__ import annotations

import struct

from mcuzoo.emulator.linux.core import PAGE, Core
from mcuzoo.emulator.linux.elf import Program

_STACK_TOP, _STACK_BYTES = 0x7F_0000_0000, 8 << 20
_MAPPINGS, _MAPPINGS_BYTES = 0x40_0000_0000, 256 << 20
_HEAP_BYTES = 64 << 20
_GAP = 16 * PAGE
_NAME = b"/proc/self/exe"

_AT_PHDR, _AT_PHENT, _AT_PHNUM, _AT_PAGESZ, _AT_ENTRY = 3, 4, 5, 6, 9
_AT_UID, _AT_EUID, _AT_GID, _AT_EGID, _AT_HWCAP, _AT_SECURE, _AT_RANDOM = 11, 12, 13, 14, 16, 23, 25
_FP_AND_NEON = 3
_HEADER_BYTES = 56
AT_EMULATED = 0x4D5A_0001
"""What the program sees of being emulated, see firmware/port/linux/mz_linux_agent.h."""


def _up(value: int) -> int:
    return -(-value // PAGE) * PAGE


class Memory:
    """Maps `program` on `core`. unit: what MZ_COUNT_CLOCK counts in (link.counts.CountUnit)."""

    def __init__(self, core: Core, program: Program, unit: int) -> None:
        self._core = core
        self._map_segments(program)
        self._heap = _up(program.segments[-1].end) + _GAP
        self._heap_end = self._heap_mapped = self._heap
        self._next = _MAPPINGS
        core.map(_STACK_TOP - _STACK_BYTES, _STACK_BYTES)
        core.start_at(program.entry, self._first_stack(program, unit))

    def move_heap(self, wanted: int) -> int:
        """brk(2): the end of the heap, which is `wanted` if that can be."""
        if not self._heap <= wanted <= self._heap + _HEAP_BYTES:
            return self._heap_end
        if _up(wanted) > self._heap_mapped:
            self._core.map(self._heap_mapped, _up(wanted) - self._heap_mapped)
            self._heap_mapped = _up(wanted)
        self._heap_end = wanted
        return wanted

    def allocate(self, size: int) -> int | None:
        """An anonymous mapping of at least `size` bytes; None if there is no more room."""
        size = _up(size)
        if not 0 < size <= _MAPPINGS + _MAPPINGS_BYTES - self._next:
            return None
        place = self._next
        self._core.map(place, size)
        self._next += size + PAGE
        return place

    def _map_segments(self, program: Program) -> None:
        """Page by page: a page that two segments share may do what either may."""
        pages: dict[int, tuple[bool, bool]] = {}
        for segment in program.segments:
            for page in range(segment.address // PAGE, _up(segment.end) // PAGE):
                write, execute = pages.get(page, (False, False))
                pages[page] = (write or segment.write, execute or segment.execute)
        begin: int | None = None
        for page in sorted(pages):
            if begin is None:
                begin = page
            if pages.get(page + 1) != pages[page]:
                write, execute = pages[page]
                size = (page + 1 - begin) * PAGE
                self._core.map(begin * PAGE, size, write=write, execute=execute)
                begin = None
        for segment in program.segments:
            self._core.write(segment.address, segment.content)

    def _first_stack(self, program: Program, unit: int) -> int:
        """What execve(2) leaves there: arguments, no environment, auxiliary vector. The agent is
        told to serve its standard input and output."""
        texts = (_NAME, b"--stdio")
        at = _STACK_TOP - PAGE
        random = at
        self._core.write(random, bytes(range(1, 17)))
        at += 16
        places = []
        for text in texts:
            places.append(at)
            self._core.write(at, text + b"\0")
            at += len(text) + 1
        auxiliary = (
            (_AT_PHDR, program.headers),
            (_AT_PHENT, _HEADER_BYTES),
            (_AT_PHNUM, program.header_count),
            (_AT_PAGESZ, PAGE),
            (_AT_ENTRY, program.entry),
            *((identity, 0) for identity in (_AT_UID, _AT_EUID, _AT_GID, _AT_EGID, _AT_SECURE)),
            (_AT_HWCAP, _FP_AND_NEON),
            (_AT_RANDOM, random),
            (AT_EMULATED, unit),
            (0, 0),
        )
        words = [len(places), *places, 0, 0, *(word for pair in auxiliary for word in pair)]
        stack = (random - 8 * len(words)) & ~0xF
        self._core.write(stack, struct.pack(f"<{len(words)}Q", *words))
        return stack
