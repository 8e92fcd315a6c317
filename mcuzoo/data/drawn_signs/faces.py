"""What each class looks like: flat coloured polygons in a square from -1 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.raster import (
    Points,
    arc,
    arrow,
    circle,
    joined,
    mirrored,
    points,
    rectangle,
    regular_polygon,
    rounded,
    scaled,
    stroke,
)


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


Rgb = tuple[int, int, int]

RED: Rgb = (196, 24, 32)
BLUE: Rgb = (14, 82, 168)
YELLOW: Rgb = (250, 190, 20)
WHITE: Rgb = (240, 240, 236)
BLACK: Rgb = (24, 24, 26)
HOUSING: Rgb = (38, 40, 42)
LENS_UNLIT: tuple[Rgb, Rgb, Rgb] = ((70, 26, 26), (74, 58, 24), (22, 60, 44))
LENS_LIT: tuple[Rgb, Rgb, Rgb] = ((255, 44, 36), (255, 186, 30), (40, 244, 150))
_LENS_Y = (-0.62, 0.0, 0.62)
_LENS_RADIUS = 0.26


@dataclass(frozen=True)
class Layer:
    """Polygons of one colour, drawn over the layers before it.

    polygons: corners in face units.
    """

    colour: Rgb
    polygons: tuple[Points, ...]


@dataclass(frozen=True)
class Lamp:
    """A lit lens, which shines beyond its rim. `center` and `radius` are in face units.

    colour: of the lens.
    """

    colour: Rgb
    center: tuple[float, float]
    radius: float


@dataclass(frozen=True)
class Face:
    """The front of a sign or traffic light; the first layer is its whole outline.

    layers: from back to front. lamp: None if none is lit.
    """

    layers: tuple[Layer, ...]
    lamp: Lamp | None = None


@cache
def face_of(class_index: int) -> Face:
    """Return the face of a class. Raises IndexError for a class that does not exist."""
    name = CLASS_NAMES[class_index]
    if name.startswith("speed_limit_"):
        return _speed_limit(name.removeprefix("speed_limit_"))
    if name.startswith("light_"):
        return _traffic_light(("red", "yellow", "green").index(name.removeprefix("light_")))
    return {
        "stop": _stop,
        "yield": _yield,
        "no_entry": _no_entry,
        "priority_road": _priority_road,
        "pedestrian_crossing": _pedestrian_crossing,
        "roundabout": _roundabout,
        "turn_left": _turn_left,
        "turn_right": _turn_right,
        "road_works": _road_works,
        "no_parking": _no_parking,
    }[name]()


def _face(*layers: tuple[Rgb, list[Points]]) -> Face:
    return Face(tuple(Layer(colour, tuple(polygons)) for colour, polygons in layers))


def _disc(radius: float) -> list[Points]:
    return [circle((0.0, 0.0), radius)]


def _stop() -> Face:
    text = lettering("STOP", glyph_width=0.34, height=0.66, gap=0.075, line_width=0.125)
    return _face(
        (WHITE, [regular_polygon(8, 1.05, 22.5)]),
        (RED, [regular_polygon(8, 0.97, 22.5)]),
        (WHITE, text),
    )


def _yield() -> Face:
    triangle = points((-1.03, -0.86), (1.03, -0.86), (0.0, 0.92))
    return _face(
        (WHITE, [rounded(triangle, 0.2)]),
        (RED, [rounded(scaled(triangle, 0.95), 0.19)]),
        (WHITE, [rounded(scaled(triangle, 0.56), 0.06)]),
    )


def _no_entry() -> Face:
    return _face(
        (WHITE, _disc(1.0)), (RED, _disc(0.95)), (WHITE, [rectangle(-0.72, -0.18, 0.72, 0.18)])
    )


def _speed_limit(number: str) -> Face:
    text = lettering(number, glyph_width=0.52, height=0.96, gap=0.09, line_width=0.155)
    return _face((WHITE, _disc(1.0)), (RED, _disc(0.96)), (WHITE, _disc(0.77)), (BLACK, text))


def _priority_road() -> Face:
    return _face(
        (BLACK, [rounded(regular_polygon(4, 1.12, 0), 0.16)]),
        (WHITE, [rounded(regular_polygon(4, 1.08, 0), 0.15)]),
        (BLACK, [rounded(regular_polygon(4, 0.76, 0), 0.07)]),
        (YELLOW, [rounded(regular_polygon(4, 0.71, 0), 0.06)]),
    )


def _pedestrian_crossing() -> Face:
    walker = [
        circle((0.04, -0.24), 0.095),
        stroke(points((0.02, -0.14), (-0.02, 0.22)), 0.2),
        stroke(points((0.02, 0.16), (0.16, 0.4), (0.14, 0.62)), 0.1),
        stroke(points((-0.05, 0.16), (-0.12, 0.4), (-0.28, 0.6)), 0.1),
        stroke(points((0.04, -0.1), (0.2, 0.06), (0.3, 0.12)), 0.075),
        stroke(points((-0.02, -0.1), (-0.18, 0.08), (-0.2, 0.2)), 0.075),
    ]
    stripes = [
        points((x, 0.5), (x + 0.1, 0.5), (x + 0.1 + 0.3 * x, 0.68), (x + 0.3 * x, 0.68))
        for x in (-0.42, -0.05, 0.32)
    ]
    return _face(
        (WHITE, [rounded(rectangle(-0.96, -0.96, 0.96, 0.96), 0.14)]),
        (BLUE, [rounded(rectangle(-0.9, -0.9, 0.9, 0.9), 0.12)]),
        (WHITE, [points((-0.82, 0.74), (0.82, 0.74), (0.0, -0.72))]),
        (BLACK, walker + stripes),
    )


def _roundabout() -> Face:
    arrows = []
    for start_deg in (70, 190, 310):
        arrows += arrow(arc((0, 0), (0.54, 0.54), start_deg, start_deg - 66), 0.19, 0.25)
    return _face((WHITE, _disc(1.0)), (BLUE, _disc(0.95)), (WHITE, arrows))


def _turn_right_arrow() -> list[Points]:
    bend = arc((-0.04, 0.06), (0.2, 0.2), 180, 270)
    path = joined([points((-0.24, 0.66)), bend, points((0.2, -0.14))])
    return arrow(path, 0.24, 0.42)


def _turn_right() -> Face:
    return _face((WHITE, _disc(1.0)), (BLUE, _disc(0.95)), (WHITE, _turn_right_arrow()))


def _turn_left() -> Face:
    left = [mirrored(polygon) for polygon in _turn_right_arrow()]
    return _face((WHITE, _disc(1.0)), (BLUE, _disc(0.95)), (WHITE, left))


def _road_works() -> Face:
    triangle = points((-1.03, 0.86), (1.03, 0.86), (0.0, -0.92))
    worker = [
        circle((0.02, -0.2), 0.1),
        stroke(points((-0.06, -0.1), (-0.16, 0.24)), 0.19),
        stroke(points((-0.14, 0.2), (-0.04, 0.44), (-0.08, 0.68)), 0.1),
        stroke(points((-0.2, 0.2), (-0.3, 0.44), (-0.42, 0.68)), 0.1),
        stroke(points((-0.05, -0.06), (0.12, 0.12), (0.2, 0.28)), 0.075),
        stroke(points((-0.14, 0.1), (0.16, 0.26), (0.36, 0.5)), 0.06),
        arc((0.38, 0.68), (0.24, 0.24), 180, 360),
    ]
    return _face(
        (WHITE, [rounded(triangle, 0.2)]),
        (RED, [rounded(scaled(triangle, 0.95), 0.19)]),
        (WHITE, [rounded(scaled(triangle, 0.67), 0.06)]),
        (BLACK, [0.88 * polygon + np.array([0.04, 0.04]) for polygon in worker]),
    )


def _no_parking() -> Face:
    slash = stroke(points((-0.6, -0.6), (0.6, 0.6)), 0.2)
    return _face((WHITE, _disc(1.0)), (RED, _disc(0.96)), (BLUE, _disc(0.74)), (RED, [slash]))


def _traffic_light(lit: int) -> Face:
    backplate = rounded(rectangle(-0.56, -1.14, 0.56, 1.14), 0.2)
    housing = rounded(rectangle(-0.42, -1.0, 0.42, 1.0), 0.16)
    layers = [Layer(BLACK, (backplate,)), Layer(HOUSING, (housing,))]
    for place, y in enumerate(_LENS_Y):
        colour = LENS_LIT[place] if place == lit else LENS_UNLIT[place]
        visor = stroke(arc((0.0, y), (0.31, 0.31), 190, 350), 0.07)
        layers += [Layer(BLACK, (visor,)), Layer(colour, (circle((0.0, y), _LENS_RADIUS),))]
    return Face(tuple(layers), Lamp(LENS_LIT[lit], (0.0, _LENS_Y[lit]), _LENS_RADIUS))
