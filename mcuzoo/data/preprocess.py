"""From decoded picture to input tensor (central crop, bilinear resize, pixel offset), and
whether a preprocessing for that can feed a model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ProjectError
from mcuzoo.extras import missing_error
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.zoo.catalog import catalog

CHANNELS = {"rgb": 3, "gray": 1}
INT8_OFFSET = -128
_SPANS = (1.0, 255 / 128, 2.0, 255.0)
"""Ranges of pixels that models are trained on: 0..1, (p - 128) / 128, -1..1, or 0..255."""

_SPAN_TOLERANCE = 0.01
_HINT = "Export the project again; mcuzoo doctor-image IMAGE shows what the network sees."


def check_preprocessing(preprocessing: Preprocessing, shape: tuple[int, ...]) -> None:
    """Raise ProjectError for a preprocessing that cannot give a right int8 input of `shape`.

    input = pixel - 128 is the only offset that maps the 256 pixels onto int8; pixel - 127 is a
    published mistake, by which white wraps to black or saturates.
    """
    channels = CHANNELS.get(preprocessing.color)
    if channels is None or preprocessing.resize != "bilinear" or not 0 < preprocessing.crop <= 1:
        raise ProjectError(f"{preprocessing} is no preprocessing that mcuzoo knows.", _HINT)
    if shape[-1] != channels:
        raise ProjectError(
            f"The preprocessing gives {preprocessing.color} pictures, {channels} values a pixel; "
            f"the model's input {list(shape)} takes {shape[-1]}.",
            _HINT,
        )
    if preprocessing.pixel_offset != INT8_OFFSET:
        raise ProjectError(
            f"The preprocessing has pixel_offset {preprocessing.pixel_offset}: an int8 input is "
            f"pixel {INT8_OFFSET}, or the 256 pixels do not fit into it.",
            _HINT,
        )


def preprocessing_warnings(
    preprocessing: Preprocessing, name: str, sha256: str, input_scale: float
) -> Iterator[str]:
    """Warnings about `preprocessing` for this model: it may be wrong, but it is not excluded."""
    for known in catalog().values():
        declared = known.as_preprocessing
        same_file = any(file.sha256 == sha256 for file in known.file)
        if (same_file or known.name == name) and _essence(declared) != _essence(preprocessing):
            yield (
                f"{known.name} is declared to see {_text(declared)}; here it is given "
                f"{_text(preprocessing)}."
            )
            return
    span = 255 * input_scale
    if all(abs(span - usual) > _SPAN_TOLERANCE * usual for usual in _SPANS):
        yield (
            f"The 256 pixels span {span:.4g} at the model's input. Models are trained on a span "
            "of 1, 2 or 255; if this one was, too, its input is not pixel - 128."
        )


def _essence(preprocessing: Preprocessing) -> tuple[object, ...]:
    return preprocessing.color, preprocessing.crop, preprocessing.resize, preprocessing.pixel_offset


def _text(it: Preprocessing) -> str:
    return f"{it.color}, crop {it.crop:g}, {it.resize}, pixel {it.pixel_offset:+d}"


_INT8 = np.iinfo(np.int8)


def preprocess(
    image: NDArray[np.uint8], preprocessing: Preprocessing, shape: tuple[int, ...]
) -> NDArray[np.int8]:
    """The int8 [H, W, C] input tensor of `image`, uint8 [h, w, C].

    `shape` is the model's, (1, H, W, C) or (H, W, C). The central fraction `crop` of each side is
    kept: `margin = int((side - side * crop) / 2)` is cut off at both ends. The resize is
    OpenCV's INTER_LINEAR on uint8: half-pixel centres, no antialiasing, its fixed-point rounding.
    input = pixel + pixel_offset, saturated to int8.

    Raises ProjectError when these do not fit together, MissingExtraError without OpenCV.
    """
    height, width, channels = _input_size(shape)
    resize, crop = preprocessing.resize, preprocessing.crop
    if image.shape[2] != channels or resize != "bilinear" or not 0 < crop <= 1:
        raise ProjectError(
            f"{preprocessing} cannot make an input of shape {tuple(shape)}.",
            "The preprocessing in mcuzoo.json does not fit the model: export the project again.",
        )
    resized = _resize_bilinear(central_crop(image, crop), height, width)
    tensor = resized.reshape(height, width, channels).astype(np.int16) + preprocessing.pixel_offset
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
