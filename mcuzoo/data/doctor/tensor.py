"""A picture exactly as the network sees it: the tensor's figures, its pixels, and tensors from
files: raw bytes, .npy, or the initializer of a C array."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import InputError
from mcuzoo.files import write_output


@dataclass(frozen=True)
class TensorFacts:
    """Figures of an int8 tensor [H, W, C]. crc32: what a board returns as its input's CRC-32.

    means: per channel, of the int8 values; low, high: values at -128 and at 127, the pixels 0 and
    255. shape: [H, W, C]. minimum, maximum: of the int8 values. sha256: of the bytes.
    """

    shape: tuple[int, ...]
    minimum: int
    maximum: int
    means: tuple[float, ...]
    low: int
    high: int
    crc32: int
    sha256: str


def tensor_facts(tensor: NDArray[np.int8]) -> TensorFacts:
    """The figures of int8 [H, W, C]."""
    raw = tensor.tobytes()
    return TensorFacts(
        shape=tensor.shape,
        minimum=int(tensor.min()),
        maximum=int(tensor.max()),
        means=tuple(float(mean) for mean in tensor.mean(axis=(0, 1), dtype=np.float64)),
        low=int(np.count_nonzero(tensor == -128)),
        high=int(np.count_nonzero(tensor == 127)),
        crc32=zlib.crc32(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def pixels_of(tensor: NDArray[np.int8]) -> NDArray[np.uint8]:
    """The picture that int8 [H, W, C] stands for: uint8, value + 128."""
    return (tensor.astype(np.int16) + 128).astype(np.uint8)


SUFFIXES_OF_C = frozenset({".h", ".hpp", ".c", ".cc", ".cpp", ".inc"})
MAX_BYTES = 64 << 20
_HINT = "It is raw int8, .npy of int8 or uint8, or a C file with one array of that many numbers."
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_ARRAY = re.compile(r"(?P<head>[^;{}]*?)\[[^\]]*\][^={;]*=\s*\{(?P<body>[^{}]*)\}", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,9})[uUlL]*")
_UNSIGNED = re.compile(r"\b(uint8_t|u8|unsigned\s+char|uchar)\b")


def read_tensor(path: Path, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """int8 of `shape` from `path`; a file of unsigned bytes holds pixels, which are value + 128.

    Raises InputError for a file that is none or of another size.
    """
    content = _content(path)
    if path.suffix == ".npy":
        values = _from_npy(path)
    elif path.suffix.lower() in SUFFIXES_OF_C:
        values = _from_c(path, content.decode("utf-8", errors="replace"), int(np.prod(shape)))
    else:
        values = np.frombuffer(content, dtype=np.int8)
    if values.size != int(np.prod(shape)):
        raise InputError(
            f"{path} has {values.size} values, the model takes {list(shape)}, "
            f"{int(np.prod(shape))}.",
            _HINT,
        )
    if values.dtype == np.uint8:
        return (values.astype(np.int16) - 128).astype(np.int8).reshape(shape)
    return values.astype(np.int8).reshape(shape)


def write_tensor(path: Path, tensor: NDArray[np.int8]) -> None:
    """Write int8 [H, W, C] as .npy, or raw under any other suffix. Raises InputError."""
    from io import BytesIO

    content = BytesIO()
    if path.suffix == ".npy":
        np.save(content, tensor)
    else:
        content.write(tensor.tobytes())
    write_output(path, content.getvalue())


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", _HINT) from error
    if len(content) > MAX_BYTES:
        raise InputError(f"{path} has more than {MAX_BYTES >> 20} MiB.", _HINT)
    return content


def _from_npy(path: Path) -> NDArray[Any]:
    try:
        values: NDArray[Any] = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path} is no .npy file: {error}", _HINT) from error
    if not isinstance(values, np.ndarray) or values.dtype not in (np.int8, np.uint8):
        raise InputError(f"{path} holds {getattr(values, 'dtype', 'no array')}.", _HINT)
    return values


def _from_c(path: Path, text: str, size: int) -> NDArray[Any]:
    """The one array of `size` numbers in a C file; signed unless its type says otherwise."""
    found = []
    for array in _ARRAY.finditer(_COMMENT.sub(" ", text)):
        words = [word.strip() for word in array["body"].split(",") if word.strip()]
        if len(words) == size:
            found.append((array["head"], words))
    if len(found) != 1:
        raise InputError(f"{path} has {len(found)} arrays of {size} numbers.", _HINT)
    head, words = found[0]
    if not all(_NUMBER.fullmatch(word) for word in words):
        raise InputError(f"{path}: not all elements of the array are numbers.", _HINT)
    values = [int(word.rstrip("uUlL"), 0) if "x" in word.lower() else int(word.rstrip("uUlL"))
              for word in words]  # fmt: skip
    if min(values) < -128 or max(values) > 255:
        raise InputError(f"{path}: the array's numbers are not bytes.", _HINT)
    if _UNSIGNED.search(head):
        return np.array(values, dtype=np.int16).astype(np.uint8)
    return np.array(values, dtype=np.int16).astype(np.int8)
