"""Polygons of the sign faces: x grows to the right, y grows downwards, angles turn clockwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

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
