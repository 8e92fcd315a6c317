"""A static ELF64 program for AArch64 in an untrusted file: what is loaded, and its names."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from mcuzoo.errors import InputError

_IDENTITY = b"\x7fELF\x02\x01\x01"
_EXECUTABLE, _AARCH64 = 2, 183
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_LOAD, _INTERPRETER = 1, 3
_SYMBOL_TABLE = 2
_FUNCTION = 2
_MOST_SEGMENTS, _MOST_SECTIONS, _MOST_SYMBOLS = 64, 4096, 1 << 18
_LOWEST, _HIGHEST = 0x1000, 1 << 38
MOST_BYTES = 1 << 30
"""Of the file, and of its memory."""
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Segment:
    """Memory of the program: `size` bytes at `address`, which begin with `content`. The rest is
    zero. write, execute: what it may be used for; it may always be read."""

    address: int
    size: int
    content: bytes
    write: bool
    execute: bool

    @property
    def end(self) -> int:
        return self.address + self.size


class Program:
    """segments: by address, they do not overlap. entry: where it starts. headers: the address of
    its program headers in memory, 0 if they are not there; header_count: how many.

    Raises InputError for a file that is no such program.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self._content = content
        self._name = name
        if len(content) > MOST_BYTES:
            raise self._unsound(f"it has more than {MOST_BYTES:,} bytes")
        head = self._unpack(_HEADER, 0, "header")
        if not head[0].startswith(_IDENTITY):
            raise self._unsound("it is no ELF file of 64 bits, little-endian")
        if head[1] != _EXECUTABLE or head[2] != _AARCH64:
            raise self._unsound("it is no static program for AArch64")
        self.entry: int = head[4]
        self.header_count: int = head[10]
        self._sections = (head[6], head[12])
        self.segments = self._read_segments(head[5], head[9])
        first = next((one for one in self.segments if one.end > one.address), None)
        inside = any(one.execute and one.address <= self.entry < one.end for one in self.segments)
        if first is None or not inside:
            raise self._unsound("its entry is in no code")
        self.headers = self._headers_at(head[5])

    def name_of(self, address: int) -> str:
        """`function+offset`, or "" where no function is known."""
        starts = [start for start, _, _ in self._functions]
        found = bisect_right(starts, address) - 1
        if found < 0:
            return ""
        start, size, name = self._functions[found]
        return f"{name}+{address - start:#x}" if address < start + max(size, 1) else ""

    def _unsound(self, why: str) -> InputError:
        return InputError(
            f"{self._name} cannot be started on the emulated Linux board: {why}.",
            "mcuzoo build PROJECT makes the program again.",
        )

    def _unpack(self, kind: struct.Struct, at: int, what: str) -> tuple[Any, ...]:
        if at < 0 or at + kind.size > len(self._content):
            raise self._unsound(f"its {what} is beyond the file's end")
        return kind.unpack_from(self._content, at)

    def _read_segments(self, offset: int, size: int) -> tuple[Segment, ...]:
        if size != _SEGMENT.size or not 0 < self.header_count <= _MOST_SEGMENTS:
            raise self._unsound("its program headers have another size or number")
        self._loads: list[tuple[int, int, int]] = []
        found = []
        for index in range(self.header_count):
            kind, flags, at, address, _, file_bytes, memory_bytes, _ = self._unpack(
                _SEGMENT, offset + index * size, "program header"
            )
            if kind == _INTERPRETER:
                raise self._unsound("it is not linked statically")
            if kind != _LOAD or memory_bytes == 0:
                continue
            if at + file_bytes > len(self._content) or file_bytes > memory_bytes:
                raise self._unsound("a segment is beyond the file's end")
            if address < _LOWEST or address + memory_bytes > _HIGHEST:
                raise self._unsound(f"a segment lies at {address:#x}")
            content = self._content[at : at + file_bytes]
            found.append(Segment(address, memory_bytes, content, bool(flags & 2), bool(flags & 1)))
            self._loads.append((at, at + file_bytes, address))
        found.sort(key=lambda one: one.address)
        if any(one.end > other.address for one, other in pairwise(found)):
            raise self._unsound("its segments overlap")
        if sum(one.size for one in found) > MOST_BYTES:
            raise self._unsound(f"its segments have more than {MOST_BYTES:,} bytes")
        return tuple(found)

    def _headers_at(self, offset: int) -> int:
        end = offset + self.header_count * _SEGMENT.size
        for begin, stop, address in self._loads:
            if begin <= offset and end <= stop:
                return address + offset - begin
        return 0

    @cached_property
    def _functions(self) -> list[tuple[int, int, str]]:
        """(address, size, name) of each function, by address. Names are for people alone: what
        cannot be read has none."""
        try:
            return sorted(self._read_functions())
        except (InputError, struct.error):
            return []

    def _read_functions(self) -> Iterator[tuple[int, int, str]]:
        offset, count = self._sections
        tables = [
            self._unpack(_SECTION, offset + index * _SECTION.size, "section header")
            for index in range(min(count, _MOST_SECTIONS))
        ]
        for table in tables:
            if table[1] != _SYMBOL_TABLE or not 0 <= table[6] < len(tables):
                continue
            names = self._content[tables[table[6]][4] :][: tables[table[6]][5]]
            entries = self._content[table[4] :][: min(table[5], _MOST_SYMBOLS * _SYMBOL.size)]
            whole = len(entries) // _SYMBOL.size * _SYMBOL.size
            for name, info, _, _, value, size in _SYMBOL.iter_unpack(entries[:whole]):
                if info & 0xF == _FUNCTION and name < len(names):
                    text = names[name : name + _LONGEST_NAME].partition(b"\0")[0]
                    yield value, size, text.decode("ascii", "replace")
