"""The few letters and digits that signs carry, as strokes of our own (no font is needed)."""

from __future__ import annotations

from functools import cache

import numpy as np

from mcuzoo.data.drawn_signs.geometry import Points, arc, joined, points, stroke


@cache
def _centerlines(character: str) -> tuple[Points, ...]:
    """Return the centerlines of a character in the unit square."""
    if character in "0O":
        return (arc((0.5, 0.5), (0.5, 0.5), 0, 360),)
    if character == "3":
        upper = arc((0.48, 0.25), (0.46, 0.25), 205, 450)
        lower = arc((0.48, 0.74), (0.52, 0.26), 270, 515)
        return upper, lower
    if character == "5":
        bowl = arc((0.48, 0.69), (0.52, 0.31), 230, 515)
        return (joined([points((0.92, 0.0), (0.22, 0.0)), bowl]),)
    if character == "8":
        return arc((0.5, 0.24), (0.44, 0.24), 0, 360), arc((0.5, 0.74), (0.5, 0.26), 0, 360)
    if character == "S":
        upper = arc((0.5, 0.25), (0.48, 0.25), -25, -270)
        lower = arc((0.5, 0.75), (0.5, 0.25), 270, 515)
        return (joined([upper, lower[1:]]),)
    if character == "T":
        return points((0, 0), (1, 0)), points((0.5, 0), (0.5, 1))
    if character == "P":
        bowl = arc((0.5, 0.27), (0.5, 0.27), 270, 450)
        return points((0, 0), (0, 1)), joined([points((0, 0)), bowl, points((0, 0.54))])
    raise ValueError(f"no glyph for {character!r}")


def lettering(
    text: str, *, glyph_width: float, height: float, gap: float, line_width: float
) -> list[Points]:
    """Return the polygons of `text`, centred on the origin; the sizes include the line width."""
    pitch = glyph_width + gap
    left = -(pitch * len(text) - gap) / 2
    size = np.array([glyph_width - line_width, height - line_width])
    polygons = []
    for position, character in enumerate(text):
        corner = np.array([left + position * pitch, -height / 2]) + line_width / 2
        polygons += [stroke(corner + line * size, line_width) for line in _centerlines(character)]
    return polygons
