"""A small writer for FlatBuffers: a tree of nodes becomes bytes, every offset pointing forward.

Layout as in flatbuffer.py. A node is written after the nodes that refer to it, the root first. So
nodes may also refer to tables of an older file that is appended behind (Foreign). Vtables that are
alike are written once.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class Scalar(NamedTuple):
    """A number stored in its table; `layout` is a struct letter such as "i"."""

    layout: str
    value: int | float | bool


@dataclass(frozen=True)
class Bytes:
    """A vector of `count` elements; `content` is little-endian and starts at a multiple of
    `alignment` (a power of two)."""

    content: bytes
    count: int
    alignment: int = 4


@dataclass(frozen=True)
class Text:
    """A string."""

    value: str


@dataclass(frozen=True)
class Nodes:
    """A vector of offsets."""

    items: Sequence[Node]


@dataclass(frozen=True)
class TableNode:
    """A table: its fields by slot. Each node belongs in one place of the tree."""

    fields: Mapping[int, Scalar | Node]


@dataclass(frozen=True)
class Foreign:
    """A reference to byte `position` of the appended file."""

    position: int


Node: TypeAlias = Bytes | Text | Nodes | TableNode | Foreign

_OFFSET = struct.Struct("<I")
_APPENDED_ALIGNMENT = 64


def build_flatbuffer(root: TableNode, identifier: bytes, appended: bytes = b"") -> bytes:
    """The file whose root is `root`; `identifier` is its mark of four bytes.

    appended: an older file whose parts Foreign nodes refer to. It starts at a multiple of 64, so
    that what was aligned in it stays so.
    """
    writer = _Writer(bytearray(_OFFSET.size) + identifier)
    writer.refer(0, root)
    while writer.pending:
        place, node = writer.pending.popleft()
        writer.resolve(place, writer.write(node))
    writer.pad(_APPENDED_ALIGNMENT if appended else 4)
    base = len(writer.out)
    for place, position in writer.foreign:
        writer.resolve(place, base + position)
    return bytes(writer.out) + appended


@dataclass
class _Writer:
    """out: the file so far. pending: nodes that are not written yet, and where their offsets go.
    foreign: places of offsets, and positions in the appended file. vtables: where each is that was
    written.
    """

    out: bytearray
    pending: deque[tuple[int, Node]] = field(default_factory=deque)
    foreign: list[tuple[int, int]] = field(default_factory=list)
    vtables: dict[bytes, int] = field(default_factory=dict)

    def refer(self, place: int, node: Node) -> None:
        """Make the offset at `place` point to `node`, which is written later."""
        if isinstance(node, Foreign):
            self.foreign.append((place, node.position))
        else:
            self.pending.append((place, node))

    def resolve(self, place: int, target: int) -> None:
        _OFFSET.pack_into(self.out, place, target - place)

    def pad(self, alignment: int, ahead: int = 0) -> None:
        """Fill up so that `ahead` bytes further on stands at a multiple of `alignment`."""
        self.out.extend(bytes(-(len(self.out) + ahead) % alignment))

    def write(self, node: Node) -> int:
        """Append `node`; its position."""
        if isinstance(node, TableNode):
            return self._table(node)
        if isinstance(node, Nodes):
            return self._nodes(node)
        if isinstance(node, Text):
            content = node.value.encode()
            return self._vector(Bytes(content + b"\0", len(content), 1))
        assert isinstance(node, Bytes)
        return self._vector(node)

    def _vector(self, node: Bytes) -> int:
        self.pad(max(node.alignment, _OFFSET.size), ahead=_OFFSET.size)
        position = len(self.out)
        self.out += _OFFSET.pack(node.count) + node.content
        return position

    def _nodes(self, node: Nodes) -> int:
        self.pad(_OFFSET.size)
        position = len(self.out)
        self.out += _OFFSET.pack(len(node.items)) + bytes(_OFFSET.size * len(node.items))
        for number, item in enumerate(node.items):
            self.refer(position + _OFFSET.size * (1 + number), item)
        return position

    def _table(self, node: TableNode) -> int:
        places, size = _places(node.fields)
        slots = max(node.fields, default=-1) + 1
        entries = [places.get(slot, 0) for slot in range(slots)]
        vtable = struct.pack(f"<{2 + slots}H", 4 + 2 * slots, size, *entries)
        if vtable not in self.vtables:
            self.pad(2)
            self.vtables[vtable] = len(self.out)
            self.out += vtable
        self.pad(max((_size(value) for value in node.fields.values()), default=4))
        self.pad(4)
        position = len(self.out)
        self.out += struct.pack("<i", position - self.vtables[vtable]) + bytes(size - 4)
        for slot, value in node.fields.items():
            place = position + places[slot]
            if isinstance(value, Scalar):
                struct.pack_into("<" + value.layout, self.out, place, value.value)
            else:
                self.refer(place, value)
        return position


def _places(fields: Mapping[int, Scalar | Node]) -> tuple[dict[int, int], int]:
    """Where each field stands in its table, the widest first, and the table's size in bytes."""
    places: dict[int, int] = {}
    end = 4
    for slot in sorted(fields, key=lambda slot: (-_size(fields[slot]), slot)):
        size = _size(fields[slot])
        end += -end % size
        places[slot] = end
        end += size
    return places, end


def _size(value: Scalar | Node) -> int:
    return struct.calcsize("<" + value.layout) if isinstance(value, Scalar) else _OFFSET.size
