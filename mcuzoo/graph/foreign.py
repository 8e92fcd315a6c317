"""Model files of other formats: what each is, and the command to type next."""

from __future__ import annotations

import zipfile
from pathlib import Path

from mcuzoo.errors import command

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf", b"PK\x03\x04")
_LFS = b"version https://git-lfs"
_PAGES = (b"<!doctype", b"<html", b"<?xml")
_HEAD_BYTES = 32
SAVED_MODEL = "saved_model.pb"


def foreign_model(path: Path) -> tuple[str, str] | None:
    """(what `path` is, the hint that leads from it to a model), or None for nothing known.

    The content decides; the suffix decides only for formats without a mark of their own.
    """
    if path.is_dir():
        if (path / SAVED_MODEL).is_file():
            return "a TensorFlow SavedModel", _quantize(path, path.name)
        return None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    suffix = path.suffix.lower()
    if not head:
        return "an empty file", "Fetch or copy it again."
    if path.name == SAVED_MODEL:
        folder = path.parent.resolve()
        return "part of a TensorFlow SavedModel", _quantize(folder, folder.name)
    if head.startswith(_HDF5):
        return "a Keras file (HDF5)", _quantize(path, path.stem)
    if head.startswith(_LFS):
        return "a Git LFS pointer, not the file itself", "git lfs pull gets the file."
    if head.lstrip().lower().startswith(_PAGES):
        return "a web page, not the file itself", "Download the file behind the page."
    return _zipped(path, suffix) if zipfile.is_zipfile(path) else _by_suffix(path, suffix, head)


def _zipped(path: Path, suffix: str) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        names = []
    if suffix == ".keras" or "model.weights.h5" in names:
        return "a Keras file", _quantize(path, path.stem)
    if any(name.endswith("data.pkl") for name in names) or suffix in (".pt", ".pth"):
        return "a PyTorch file", _from_torch(path)
    return "an archive", "Unpack it and give the .tflite file that is in it."


def _by_suffix(path: Path, suffix: str, head: bytes) -> tuple[str, str] | None:
    if suffix == ".onnx":
        return "an ONNX model", _quantize(path, path.stem)
    if suffix in (".pt", ".pth", ".safetensors"):
        return "a PyTorch file", _from_torch(path)
    if suffix in (".pb", ".pbtxt", ".ckpt", ".meta", ".index"):
        return (
            "a TensorFlow graph or checkpoint",
            "Save the network as a Keras file or a SavedModel, then: "
            + _quantize(path.with_suffix(".keras"), path.stem),
        )
    if head.startswith(_ARCHIVES):
        return "an archive", "Unpack it and give the .tflite file that is in it."
    return None


def _quantize(source: Path, stem: str) -> str:
    return command("mcuzoo", "quantize", source, f"{stem}_int8.tflite", "--calibration", "IMAGES")


def _from_torch(path: Path) -> str:
    onnx = path.with_suffix(".onnx")
    return (
        f"torch.onnx.export of the network to {onnx} in Python, then: {_quantize(onnx, path.stem)}"
    )
