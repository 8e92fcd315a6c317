"""What a .tflite file says of its pictures and labels: TFLite's model metadata.

The buffer TFLITE_METADATA is a flatbuffer of its own (file identifier M001); the label files that
it names are in a zip archive behind the model. Slots and numbers: metadata_schema.fbs of
tensorflow/tflite-support. All of it is untrusted: sizes are bounded, and what is damaged or
contradicts the model counts as absent.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from dataclasses import dataclass

from mcuzoo.errors import ModelError
from mcuzoo.graph.flatbuffer import Reader, Table
from mcuzoo.graph.metadata import read_metadata

METADATA_NAME = "TFLITE_METADATA"
MAX_LABEL_BYTES = 1 << 20
MAX_FILES = 256
_SUBGRAPHS = 3
_INPUTS, _OUTPUTS = 2, 3
_CONTENT, _UNITS, _FILES = 3, 4, 6
_CONTENT_TYPE, _CONTENT_VALUE = 0, 1
_IMAGE = 2
_COLOR_SPACE = 0
_COLORS = {1: "rgb", 2: "gray"}
_UNIT_TYPE, _UNIT_VALUE = 0, 1
_NORMALIZATION = 1
_MEAN, _STD = 0, 1
_FILE_NAME, _FILE_TYPE, _FILE_LOCALE = 0, 2, 3
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    KeyError,
    OSError,
    ValueError,
    EOFError,
    RuntimeError,  # encrypted, or of a kind that zipfile does not know
)
_LABEL_TYPES = (2, 3)  # TENSOR_AXIS_LABELS, TENSOR_VALUE_LABELS


@dataclass(frozen=True)
class ImageMetadata:
    """color: "rgb" or "gray". mean, std: of real = (pixel - mean) / std, one per channel or one for
    all. labels: class names in output order. None: the file does not say."""

    color: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None


def read_image_metadata(raw: bytes) -> ImageMetadata:
    """The metadata of a .tflite file about its first input and output; empty if it has none, or
    damaged ones."""
    try:
        content = read_metadata(raw).get(METADATA_NAME)
        if not content:
            return ImageMetadata()
        subgraphs = Reader(content).root().tables(_SUBGRAPHS, "subgraphs", MAX_FILES)
        if not subgraphs:
            return ImageMetadata()
        inputs = subgraphs[0].tables(_INPUTS, "inputs", MAX_FILES)
        outputs = subgraphs[0].tables(_OUTPUTS, "outputs", MAX_FILES)
        mean, std = _normalization(inputs[0]) if inputs else (None, None)
        return ImageMetadata(
            color=_color(inputs[0]) if inputs else None,
            mean=mean,
            std=std,
            labels=_labels(raw, outputs[0]) if outputs else None,
        )
    except ModelError:
        return ImageMetadata()


def _color(tensor: Table) -> str | None:
    content = tensor.table(_CONTENT, "content")
    if content is None or content.scalar(_CONTENT_TYPE, "<B", 0) != _IMAGE:
        return None
    image = content.table(_CONTENT_VALUE, "image")
    return None if image is None else _COLORS.get(int(image.scalar(_COLOR_SPACE, "<b", 0)))


def _normalization(
    tensor: Table,
) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    for unit in tensor.tables(_UNITS, "process units", MAX_FILES):
        if unit.scalar(_UNIT_TYPE, "<B", 0) != _NORMALIZATION:
            continue
        options = unit.table(_UNIT_VALUE, "normalization")
        if options is None:
            continue
        mean, std = (_floats(options, slot) for slot in (_MEAN, _STD))
        usable = all(math.isfinite(value) for value in (*mean, *std)) and all(std)
        if mean and std and usable:
            return mean, std
    return None, None


def _floats(table: Table, slot: int) -> tuple[float, ...]:
    values = table.numbers(slot, "<f4", "values")
    return () if values is None else tuple(float(value) for value in values[:4])


def _labels(raw: bytes, tensor: Table) -> tuple[str, ...] | None:
    """The lines of the label file without a locale, else of the English one, else of the first."""
    names: list[tuple[int, str]] = []
    for file in tensor.tables(_FILES, "associated files", MAX_FILES):
        if file.scalar(_FILE_TYPE, "<b", 0) in _LABEL_TYPES:
            locale = file.text(_FILE_LOCALE, "locale")
            rank = 0 if not locale else 1 if locale.startswith("en") else 2
            names.append((rank, file.text(_FILE_NAME, "name")))
    for _, name in sorted(names, key=lambda one: one[0]):
        lines = _lines(raw, name)
        if lines:
            return lines
    return None


def _lines(raw: bytes, name: str) -> tuple[str, ...] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if archive.getinfo(name).compress_type not in (
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            ):
                return None
            with archive.open(name) as file:
                content = file.read(MAX_LABEL_BYTES + 1)
        text = content.decode("utf-8-sig")
    except _UNREADABLE:
        return None
    lines = tuple(line.strip() for line in text.rstrip().split("\n"))
    sound = len(content) <= MAX_LABEL_BYTES and all(line.isprintable() for line in lines)
    return lines if sound and any(lines) else None
