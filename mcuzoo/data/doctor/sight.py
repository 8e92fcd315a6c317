"""A picture exactly as the network sees it: the tensor's figures, and its pixels."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TensorFacts:
    """Figures of an int8 tensor [H, W, C]. crc32: what a board returns as its input's CRC-32.

    means: per channel, of the int8 values; low, high: values at -128 and at 127, the pixels 0 and
    255.
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
