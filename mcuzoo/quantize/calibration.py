"""The images that TensorFlow measures the range of every activation on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.item import Item
from mcuzoo.data.labels import Classes
from mcuzoo.data.preprocess import preprocess
from mcuzoo.errors import DataSetError
from mcuzoo.project.manifest import Preprocessing


@dataclass(frozen=True)
class Calibration:
    """images: float32 [n, height, width, channels]; skipped: what could not be used, and why."""

    images: NDArray[np.float32]
    skipped: tuple[str, ...]


def calibration_images(
    source: Path,
    classes: Classes,
    count: int,
    recipe: Preprocessing,
    shape: tuple[int, int, int],
    split: str | None = None,
) -> Calibration:
    """`count` images of a data set, evenly over its classes, always the same ones.

    The first image gets one black and one white corner, so that the range of the input is exactly
    the recipe's and the INT8 input becomes pixel - 128, whatever the images hold. Raises
    DataSetError when there is no usable image.
    """
    low, high = recipe.float_low, recipe.float_high
    tensors, skipped = [], []
    for item in open_data_set(source, classes, count, split).items:
        try:
            pixels = _pixels(item, recipe, shape)
        except DataSetError as error:
            skipped.append(error.message)
        else:
            tensors.append(low + pixels.astype(np.float32) * np.float32((high - low) / 255))
    if not tensors:
        raise DataSetError(
            f"None of the images in {source} can be used: {skipped[0]}",
            "Give images that Pillow can decode.",
        )
    images = np.stack(tensors).astype(np.float32)
    images[0, 0, 0], images[0, -1, -1] = low, high
    return Calibration(images, tuple(skipped))


def _pixels(item: Item, recipe: Preprocessing, shape: tuple[int, int, int]) -> NDArray[np.int16]:
    """0..255, [height, width, channels]."""
    image = item.picture.decode(item.picture.read(), recipe.color)
    return preprocess(image, recipe, shape).astype(np.int16) - recipe.pixel_offset
