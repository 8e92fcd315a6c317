"""Carry out a recipe: from a decoded picture to the values that a model takes.

`apply` is the whole way. Its two halves are for those who try many recipes on one picture:
`pixels` for the geometry, `quantized` for the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import luma
from mcuzoo.data.resize import Pixels, fitted
from mcuzoo.errors import ProjectError
from mcuzoo.graph.affine import quantized_steps
from mcuzoo.project.input_size import InputSize, input_size
from mcuzoo.project.recipe import Recipe

__all__ = [
    "InputSize",
    "Quantized",
    "apply",
    "as_picture",
    "in_order",
    "input_size",
    "pixels",
    "quantized",
    "real_levels",
    "real_values",
]

_INT8 = np.iinfo(np.int8)
_LEVELS = 256


@dataclass(frozen=True)
class Quantized:
    """tensor: int8. clipped: the share of values, 0 to 1, that int8 could not take."""

    tensor: NDArray[np.int8]
    clipped: float


def apply(
    recipe: Recipe,
    picture: NDArray[np.uint8],
    shape: tuple[int, ...],
    scale: float,
    zero_point: int,
) -> NDArray[np.int8]:
    """The int8 input tensor of `picture`, uint8 [h, w, 3] (red, green, blue) or [h, w, 1].

    `shape` is the model's, see input_size; the tensor has its axes, without the leading 1. scale
    and zero_point: of the model's input, real = scale * (q - zero_point). The picture is upright:
    EXIF is done where it is decoded.

    Raises ProjectError when recipe and shape do not fit together, DataSetError for a picture that
    is too narrow for the recipe, MissingExtraError without the library that resizes.
    """
    size = input_size(shape)
    values = quantized(recipe, pixels(recipe, picture, size), scale, zero_point)
    return in_order(values.tensor, size)


def pixels(recipe: Recipe, picture: NDArray[np.uint8], size: InputSize) -> Pixels:
    """The picture cropped, fitted, resized and in the recipe's colours: [H, W, C] of 0..255, uint8,
    or float32 from TensorFlow's resizes. Recipes of the same `geometry` give the same. Raises as
    `apply`."""
    if size.channels != recipe.channels:
        raise ProjectError(
            f"The recipe gives {recipe.color} pictures, {recipe.channels} values a pixel; the "
            f"model takes {size.channels}.",
            f"--color {'gray' if size.channels == 1 else 'rgb'}",
        )
    if picture.shape[2] != recipe.channels:
        picture = luma(picture) if recipe.color == "gray" else np.repeat(picture, 3, axis=2)
    made = fitted(picture, recipe, size.height, size.width)
    return made[:, :, ::-1] if recipe.color == "bgr" else made


def quantized(recipe: Recipe, pixels: Pixels, scale: float, zero_point: int) -> Quantized:
    """int8 [H, W, C] of `pixels`, [H, W, C]: pixel + pixel_offset if the recipe has one, else the
    normalized value, float32, in the model's scale as TFLite's QUANTIZE computes it."""
    if recipe.pixel_offset == _INT8.min and pixels.dtype == np.uint8:
        return Quantized((pixels ^ np.uint8(128)).view(np.int8), 0.0)  # which is pixel - 128
    if recipe.pixel_offset is not None:
        whole = np.rint(pixels) if pixels.dtype != np.uint8 else pixels
        return _rounded(whole.astype(np.int16) + np.int16(recipe.pixel_offset))
    if pixels.dtype != np.uint8:
        return _rounded(quantized_steps(real_values(recipe, pixels), scale, zero_point))
    steps = quantized_steps(real_levels(recipe), scale, zero_point)
    levels, channels = _rounded(steps), np.arange(recipe.channels)
    outside = (steps != levels.tensor)[pixels, channels].mean() if levels.clipped else 0.0
    return Quantized(np.ascontiguousarray(levels.tensor[pixels, channels]), float(outside))


def _rounded(steps: NDArray[Any]) -> Quantized:
    tensor = np.clip(steps, _INT8.min, _INT8.max).astype(np.int8)
    return Quantized(tensor, float((steps != tensor).mean()))


def real_levels(recipe: Recipe) -> NDArray[np.float32]:
    """float32 [256, C]: what a float model takes for each pixel value, per channel."""
    ends = zip(recipe.real(0), recipe.real(255), strict=True)
    columns = [np.linspace(low, high, _LEVELS, dtype=np.float64) for low, high in ends]
    return np.stack(columns, axis=1).astype(np.float32)


def real_values(recipe: Recipe, pixels: Pixels) -> NDArray[np.float32]:
    """float32 [H, W, C] for a float model, of `pixels` [H, W, C]."""
    if pixels.dtype == np.uint8:
        known: NDArray[np.float32] = real_levels(recipe)[pixels, np.arange(recipe.channels)]
        return known
    mean, std = (np.array(values, np.float64) for values in (recipe.mean, recipe.std))
    real: NDArray[np.float32] = ((pixels * recipe.scale - mean) / std).astype(np.float32)
    return real


def as_picture(tensor: NDArray[np.int8], size: InputSize) -> NDArray[np.int8]:
    """A tensor in the order of the model's axes as [H, W, C]: what `in_order` was given."""
    if size.order == "CHW":
        planes = tensor.reshape(size.channels, size.height, size.width)
        return np.ascontiguousarray(planes.transpose(1, 2, 0))
    return tensor.reshape(size.height, size.width, size.channels)


def in_order(tensor: NDArray[np.int8], size: InputSize) -> NDArray[np.int8]:
    """[H, W, C] in the order of the model's axes, contiguous."""
    if size.order == "CHW":
        return np.ascontiguousarray(tensor.transpose(2, 0, 1))
    return np.ascontiguousarray(tensor[:, :, 0] if size.order == "HW" else tensor)
