"""Files that are no model for a microcontroller: what each is, and the command to type next."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from mcuzoo.errors import ModelError, command

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf", b"PK\x03\x04")
_LFS = b"version https://git-lfs"
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")
_REFUSALS = (
    *(b"404", b"403", b"access denied", b"access to model", b"entry not found", b"not found"),
    *(b"invalid username", b"repository not found", b"forbidden", b"unauthorized", b"<error"),
)
"""How the texts begin that servers give instead of a file."""

_C_SUFFIXES = (".c", ".cc", ".cpp", ".h", ".hpp")
_EXECUTORCH = b"ET"
_HEAD_BYTES = 64

COMPILED = {
    "CUSTOM:ethos-u": ("Arm's Ethos-U NPU, by Vela", "Vela compiled"),
    "CUSTOM:NeutronGraph": ("NXP's Neutron NPU, by the Neutron converter", "was converted"),
    "CUSTOM:edgetpu-custom-op": ("Google's Edge TPU", "edgetpu_compiler compiled"),
    "CUSTOM:vsi-npu": ("VeriSilicon's NPU", "was compiled"),
}
"""Custom ops that hold a program for a chip: what chip, and how the file came to be."""

_FAMILIES = {"CUSTOM:XC_": ("XMOS' xcore, by its optimizer", "was optimized")}
"""The same of custom ops whose names begin so."""
SAVED_MODEL = "saved_model.pb"
ONNX_MODEL = "an ONNX model"


def refuse_compiled(names: Iterable[str]) -> None:
    """Raise ModelError if one of these ops is a program for another chip."""
    for place, name in enumerate(names):
        known = COMPILED.get(name) or _family(name)
        if known is not None:
            chip, made = known
            raise ModelError(
                f"The model is compiled for {chip}: its op {place} is a program for that chip, not "
                "layers.",
                f"Give the INT8 .tflite file from which it {made}."
                if made.startswith("was")
                else f"Give the INT8 .tflite file that {made}.",
            )


def _family(name: str) -> tuple[str, str] | None:
    return next((known for begin, known in _FAMILIES.items() if name.startswith(begin)), None)


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
    if head.lstrip().lower().startswith(_REFUSALS):
        return "a server's refusal, not the file itself", "Check the address, or log in there."
    if head.lstrip().startswith((b"{", b"[")):
        return "a JSON document, not the file itself", "Give the .tflite file that belongs to it."
    return _zipped(path, suffix) if zipfile.is_zipfile(path) else _by_suffix(path, suffix, head)


def _zipped(path: Path, suffix: str) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        names = []
    if suffix == ".keras" or "model.weights.h5" in names:
        return "a Keras file", _quantize(path, path.stem)
    if any(name.endswith(SAVED_MODEL) for name in names):
        return "a zipped SavedModel", "Unpack it, then: " + _quantize(Path(path.stem), path.stem)
    if any(name.endswith("data.pkl") for name in names) or suffix in (".pt", ".pth"):
        return "a PyTorch file", _from_torch(path)
    return "an archive", "Unpack it and give the .tflite file that is in it."


def _by_suffix(path: Path, suffix: str, head: bytes) -> tuple[str, str] | None:
    if suffix == ".onnx" or _is_onnx(head):
        return ONNX_MODEL, _quantize(path, path.stem)
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
    if suffix in _C_SUFFIXES:
        return "C source, a model as an array", "Give the .tflite file that it was made of."
    if head[4:6] == _EXECUTORCH and head[6:8].isdigit():
        return "an ExecuTorch program", _from_torch(path)
    if head.startswith((b"\x7fELF", b"MZ")):
        return "a program", "Give the .tflite file that it was built from."
    return None


def _is_onnx(head: bytes) -> bool:
    """ir_version (field 1), then the producer's name (field 2), as all exporters write it."""
    name = head[4 : 4 + head[3]] if len(head) > 4 else b""
    return head[:1] == b"\x08" and head[2:3] == b"\x12" and name.isascii() and name[:1].isalpha()


def _quantize(source: Path, stem: str) -> str:
    return command("mcuzoo", "quantize", source, f"{stem}_int8.tflite", "--calibration", "IMAGES")


def _from_torch(path: Path) -> str:
    onnx = path.with_suffix(".onnx")
    return (
        f"torch.onnx.export of the network to {onnx} in Python, then: {_quantize(onnx, path.stem)}"
    )
