"""What TFLite metadata say of pictures and labels; the file is untrusted."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
from helpers.examples import examples
from helpers.small_net import small_net
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.graph.flatbuffer_writer import (
    Bytes,
    Node,
    Nodes,
    Scalar,
    TableNode,
    Text,
    build_flatbuffer,
)
from mcuzoo.graph.image_metadata import METADATA_NAME, ImageMetadata, read_image_metadata
from mcuzoo.graph.metadata import add_metadata

SMALL = small_net()


def floats(*values: float) -> Bytes:
    return Bytes(struct.pack(f"<{len(values)}f", *values), len(values))


def described(
    mean: Sequence[float] = (127.5,),
    std: Sequence[float] = (127.5,),
    color: int = 1,
    files: Sequence[tuple[str, int, str]] = (("labels.txt", 2, ""),),
) -> bytes:
    """The flatbuffer that TensorFlow Lite Support writes, in the slots of its schema."""
    image = TableNode({0: Scalar("b", color)})
    normalization = TableNode({0: floats(*mean), 1: floats(*std)})
    tensor: dict[int, Scalar | Node] = {
        3: TableNode({0: Scalar("B", 2), 1: image}),
        4: Nodes([TableNode({0: Scalar("B", 1), 1: normalization})]),
    }
    named = [
        TableNode({0: Text(name), 2: Scalar("b", kind), 3: Text(locale)})
        for name, kind, locale in files
    ]
    subgraph = TableNode({2: Nodes([TableNode(tensor)]), 3: Nodes([TableNode({6: Nodes(named)})])})
    return build_flatbuffer(TableNode({3: Nodes([subgraph])}), b"M001")


def packed(raw: bytes, files: dict[str, bytes]) -> bytes:
    """`raw` with an archive behind it, as the metadata populator appends it."""
    whole = io.BytesIO(raw)
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def model(contents: dict[str, bytes] | None = None, **said: Any) -> bytes:
    raw = add_metadata(SMALL, {METADATA_NAME: described(**said)})
    return packed(raw, {"labels.txt": b"stop\ngo\n"} if contents is None else contents)


def test_all_that_is_said_is_read() -> None:
    assert read_image_metadata(model()) == ImageMetadata("rgb", (127.5,), (127.5,), ("stop", "go"))
    per_channel = read_image_metadata(model(mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0), color=2))
    assert (per_channel.color, per_channel.mean, per_channel.std) == (
        "gray", (1.0, 2.0, 3.0), (4.0, 5.0, 6.0),
    )  # fmt: skip


def test_a_file_without_metadata_says_nothing() -> None:
    assert read_image_metadata(SMALL) == ImageMetadata()
    assert read_image_metadata(add_metadata(SMALL, {METADATA_NAME: b""})) == ImageMetadata()


def test_the_label_file_without_a_locale_comes_first() -> None:
    files = (("de.txt", 2, "de"), ("en.txt", 3, "en-US"), ("plain.txt", 2, ""))
    contents = {"de.txt": b"Halt\nLos", "en.txt": b"stop\ngo", "plain.txt": b"0\n1"}
    assert read_image_metadata(model(contents, files=files)).labels == ("0", "1")
    assert read_image_metadata(model(contents, files=files[:2])).labels == ("stop", "go")
    assert read_image_metadata(model(contents, files=files[:1])).labels == ("Halt", "Los")


@pytest.mark.parametrize(
    ("said", "files"),
    [
        ({"std": (0.0,)}, None),
        ({"mean": (float("nan"),)}, None),
        ({"std": ()}, None),
        ({}, {}),
        ({}, {"labels.txt": b"\xff\xfe\x00"}),
        ({}, {"labels.txt": b"bad\x1b[31m\nname"}),
        ({}, {"labels.txt": b"a\n" * (1 << 20)}),
    ],
)
def test_what_makes_no_sense_is_left_out(
    said: dict[str, Any], files: dict[str, bytes] | None
) -> None:
    found = read_image_metadata(model(files, **said))
    assert (found.mean is None) == bool(said)
    assert (found.labels is None) == (files is not None)
    assert found.color == "rgb"


def test_other_compressions_are_not_read() -> None:
    raw = add_metadata(SMALL, {METADATA_NAME: described()})
    whole = io.BytesIO(raw)
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("labels.txt", "stop\ngo\n" * 50)
    assert read_image_metadata(whole.getvalue()).labels is None


WHOLE = model()


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.integers(0, len(WHOLE)))
@settings(max_examples=examples(300), deadline=None)
def test_damage_is_never_an_error(place: int, value: int, length: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] = value
    read_image_metadata(bytes(damaged))
    read_image_metadata(WHOLE[:length])
