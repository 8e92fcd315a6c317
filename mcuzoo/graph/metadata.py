"""The named byte strings that a .tflite file carries beside its graph."""

from __future__ import annotations

from collections.abc import Mapping

from mcuzoo.errors import ModelError
from mcuzoo.graph.flatbuffer import Reader, Table, damaged
from mcuzoo.graph.flatbuffer_writer import (
    Foreign,
    Node,
    Nodes,
    Scalar,
    TableNode,
    build_flatbuffer,
)
from mcuzoo.graph.schema import (
    FILE_IDENTIFIER,
    SCHEMA_VERSION,
    BufferSlot,
    MetadataSlot,
    ModelSlot,
)
from mcuzoo.graph.write import buffer_node, metadata_node

MAX_ENTRIES = 2**16
_KEPT_SLOTS = (
    ModelSlot.OPERATOR_CODES,
    ModelSlot.SUBGRAPHS,
    ModelSlot.DESCRIPTION,
    ModelSlot.METADATA_BUFFER,
    ModelSlot.SIGNATURES,
)


def read_metadata(raw: bytes) -> dict[str, bytes]:
    """The metadata of a .tflite file by name; the last of equal names counts, as in TFLM.

    Raises ModelError when the file is damaged.
    """
    root = Reader(raw).root()
    buffers = _tables(root, ModelSlot.BUFFERS, "buffers")
    found: dict[str, bytes] = {}
    for entry in _tables(root, ModelSlot.METADATA, "metadata"):
        name = entry.text(MetadataSlot.NAME, "name")
        index = int(entry.scalar(MetadataSlot.BUFFER, "<I", 0))
        if index >= len(buffers):
            raise damaged(f"metadata {name!r} refers to buffer {index} of {len(buffers)}")
        content = buffers[index].numbers(BufferSlot.DATA, "u1", "data")
        found[name] = b"" if content is None else content.tobytes()
    return found


def add_metadata(raw: bytes, entries: Mapping[str, bytes]) -> bytes:
    """`raw` with `entries` added; one of the same name is replaced.

    The old file stands unchanged, byte for byte, behind a new root table that refers into it:
    graph, constants, signatures and other metadata do not change, and aligned constants stay
    aligned. New data is aligned to 16 bytes. Raises ModelError when the file is damaged or newer
    than the schema known here.
    """
    root = Reader(raw).root()
    _require_known_fields(root)
    buffers: list[Node] = [
        Foreign(table.position) for table in _tables(root, ModelSlot.BUFFERS, "buffers")
    ]
    metadata: list[Node] = [
        Foreign(entry.position)
        for entry in _tables(root, ModelSlot.METADATA, "metadata")
        if entry.text(MetadataSlot.NAME, "name") not in entries
    ]
    for name, content in entries.items():
        metadata.append(metadata_node(name, len(buffers)))
        buffers.append(buffer_node(content))
    fields: dict[int, Scalar | Node] = {
        ModelSlot.VERSION: Scalar("I", SCHEMA_VERSION),
        ModelSlot.BUFFERS: Nodes(buffers),
        ModelSlot.METADATA: Nodes(metadata),
    }
    for slot in _KEPT_SLOTS:
        target = _target(root, slot)
        if target is not None:
            fields[slot] = Foreign(target)
    return build_flatbuffer(TableNode(fields), FILE_IDENTIFIER, appended=raw)


def _tables(root: Table, slot: int, name: str) -> list[Table]:
    return root.tables(slot, name, MAX_ENTRIES)


def _target(root: Table, slot: int) -> int | None:
    """Where the vector or string of field `slot` stands."""
    entry = 4 + 2 * slot
    if entry + 2 > root.vtable_size:
        return None
    place = int(root.reader.unpack("<H", root.vtable + entry, "the root's vtable"))
    return root.reader.follow(root.position + place, f"field {slot}") if place else None


def _require_known_fields(root: Table) -> None:
    known = range(ModelSlot.SIGNATURES + 1)
    slots = range((root.vtable_size - 4) // 2)
    if any(slot not in known and _target(root, slot) is not None for slot in slots):
        raise ModelError(
            "The model file has parts that the TFLite schema known to mcuzoo does not name.",
            "Convert the model with an older TFLite converter.",
        )
