"""Anti-aliased filling of polygons, by OpenCV on a finer grid that is then averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuzoo.data.drawn_signs.geometry import Points
from mcuzoo.extras import missing_error

Image = npt.NDArray[np.float32]
"""An RGB image, float32 [H, W, 3], 0 to 255."""

Mask = npt.NDArray[np.float32]
"""Coverage, float32 [H, W, 1], 0 to 1."""

Colour = Sequence[float] | npt.NDArray[Any]
"""Red, green and blue, 0 to 255; values beyond are clipped."""

_OVERSAMPLING = 3
_SUBPIXEL_BITS = 4


def load_cv2() -> Any:
    """Import OpenCV. Raises MissingExtraError when it is not installed."""
    try:
        import cv2
    except ImportError:
        raise missing_error(["opencv-python-headless"], "Drawing signs") from None
    return cv2


class Sheet:
    """A transparent square to draw coloured polygons on, in pixel coordinates."""

    def __init__(self, size: int) -> None:
        self._cv2 = load_cv2()
        self._size = size
        fine = size * _OVERSAMPLING
        self._rgba = np.zeros((fine, fine, 4), np.uint8)

    def fill(self, polygons: Sequence[Points], colour: Colour) -> None:
        """Fill each polygon (pixel coordinates, pixel centres at .5) with an RGB colour."""
        unit = _OVERSAMPLING << _SUBPIXEL_BITS
        # OpenCV puts pixel centres at whole numbers.
        half = (1 << _SUBPIXEL_BITS) / 2
        opaque = (*(int(min(max(value, 0), 255)) for value in colour), 255)
        for polygon in polygons:
            corners = [np.rint(polygon * unit - half).astype(np.int32)]
            self._cv2.fillPoly(self._rgba, corners, opaque, shift=_SUBPIXEL_BITS)

    def coverage(self) -> Mask:
        """Return how much of each pixel is covered, float32 [size, size, 1]."""
        return np.asarray(self._averaged()[..., 3:] / 255, dtype=np.float32)

    def over(self, image: Image) -> Image:
        """Return `image` [size, size, 3] with this sheet on top of it."""
        # What is not covered is black, so the averaged colour is already weighted by coverage.
        sheet = self._averaged()
        return np.asarray(image * (1 - sheet[..., 3:] / 255) + sheet[..., :3], dtype=np.float32)

    def _averaged(self) -> npt.NDArray[np.float32]:
        cv2 = self._cv2
        small = cv2.resize(self._rgba, (self._size, self._size), interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.float32)


def cloud(rng: np.random.Generator, size: int, cells: int) -> Mask:
    """Return smooth random values, float32 [size, size, 1], mostly within -1 to 1."""
    cv2 = load_cv2()
    coarse = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
    smooth = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth, dtype=np.float32)[..., None]
