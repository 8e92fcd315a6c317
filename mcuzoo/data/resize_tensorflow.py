"""tf.image.resize (TensorFlow 2) in numpy: float32, in the order of TensorFlow's own arithmetic.

Sources, all below tensorflow/core/kernels/image of TensorFlow 2: resize_bilinear_op.cc,
resize_nearest_neighbor_op.cc, resize_area_op.cc, resize_bicubic_op.cc and
scale_and_translate_op.cc, which antialiases and has Lanczos.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mcuzoo.project.recipe import Kernel

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
_ONE = np.float32(1)
_HALF = np.float32(0.5)


def resize_tensorflow(
    image: NDArray[np.uint8], height: int, width: int, kernel: Kernel, antialias: bool
) -> NDArray[np.uint8] | Floats:
    """uint8 [h, w, C] as [height, width, C]: uint8 for nearest, else float32."""
    if kernel == "nearest":
        rows, columns = (_nearest(*ends) for ends in _sides(image, height, width))
        return image[rows][:, columns]
    if kernel == "area":
        return _area(image, height, width)
    if antialias or kernel == "lanczos":
        return _spanned(image, height, width, kernel, antialias)
    return _bilinear(image, height, width) if kernel == "bilinear" else _bicubic(
        image, height, width
    )  # fmt: skip


def _sides(image: NDArray[np.uint8], height: int, width: int) -> tuple[tuple[int, int], ...]:
    return (image.shape[0], height), (image.shape[1], width)


def _scale(size: int, target: int) -> np.float32:
    found: np.float32 = np.float32(size) / np.float32(target)
    return found


def _centres(size: int, target: int) -> Floats:
    """HalfPixelScaler: where the centre of each output pixel lies, in pixels of the input."""
    places = np.arange(target, dtype=np.float32)
    found: Floats = (places + _HALF) * _scale(size, target) - _HALF
    return found


def _nearest(size: int, target: int) -> Indices:
    """HalfPixelScalerForNN, whose floor takes the pixel that the centre falls into."""
    places = (np.arange(target, dtype=np.float32) + _HALF) * _scale(size, target)
    found: Indices = np.clip(np.floor(places).astype(np.int64), 0, size - 1)
    return found


def _bilinear(image: NDArray[np.uint8], height: int, width: int) -> Floats:
    (top, bottom, down), (left, right, across) = (
        _neighbours(*ends) for ends in _sides(image, height, width)
    )
    across, down = across[None, :, None], down[:, None, None]
    rows = {}
    for name, lines in (("top", top), ("bottom", bottom)):
        picked = image[lines].astype(np.float32)
        first = picked[:, left]
        rows[name] = first + (picked[:, right] - first) * across
    lerped: Floats = rows["top"] + (rows["bottom"] - rows["top"]) * down
    return lerped


def _neighbours(size: int, target: int) -> tuple[Indices, Indices, Floats]:
    places = _centres(size, target)
    floors = np.floor(places)
    lower = np.maximum(floors.astype(np.int64), 0)
    upper = np.minimum(np.ceil(places).astype(np.int64), size - 1)
    return lower, upper, places - floors


_TABLE = 1 << 10


@lru_cache(maxsize=1)
def _cubic_table() -> Floats:
    """[_TABLE + 1, 2]: Keys' cubic, a = -0.5, at the distances x and x + 1."""
    a = -0.5
    x = (np.arange(_TABLE + 1) * 1.0 / _TABLE).astype(np.float32)
    near = ((a + 2) * x.astype(np.float64) - (a + 3)) * x * x + 1
    x = (x + _ONE).astype(np.float32)
    far = ((a * x.astype(np.float64) - 5 * a) * x + 8 * a) * x - 4 * a
    return np.stack([near, far], axis=1).astype(np.float32)


def _bicubic(image: NDArray[np.uint8], height: int, width: int) -> Floats:
    (rows, down), (columns, across) = (_four(*ends) for ends in _sides(image, height, width))
    lines = _weighted([image[row].astype(np.float32) for row in rows], down[:, :, None, None])
    return _weighted([lines[:, column] for column in columns], across[:, None, :, None])


def _weighted(values: list[Floats], weights: Floats) -> Floats:
    total = values[0] * weights[0]
    for value, weight in zip(values[1:], weights[1:], strict=True):
        total = total + value * weight
    found: Floats = total
    return found


def _four(size: int, target: int) -> tuple[Indices, Floats]:
    """Indices and weights, [4, target], of GetWeightsAndIndices with Keys' cubic."""
    places = _centres(size, target)
    floors = np.floor(places)
    offsets = np.rint((places - floors) * np.float32(_TABLE)).astype(np.int64)
    table = _cubic_table()
    weights = np.stack(
        [
            table[offsets, 1],
            table[offsets, 0],
            table[_TABLE - offsets, 0],
            table[_TABLE - offsets, 1],
        ]
    )
    wanted = floors.astype(np.int64)[None] + np.arange(-1, 3)[:, None]
    indices = np.clip(wanted, 0, size - 1)
    weights = np.where(indices == wanted, weights, np.float32(0))
    total = ((weights[0] + weights[1]) + weights[2]) + weights[3]
    return indices, _divided(weights, total)


def _divided(weights: Floats, total: Floats) -> Floats:
    """`weights` times one over their sum, where that is not nearly zero."""
    usable = np.abs(total) >= np.float32(1000) * np.finfo(np.float32).tiny
    found: Floats = weights * (_ONE / np.where(usable, total, _ONE))
    return found


def _area(image: NDArray[np.uint8], height: int, width: int) -> Floats:
    """Each output pixel is the mean of the part of the input that it covers."""
    (rows, down), (columns, across) = (_cover(*ends) for ends in _sides(image, height, width))
    height_scale, width_scale = _scale(image.shape[0], height), _scale(image.shape[1], width)
    pixels = image.astype(np.float32)
    lines = _summed(pixels, columns, across, 1)
    total = _summed(lines, rows, down, 0)
    found: Floats = total * (_ONE / (height_scale * width_scale))
    return found


def _cover(size: int, target: int) -> tuple[Indices, Floats]:
    """Indices and weights, [span, target], of the input pixels that an output pixel covers."""
    scale = _scale(size, target)
    first = (np.arange(target, dtype=np.float32)) * scale
    last = (np.arange(1, target + 1, dtype=np.float32)) * scale
    start, end = np.floor(first).astype(np.int64), np.ceil(last).astype(np.int64)
    span = int((end - start).max())
    places = start[None] + np.arange(span)[:, None]
    at, behind = places.astype(np.float32), (places + 1).astype(np.float32)
    weights = np.where(
        at < first,
        np.where(behind > last, scale, behind - first),
        np.where(behind > last, last - at, _ONE),
    )
    weights = np.where(places < end[None], weights, np.float32(0)).astype(np.float32)
    return np.clip(places, 0, size - 1), weights


def _summed(values: Floats, indices: Indices, weights: Floats, axis: int) -> Floats:
    shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
    total: Floats | None = None
    for place, weight in zip(indices, weights, strict=True):
        part = values.take(place, axis=axis) * weight.reshape(shape)
        total = part if total is None else total + part
    assert total is not None
    return total


def _triangle(x: Floats) -> Floats:
    found: Floats = np.where(x < _ONE, _ONE - x, np.float32(0))
    return found


def _keys_cubic(x: Floats) -> Floats:
    near = ((np.float32(1.5) * x - np.float32(2.5)) * x) * x + _ONE
    far = ((np.float32(-0.5) * x + np.float32(2.5)) * x - np.float32(4)) * x + np.float32(2)
    found: Floats = np.where(x >= 2, np.float32(0), np.where(x >= 1, far, near))
    return found


def _lanczos3(x: Floats) -> Floats:
    pi, radius = np.float32(3.14159265359), np.float32(3)
    safe = np.where(x <= np.float32(1e-3), _ONE, x)
    value = (
        radius * _sine(pi * safe) * _sine(pi * safe / radius) / (pi * pi * safe * safe)
    )  # fmt: skip
    found: Floats = np.where(
        x > radius, np.float32(0), np.where(x <= np.float32(1e-3), _ONE, value)
    )
    return found


def _sine(x: Floats) -> Floats:
    """The C library's sinf, whose last bit TensorFlow's weights hang on; where there is none, the
    sine rounded to float32, which differs in a few values of a hundred."""
    sinf = _c_sinf()
    if sinf is None:
        return np.sin(x.astype(np.float64)).astype(np.float32)
    values = [sinf(value) for value in x.reshape(-1).tolist()]
    return np.array(values, np.float32).reshape(x.shape)


@lru_cache(maxsize=1)
def _c_sinf() -> Callable[[float], float] | None:
    import ctypes
    from ctypes.util import find_library

    try:
        function: Callable[[float], float] = ctypes.CDLL(find_library("m")).sinf
    except (OSError, AttributeError):
        return None
    function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float]  # type: ignore[attr-defined]
    return function


_KERNELS: dict[str, tuple[float, Callable[[Floats], Floats]]] = {
    "bilinear": (1.0, _triangle),
    "bicubic": (2.0, _keys_cubic),
    "lanczos": (3.0, _lanczos3),
}


def _spanned(
    image: NDArray[np.uint8], height: int, width: int, kernel: Kernel, antialias: bool
) -> Floats:
    (rows, down), (columns, across) = (
        _span(size, target, kernel, antialias) for size, target in _sides(image, height, width)
    )
    lines = _summed(image.astype(np.float32), rows, down, 0)
    return _summed(lines, columns, across, 1)


@lru_cache(maxsize=64)
def _span(size: int, target: int, kernel: Kernel, antialias: bool) -> tuple[Indices, Floats]:
    """Indices and weights, [span, target], of ComputeSpansCore."""
    radius, function = np.float32(_KERNELS[kernel][0]), _KERNELS[kernel][1]
    inverse = np.float32(_ONE / np.float32(np.float32(target) / np.float32(size)))
    wide = max(inverse, _ONE) if antialias else _ONE
    sample = (np.arange(target, dtype=np.float32) + _HALF) * inverse
    start = np.ceil(sample - radius * wide - _HALF).astype(np.int64).clip(0, size - 1)
    end = np.floor(sample + radius * wide - _HALF).astype(np.int64).clip(0, size - 1) + 1
    places = start[None] + np.arange(int((end - start).max()))[:, None]
    distances = (places.astype(np.float32) + _HALF - sample) * (_ONE / wide)
    weights = np.where(places < end, function(np.abs(distances)), np.float32(0))
    weights = weights.astype(np.float32)
    total = np.zeros(target, np.float32)
    for weight in weights:
        total = total + weight
    outside = (sample < 0) | (sample > size)
    usable = np.where(outside, np.float32(0), _divided(weights, total)).astype(np.float32)
    return np.clip(places, 0, size - 1), usable
