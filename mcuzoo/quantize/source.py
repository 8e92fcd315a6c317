"""The file formats of float networks, detected by content."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mcuzoo.errors import InputError, UsageError, did_you_mean
from mcuzoo.graph.foreign import ONNX_MODEL, foreign_model
from mcuzoo.zoo.catalog import catalog

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_TFLITE_MAGIC = b"TFL3"


class Kind(str, Enum):
    KERAS = "keras"
    """A whole Keras model: .keras or .h5."""
    HDF5 = "hdf5"
    """An .h5 that may hold weights only; then `network` names their network."""
    SAVED_MODEL = "saved_model"
    TFLITE = "tflite"
    ONNX = "onnx"


@dataclass(frozen=True)
class FloatSource:
    """`network`: the zoo model whose layers the weights belong to, for a file with weights only."""

    path: Path
    kind: Kind
    network: str | None = None


def find_source(path: Path, network: str | None = None) -> FloatSource:
    """Detect the format at `path`. Raises InputError if it cannot be quantized, UsageError for an
    unknown network."""
    known = {name for name, model in catalog().items() if model.structure is not None}
    if network is not None and network not in known:
        raise UsageError(
            f"mcuzoo does not know the layers of a network {network!r}.",
            did_you_mean(network, known) + "`mcuzoo models` lists the zoo.",
        )
    return FloatSource(path, _kind(path), network)


def _is_keras(path: Path) -> bool:
    """Whether the file is a zip file of Keras."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "model.weights.h5" in archive.namelist() or path.suffix.lower() == ".keras"


def _kind(path: Path) -> Kind:
    hint = (
        "Give a .keras or .h5 file, the folder of a SavedModel, a float .tflite, or an .onnx file."
    )
    try:
        if path.is_dir():
            if (path / "saved_model.pb").is_file():
                return Kind.SAVED_MODEL
            raise InputError(f"{path} is no SavedModel: it has no saved_model.pb.", hint)
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint) from error
    if head == HDF5_MAGIC:
        return Kind.HDF5
    if head[4:8] == _TFLITE_MAGIC:
        return Kind.TFLITE
    if _is_keras(path):
        return Kind.KERAS
    what, advice = foreign_model(path) or ("neither a Keras file nor a .tflite", hint)
    if what == ONNX_MODEL:
        return Kind.ONNX
    raise InputError(f"{path} is {what}.", advice)
