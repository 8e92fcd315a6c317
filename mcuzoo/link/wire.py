"""Field kinds of link messages: how each is packed, unpacked and spelled in C.

All numbers are little-endian. A message is its fields one after another, without padding.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Protocol

from mcuzoo.project.manifest import TensorSpec

MAX_RANK = 4
# Keeps the largest message, HELLO_REPLY, within MAX_PAYLOAD_BYTES. Longer texts of older boards are
# read as they are.
MAX_TEXT_BYTES = 112

# TFLite's TensorType values (schema.fbs, enum TensorType), as the firmware's mz_dtype has them.
DTYPE_NAMES = {0: "float32", 3: "uint8", 9: "int8"}
_DTYPE_CODES = {name: code for code, name in DTYPE_NAMES.items()}


class PayloadError(ValueError):
    """A payload that ends early or holds a value that its field does not allow."""


class Cursor:
    """Reads a payload front to back."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._position = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises PayloadError when there are fewer."""
        end = self._position + count
        if end > len(self._payload):
            raise PayloadError(f"payload of {len(self._payload)} bytes ends before byte {end}")
        taken = self._payload[self._position : end]
        self._position = end
        return taken

    @property
    def at_end(self) -> bool:
        return self._position == len(self._payload)

    def rest(self) -> bytes:
        return self.take(len(self._payload) - self._position)


class Kind(Protocol):
    """One kind of field; `name` is also the suffix of mz_read_… and mz_write_… in mz_wire.h."""

    name: str
    c_declaration: str

    def pack(self, value: Any) -> bytes: ...

    def unpack(self, cursor: Cursor) -> Any: ...


@dataclass(frozen=True)
class Number:
    """A number. c_declaration: with {} for the field's name. format: of `struct`."""

    name: str
    c_declaration: str
    format: str

    def pack(self, value: Any) -> bytes:
        return struct.pack(self.format, value)

    def unpack(self, cursor: Cursor) -> Any:
        return struct.unpack(self.format, cursor.take(struct.calcsize(self.format)))[0]


@dataclass(frozen=True)
class Digest:
    """A SHA-256, 32 bytes on the wire, lower-case hex in Python.

    name: in the tables of docs/protocol.md. c_declaration: of the field in C, {} for its name.
    """

    name: str = "sha256"
    c_declaration: str = "const uint8_t *{}"

    def pack(self, value: str) -> bytes:
        return bytes.fromhex(value)

    def unpack(self, cursor: Cursor) -> str:
        return cursor.take(32).hex()


@dataclass(frozen=True)
class Text:
    """u8 length, then that many bytes of UTF-8; a longer text is cut at MAX_TEXT_BYTES.

    name, c_declaration: as Digest's.
    """

    name: str = "text"
    c_declaration: str = "const char *{}"

    def pack(self, value: str) -> bytes:
        raw = value.encode("utf-8")[:MAX_TEXT_BYTES]
        return bytes([len(raw)]) + raw

    def unpack(self, cursor: Cursor) -> str:
        return cursor.take(cursor.take(1)[0]).decode("utf-8", errors="replace")


@dataclass(frozen=True)
class Rest:
    """All bytes up to the end of the payload; always the last field.

    name, c_declaration: as Digest's.
    """

    name: str = "rest"
    c_declaration: str = "mz_span {}"

    def pack(self, value: bytes) -> bytes:
        return value

    def unpack(self, cursor: Cursor) -> bytes:
        return cursor.rest()


@dataclass(frozen=True)
class Spec:
    """A TensorSpec: dtype u8, rank u8, four dims u16 (unused: 0), scale f32, zero_point i32, bytes
    u32, name text. c_declaration: as Digest's."""

    name: str = "spec"
    c_declaration: str = "const mz_tensor_spec *{}"

    _FIXED = struct.Struct("<BB4HfiI")

    def pack(self, value: TensorSpec) -> bytes:
        dims = (*value.shape, *(0,) * (MAX_RANK - len(value.shape)))
        fixed = self._FIXED.pack(
            _DTYPE_CODES[value.dtype],
            len(value.shape),
            *dims,
            value.scale,
            value.zero_point,
            value.bytes,
        )
        return fixed + Text().pack(value.name)

    def unpack(self, cursor: Cursor) -> TensorSpec:
        dtype, rank, *dims, scale, zero_point, size_bytes = self._FIXED.unpack(
            cursor.take(self._FIXED.size)
        )
        if dtype not in DTYPE_NAMES or rank > MAX_RANK:
            raise PayloadError(f"tensor of type {dtype} and rank {rank}")
        return TensorSpec(
            name=Text().unpack(cursor),
            shape=tuple(dims[:rank]),
            dtype=DTYPE_NAMES[dtype],
            scale=scale,
            zero_point=zero_point,
            bytes=size_bytes,
        )
