"""A bounds-checked reader for FlatBuffers: every offset is checked before it is followed.

Layout (FlatBuffers internals document): a table starts with the signed distance back to its
vtable; the vtable holds its own size, the table's size and one uint16 per field: the field's
place in the table, 0 when absent. Vectors and strings are a uint32 count, then the elements.
All numbers are little-endian.

Nothing here trusts the file: an offset or count that points outside it raises ModelError, and a
budget on what is read in all keeps a file whose tables share one huge vector from costing more
than a few times its size.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError

DAMAGED_HINT = "Fetch or convert the file again and compare its SHA-256 with the source's."


def damaged(what: str) -> ModelError:
    return ModelError(f"The model file is damaged: {what}.", DAMAGED_HINT)


@dataclass
class Reader:
    """The bytes of one FlatBuffer. budget: how many elements may still be read.

    aligned: has every number read so far stood at a multiple of its size, as builders write it?
    Some cores cannot read others. raw: the whole file.
    """

    raw: bytes
    budget: int = field(init=False)
    aligned: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        self.budget = 8 * len(self.raw) + 4096

    def root(self) -> Table:
        return self.table(self.follow(0, "root"), "root")

    def unpack(self, layout: str, position: int, what: str) -> Any:
        size = struct.calcsize(layout)
        if position < 0 or position + size > len(self.raw):
            raise self.cut_off(f"{what} lies outside the file (offset {position})")
        self.aligned &= position % size == 0
        return struct.unpack_from(layout, self.raw, position)[0]

    def cut_off(self, what: str) -> ModelError:
        """The error for what points beyond the end."""
        return damaged(f"{what}, which has {len(self.raw):,} bytes; a cut-off download ends so")

    def follow(self, position: int, what: str) -> int:
        """The place that the forward offset at `position` points to."""
        distance = int(self.unpack("<I", position, what))
        if distance == 0:
            raise damaged(f"the offset to {what} is zero")
        return position + distance

    def spend(self, size: int, what: str) -> None:
        self.budget -= size
        if self.budget < 0:
            raise damaged(f"its tables overlap, last {what}")

    def table(self, position: int, what: str) -> Table:
        vtable = position - int(self.unpack("<i", position, what))
        vtable_size = int(self.unpack("<H", vtable, f"vtable of {what}"))
        table_size = int(self.unpack("<H", vtable + 2, f"vtable of {what}"))
        if vtable_size < 4 or vtable_size % 2 or vtable + vtable_size > len(self.raw):
            raise damaged(f"the vtable of {what} is malformed")
        if table_size < 4 or position + table_size > len(self.raw):
            raise damaged(f"the table {what} does not fit the file")
        self.spend(16, what)
        return Table(self, position, table_size, vtable, vtable_size, what)

    def vector(self, position: int, element_bytes: int, what: str) -> tuple[int, int]:
        """(first element's offset, count) of the vector at `position`."""
        count = int(self.unpack("<I", position, what))
        if count * element_bytes > len(self.raw) - position - 4:
            raise self.cut_off(f"{what} is longer than the file ({count} elements)")
        return position + 4, count


@dataclass(frozen=True)
class Table:
    """One table; `slot` is a field's number in the schema, from 0.

    position, vtable: where it and its vtable begin in the file, and their sizes, all in bytes.
    what: its name in the schema, for errors. reader: of the file. size, vtable_size: in bytes.
    """

    reader: Reader
    position: int
    size: int
    vtable: int
    vtable_size: int
    what: str

    def _place(self, slot: int, size: int) -> int | None:
        entry = 4 + 2 * slot
        if entry + 2 > self.vtable_size:
            return None
        place = int(self.reader.unpack("<H", self.vtable + entry, f"vtable of {self.what}"))
        if place == 0:
            return None
        if place < 4 or place + size > self.size:
            raise damaged(f"field {slot} lies outside its table {self.what}")
        return self.position + place

    def scalar(self, slot: int, layout: str, default: Any) -> Any:
        """A number; `layout` is a struct format such as "<i"."""
        place = self._place(slot, struct.calcsize(layout))
        return default if place is None else self.reader.unpack(layout, place, self.what)

    def _target(self, slot: int, name: str) -> int | None:
        place = self._place(slot, 4)
        return None if place is None else self.reader.follow(place, f"{self.what}.{name}")

    def table(self, slot: int, name: str) -> Table | None:
        target = self._target(slot, name)
        return None if target is None else self.reader.table(target, f"{self.what}.{name}")

    def tables(self, slot: int, name: str, limit: int) -> list[Table]:
        """A vector of tables, of at most `limit`; empty when absent."""
        what = f"{self.what}.{name}"
        target = self._target(slot, name)
        if target is None:
            return []
        first, count = self.reader.vector(target, 4, what)
        if count > limit:
            raise damaged(f"{what} holds {count} entries; more than {limit} make no sense here")
        places = (first + 4 * index for index in range(count))
        return [
            self.reader.table(self.reader.follow(place, what), f"{name}[{index}]")
            for index, place in enumerate(places)
        ]

    def numbers(self, slot: int, dtype: str, name: str) -> NDArray[Any] | None:
        """A vector of numbers, viewed in place (read-only); None when absent."""
        target = self._target(slot, name)
        if target is None:
            return None
        item = np.dtype(dtype)
        first, count = self.reader.vector(target, item.itemsize, f"{self.what}.{name}")
        self.reader.aligned &= count == 0 or first % item.itemsize == 0
        return np.frombuffer(self.reader.raw, dtype=item, count=count, offset=first)

    def integers(self, slot: int, name: str) -> tuple[int, ...]:
        """A vector of int32 as Python ints; empty when absent."""
        values = self.numbers(slot, "<i4", name)
        if values is None:
            return ()
        self.reader.spend(values.nbytes, f"{self.what}.{name}")
        return tuple(values.tolist())

    def text(self, slot: int, name: str) -> str:
        """A string; bytes that are no UTF-8 are replaced. Empty when absent."""
        values = self.numbers(slot, "u1", name)
        if values is None:
            return ""
        self.reader.spend(values.nbytes, f"{self.what}.{name}")
        return values.tobytes().decode("utf-8", errors="replace")
