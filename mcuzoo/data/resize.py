"""Resize a picture as OpenCV, Pillow or TensorFlow does, to the byte, and fit it to a size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import MAX_PIXELS
from mcuzoo.data.resize_tensorflow import resize_tensorflow
from mcuzoo.errors import DataSetError, ProjectError
from mcuzoo.extras import missing_error
from mcuzoo.project.recipe import Library, Recipe

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""[H, W, C] of 0..255: float32 is what TensorFlow makes of a picture that it resizes."""

_OPENCV = {
    "nearest": "INTER_NEAREST",
    "bilinear": "INTER_LINEAR",
    "area": "INTER_AREA",
    "bicubic": "INTER_CUBIC",
    "lanczos": "INTER_LANCZOS4",
}
_PILLOW = {
    "nearest": "NEAREST",
    "bilinear": "BILINEAR",
    "area": "BOX",
    "bicubic": "BICUBIC",
    "lanczos": "LANCZOS",
}


def library_packages(library: Library) -> tuple[str, ...]:
    """The optional packages (extras.py) that a resize needs: TensorFlow's is our own."""
    return {
        "opencv": ("opencv-python-headless",),
        "pillow": ("pillow",),
        "tensorflow": (),
    }[library]


def fitted(image: NDArray[np.uint8], recipe: Recipe, height: int, width: int) -> Pixels:
    """uint8 [h, w, C] cropped, fitted and resized to [height, width, C] as `recipe` says.

    Raises ProjectError for a short side that is shorter than the input, DataSetError for a picture
    that is too narrow for a short side, MissingExtraError without the library.
    """
    image = central_crop(image, recipe.crop)
    if recipe.fit == "cover":
        image = _cover(image, height, width)
    if recipe.fit == "short-side":
        return _short_side(image, recipe, height, width)
    if recipe.fit == "letterbox":
        return _letterbox(image, recipe, height, width)
    return resize(image, recipe, height, width)


def source_region(
    image: NDArray[np.uint8], recipe: Recipe, height: int, width: int
) -> NDArray[np.uint8]:
    """The part of uint8 [h, w, C] that fills the input, filled around for a letterbox; about so:
    its sides are in whole pixels of the picture."""
    image = central_crop(image, recipe.crop)
    rows, columns = image.shape[:2]
    if recipe.fit == "cover":
        return _cover(image, height, width)
    if recipe.fit == "short-side" and recipe.short_side is not None:
        factor = min(rows, columns) / recipe.short_side
        tall, wide = max(1, round(height * factor)), max(1, round(width * factor))
        top, left = max(0, (rows - tall) // 2), max(0, (columns - wide) // 2)
        return image[top : top + tall, left : left + wide]
    if recipe.fit == "letterbox":
        factor = max(rows / height, columns / width)
        down, across = (max(0, round(size * factor) - side) for size, side in
                        ((height, rows), (width, columns)))  # fmt: skip
        around = ((down // 2, down - down // 2), (across // 2, across - across // 2))
        value = recipe.fill[0]
        return np.pad(image, (*around, (0, 0)), constant_values=value)
    return image


def central_crop(image: NDArray[np.uint8], fraction: float) -> NDArray[np.uint8]:
    """The central part of uint8 [h, w, C], `int((side - side * fraction) / 2)` off each end, as
    tf.image.central_crop."""
    height, width = image.shape[:2]
    top = int((height - height * fraction) / 2)
    left = int((width - width * fraction) / 2)
    return image[top : height - top, left : width - left]


def _cover(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The largest central part with the aspect ratio of height x width, as Keras' smart_resize."""
    rows, columns = image.shape[:2]
    tall = max(1, min(rows, int(columns * height / width)))
    wide = max(1, min(columns, int(rows * width / height)))
    top, left = int((rows - tall) / 2), int((columns - wide) / 2)
    return image[top : top + tall, left : left + wide]


def _short_side(image: NDArray[np.uint8], recipe: Recipe, height: int, width: int) -> Pixels:
    """The centre after a resize of the short side, as torchvision's Resize and CenterCrop."""
    side = recipe.short_side
    assert side is not None
    if side < max(height, width):
        raise ProjectError(
            f"A short side of {side} pixels is less than the model's input, {height}x{width}.",
            f"--short-side {max(height, width)} is the least, or --fit cover.",
        )
    rows, columns = image.shape[:2]
    if rows <= columns:
        size = side, int(side * columns / rows)
    else:
        size = int(side * rows / columns), side
    if size[0] * size[1] > MAX_PIXELS:
        raise DataSetError(
            f"A picture of {columns}x{rows} pixels is too narrow: it would be {size[1]}x{size[0]}.",
            "Remove the picture, or use --fit cover.",
        )
    resized = resize(image, recipe, *size)
    top, left = round((size[0] - height) / 2), round((size[1] - width) / 2)
    return resized[top : top + height, left : left + width]


def _letterbox(image: NDArray[np.uint8], recipe: Recipe, height: int, width: int) -> Pixels:
    (tall, wide), (top, left) = _box(image.shape[:2], (height, width), recipe.library)
    inner = resize(image, recipe, tall, wide)
    whole = np.empty((height, width, image.shape[2]), inner.dtype)
    # Channels are still red, green, blue.
    whole[:] = recipe.fill[::-1] if recipe.color == "bgr" else recipe.fill
    whole[top : top + tall, left : left + wide] = inner
    return whole


def _box(
    size: tuple[int, ...], target: tuple[int, int], library: Library
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Size and place of the picture in its box, rounded as the library's users do.

    TensorFlow: resize_with_pad. Pillow: ImageOps.pad. OpenCV has none: Ultralytics' LetterBox.
    """
    (rows, columns), (height, width) = size, target
    if library == "tensorflow":
        ratio = max(np.float32(columns) / np.float32(width), np.float32(rows) / np.float32(height))
        sides = np.float32(rows) / ratio, np.float32(columns) / ratio
        place = int((height - sides[0]) / 2), int((width - sides[1]) / 2)
        return (_within(sides[0], height), _within(sides[1], width)), place
    if library == "pillow":
        tall, wide = height, width
        if columns / rows > width / height:
            tall = _within(round(rows / columns * width), height)
        elif columns / rows < width / height:
            wide = _within(round(columns / rows * height), width)
        return (tall, wide), (round((height - tall) * 0.5), round((width - wide) * 0.5))
    factor = min(height / rows, width / columns)
    tall, wide = _within(round(rows * factor), height), _within(round(columns * factor), width)
    return (tall, wide), ((height - tall) // 2, (width - wide) // 2)


def _within(side: float, room: int) -> int:
    return min(max(int(side), 1), room)


def resize(image: NDArray[np.uint8], recipe: Recipe, height: int, width: int) -> Pixels:
    """uint8 [h, w, C] resized to [height, width, C] by the recipe's library and kernel."""
    if recipe.library == "tensorflow":
        return resize_tensorflow(image, height, width, recipe.resize, bool(recipe.antialias))
    if recipe.library == "pillow":
        return _by_pillow(image, _PILLOW[recipe.resize], height, width)
    return _by_opencv(image, _OPENCV[recipe.resize], height, width)


def _by_opencv(image: NDArray[np.uint8], kernel: str, height: int, width: int) -> Pixels:
    try:
        import cv2
    except ImportError as error:
        raise missing_error(["opencv-python-headless"], "Resizing images") from error
    resized = cv2.resize(image, (width, height), interpolation=getattr(cv2, kernel))
    return np.asarray(resized, dtype=np.uint8).reshape(height, width, -1)


def _by_pillow(image: NDArray[np.uint8], kernel: str, height: int, width: int) -> Pixels:
    try:
        from PIL import Image
    except ImportError as error:
        raise missing_error(["pillow"], "Resizing images") from error
    flat: NDArray[Any] = image[:, :, 0] if image.shape[2] == 1 else image
    resized = Image.fromarray(flat).resize((width, height), getattr(Image.Resampling, kernel))
    return np.asarray(resized, dtype=np.uint8).reshape(height, width, -1)
