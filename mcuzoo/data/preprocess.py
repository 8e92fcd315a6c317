"""From decoded picture to input tensor: central crop, bilinear resize, pixel offset."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ProjectError
from mcuzoo.extras import missing_error
from mcuzoo.project.manifest import Preprocessing

_INT8 = np.iinfo(np.int8)


def preprocess(
    image: NDArray[np.uint8], recipe: Preprocessing, shape: tuple[int, ...]
) -> NDArray[np.int8]:
    """The int8 [H, W, C] input tensor of `image`, uint8 [h, w, C].

    `shape` is the model's, (1, H, W, C) or (H, W, C). Of each side the central fraction
    `recipe.crop` is kept: `margin = int((side - side * crop) / 2)` is cut off at both ends.
    The resize is OpenCV's INTER_LINEAR on uint8: half-pixel centres, no antialiasing, its
    fixed-point rounding. input = pixel + pixel_offset, saturated to int8.

    Raises ProjectError when recipe, shape and image do not fit together, MissingExtraError
    without OpenCV.
    """
    height, width, channels = _input_size(shape)
    if image.shape[2] != channels or recipe.resize != "bilinear" or not 0 < recipe.crop <= 1:
        raise ProjectError(
            f"{recipe} cannot make an input of shape {tuple(shape)}.",
            "The preprocessing in mcuzoo.json does not fit the model: export the project again.",
        )
    resized = _resize_bilinear(central_crop(image, recipe.crop), height, width)
    tensor = resized.reshape(height, width, channels).astype(np.int16) + recipe.pixel_offset
    return np.clip(tensor, _INT8.min, _INT8.max).astype(np.int8)


def central_crop(image: NDArray[np.uint8], fraction: float) -> NDArray[np.uint8]:
    """The central part of uint8 [h, w, C], `int((side - side * fraction) / 2)` off each end."""
    height, width = image.shape[:2]
    top = int((height - height * fraction) / 2)
    left = int((width - width * fraction) / 2)
    return image[top : height - top, left : width - left]


def _input_size(shape: tuple[int, ...]) -> tuple[int, int, int]:
    size = shape[1:] if len(shape) == 4 and shape[0] == 1 else shape
    if len(size) != 3:
        raise ProjectError(
            f"The model's input has shape {tuple(shape)}, not (1, height, width, channels).",
            "Only image models can be run with run-serial.",
        )
    return size[0], size[1], size[2]


def _resize_bilinear(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    try:
        import cv2
    except ImportError as error:
        raise missing_error(["opencv-python-headless"], "Resizing images") from error
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)
