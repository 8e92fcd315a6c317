"""Small programs for the emulated Linux board, put together by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence

BASE, DATA = 0x400000, 0x600000
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_FIRST = _HEADER.size + 2 * _SEGMENT.size
CODE = BASE + _FIRST
"""The address of the first instruction."""

SVC, SPIN, UNDEFINED = 0xD4000001, 0x14000000, 0x00000000
LDR_X0_X1, STR_X0_X1, BR_X1, MOV_X0_FROM_X1 = 0xF9400020, 0xF9000020, 0xD61F0020, 0xAA0103E0


def put(register: int, value: int) -> list[int]:
    """Instructions that put `value` into x<register>."""
    parts = [(value >> 16 * part & 0xFFFF, part) for part in range(4)]
    movz = 0xD2800000 | parts[0][0] << 5 | register
    rest = [0xF2800000 | part << 21 | bits << 5 | register for bits, part in parts[1:] if bits]
    return [movz, *rest]


def call(number: int, *arguments: int) -> list[int]:
    """Instructions of a system call."""
    words = [word for place, value in enumerate(arguments) for word in put(place, value)]
    return [*words, *put(8, number), SVC]


def exit_with_x0() -> list[int]:
    return [*put(8, 93), SVC]


def program(instructions: Sequence[int], data: bytes = b"") -> bytes:
    """An ELF file: code that may be executed, and at DATA a page that may be written."""
    code = struct.pack(f"<{len(instructions)}I", *instructions)
    size = _FIRST + len(code)
    identity = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = _HEADER.pack(
        identity, 2, 183, 1, CODE, _HEADER.size, 0, 0, _HEADER.size, _SEGMENT.size, 2, 64, 0, 0
    )
    text = _SEGMENT.pack(1, 5, 0, BASE, BASE, size, size, 0x1000)
    rest = _SEGMENT.pack(1, 6, size, DATA, DATA, len(data), 0x1000, 0x1000)
    return header + text + rest + code + data
