"""Polygons (x grows to the right, y downwards, angles turn clockwise) and their anti-aliased
filling, by OpenCV on a finer grid that is then averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuzoo.extras import missing_error

Points = npt.NDArray[np.float64]
"""A polygon or polyline, float64 [N, 2] (a single point or direction: [2])."""

_ARC_STEP_DEG = 7.5
_MITER_LIMIT = 2.0


def points(*xy: tuple[float, float]) -> Points:
    """Return the given corners as one float64 [N, 2] array."""
    return np.array(xy, dtype=np.float64)


def arc(
    center: tuple[float, float], radii: tuple[float, float], start_deg: float, stop_deg: float
) -> Points:
    """Return a polyline along an ellipse from `start_deg` to `stop_deg` (0 = right, 90 = down)."""
    steps = max(2, int(np.ceil(abs(stop_deg - start_deg) / _ARC_STEP_DEG)) + 1)
    angles = np.radians(np.linspace(start_deg, stop_deg, steps))
    return np.asarray(center) + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii


def circle(center: tuple[float, float], radius: float) -> Points:
    """Return a circle as a closed polygon."""
    return arc(center, (radius, radius), 0, 360)


def regular_polygon(sides: int, radius: float, phase_deg: float) -> Points:
    """Return a regular polygon around the origin, its first corner at `phase_deg`."""
    angles = np.radians(phase_deg + 360.0 * np.arange(sides) / sides)
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """Return an axis-parallel rectangle."""
    return points((left, top), (right, top), (right, bottom), (left, bottom))


def rounded(polygon: Points, tangent_length: float) -> Points:
    """Replace each corner by a quadratic Bezier curve that begins `tangent_length` before it."""
    weights = np.linspace(0, 1, 7)[:, None]
    corners = []
    for corner, before, after in zip(
        polygon, np.roll(polygon, 1, axis=0), np.roll(polygon, -1, axis=0), strict=True
    ):
        start = corner + tangent_length * _unit(before - corner)
        stop = corner + tangent_length * _unit(after - corner)
        curve = (1 - weights) ** 2 * start + 2 * weights * (1 - weights) * corner
        corners.append(curve + weights**2 * stop)
    return np.concatenate(corners)


def scaled(polygon: Points, factor: float) -> Points:
    """Scale a polygon about the mean of its points."""
    center: Points = polygon.mean(axis=0)
    return center + (polygon - center) * factor


def mirrored(polygon: Points) -> Points:
    """Mirror left and right."""
    return polygon * points((-1.0, 1.0))


def stroke(polyline: Points, width: float) -> Points:
    """Return the outline of a mitred line of the given width, with square ends.

    A polyline whose last point is its first is joined there without an end.
    """
    directions = np.diff(polyline, axis=0)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    closed = bool(np.allclose(polyline[0], polyline[-1]))
    before = np.concatenate([directions[-1:] if closed else directions[:1], directions])
    after = np.concatenate([directions, directions[:1] if closed else directions[-1:]])
    bisector = before + after
    bisector /= np.linalg.norm(bisector, axis=1, keepdims=True)
    cosine = np.maximum((bisector * before).sum(axis=1, keepdims=True), 1 / _MITER_LIMIT)
    offset = width / 2 / cosine * np.stack([-bisector[:, 1], bisector[:, 0]], axis=1)
    return np.concatenate([polyline + offset, (polyline - offset)[::-1]])


def arrow(polyline: Points, width: float, head: float) -> list[Points]:
    """Return a line and, past its last point, a triangular head of length and half width `head`."""
    tip_direction = _unit(polyline[-1] - polyline[-2])
    normal = np.array([-tip_direction[1], tip_direction[0]])
    end = polyline[-1]
    triangle = np.stack([end + head * normal, end + head * tip_direction, end - head * normal])
    return [stroke(polyline, width), triangle]


def joined(parts: Sequence[Points]) -> Points:
    """Join polylines end to end."""
    return np.concatenate(list(parts))


def _unit(vector: Points) -> Points:
    direction: Points = vector / np.linalg.norm(vector)
    return direction


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
