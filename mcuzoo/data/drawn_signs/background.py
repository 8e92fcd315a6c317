"""What stands behind a sign: a street, a wall of leaves or bricks, and things in the way."""

from __future__ import annotations

import numpy as np

from mcuzoo.data.drawn_signs.faces import BLUE, RED, WHITE, YELLOW
from mcuzoo.data.drawn_signs.geometry import Points, arc, points, rectangle, regular_polygon
from mcuzoo.data.drawn_signs.raster import Image, Sheet, cloud

_SKIES = (
    ((92, 148, 214), (206, 224, 240)),
    ((150, 160, 172), (214, 218, 222)),
    ((60, 70, 110), (238, 168, 120)),
    ((12, 16, 34), (48, 46, 62)),
)
_FACADES = ((150, 96, 76), (178, 168, 150), (122, 126, 134), (206, 188, 156), (96, 84, 80))
_LEAF = arc((0, 0), (1.0, 0.45), 0, 360)[::4]
_LEAVES = ((40, 74, 30), (66, 98, 40), (88, 108, 52), (104, 90, 44), (28, 52, 30))


def random_background(rng: np.random.Generator, size: int) -> Image:
    """Return a random scene without a sign, float32 [size, size, 3]."""
    kind = rng.choice(3, p=(0.62, 0.23, 0.15))
    image = (_street, _foliage, _wall)[kind](rng, size)
    image = _with_clutter(rng, image)
    grain = sum(cloud(rng, size, cells) * gain for cells, gain in ((5, 14.0), (24, 9.0), (70, 7.0)))
    return np.asarray(image + grain, dtype=np.float32)


def leaves(rng: np.random.Generator, sheet: Sheet, center: Points, spread: float, n: int) -> None:
    """Draw `n` leaves on `sheet` around `center` ([2], pixels), spread by that many pixels."""
    for position in center + rng.normal(0, spread, (n, 2)):
        colour = np.array(_LEAVES[rng.integers(len(_LEAVES))]) * rng.uniform(0.7, 1.35)
        sheet.fill([_leaf(rng, position, rng.uniform(2.5, 7.5))], colour)


def _leaf(rng: np.random.Generator, center: Points, length: float) -> Points:
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    outline: Points = center + length * (_LEAF[:, :1] * along + _LEAF[:, 1:] * across)
    return outline


def _street(rng: np.random.Generator, size: int) -> Image:
    top, bottom = np.array(_SKIES[rng.choice(len(_SKIES), p=(0.4, 0.3, 0.15, 0.15))])
    night = top.sum() < 150
    dim = 0.3 if night else rng.uniform(0.7, 1.1)
    horizon = size * rng.uniform(0.5, 0.85)
    ramp = np.clip(np.arange(size) / horizon, 0, 1)[:, None, None]
    sky = np.broadcast_to(top + (bottom - top) * ramp, (size, size, 3)).astype(np.float32)
    sky = np.asarray(sky + cloud(rng, size, 4) * rng.uniform(0, 22), dtype=np.float32)
    sheet = Sheet(size)
    if rng.random() < 0.75:
        _tree_line(rng, sheet, size, horizon, dim)
    if rng.random() < 0.6:
        _houses(rng, sheet, size, horizon, dim, night)
    ground = np.array(_LEAVES[rng.integers(len(_LEAVES))] if rng.random() < 0.5 else (120,) * 3)
    sheet.fill([rectangle(0, horizon, size, size)], ground * dim)
    vanishing = rng.uniform(0.2, 0.8) * size
    left, right = np.sort(rng.uniform(-0.6, 1.6, 2)) * size
    grey = rng.uniform(60, 105) * dim
    sheet.fill([points((vanishing, horizon), (right, size), (left, size))], (grey, grey, grey + 4))
    middle = (left + right) / 2
    marking = points((vanishing, horizon), (middle + 4, size), (middle - 4, size))
    sheet.fill([marking], (grey * 2.0,) * 3)
    return sheet.over(sky)


def _tree_line(
    rng: np.random.Generator, sheet: Sheet, size: int, horizon: float, dim: float
) -> None:
    x = np.linspace(0, size, 40)
    bumps = np.convolve(rng.uniform(0, 1, 44), np.ones(5) / 5, mode="valid")
    crown = horizon - size * (rng.uniform(0.02, 0.25) + 0.25 * bumps)
    outline = np.concatenate([np.stack([x, crown], axis=1), [[size, horizon], [0, horizon]]])
    sheet.fill([outline], np.array(_LEAVES[rng.integers(len(_LEAVES))]) * dim)


def _houses(
    rng: np.random.Generator, sheet: Sheet, size: int, horizon: float, dim: float, night: bool
) -> None:
    for _ in range(rng.integers(1, 4)):
        left = rng.uniform(-0.2, 0.9) * size
        width, height = rng.uniform(0.2, 0.55, 2) * size
        top = horizon - height
        facade = np.array(_FACADES[rng.integers(len(_FACADES))]) * dim
        sheet.fill([rectangle(left, top, left + width, horizon)], facade)
        pitch = rng.uniform(10, 20)
        pane = (240, 200, 120) if night and rng.random() < 0.6 else facade * 0.55
        windows = [
            rectangle(x, y, x + pitch * 0.5, y + pitch * 0.6)
            for x in np.arange(left + 4, left + width - pitch * 0.6, pitch)
            for y in np.arange(top + 5, horizon - pitch * 0.7, pitch * 1.2)
        ]
        sheet.fill(windows, pane)


def _foliage(rng: np.random.Generator, size: int) -> Image:
    base = np.array(_LEAVES[rng.integers(len(_LEAVES))]) * rng.uniform(0.4, 1.0)
    image = np.asarray(base + cloud(rng, size, 6) * 22, dtype=np.float32)
    sheet = Sheet(size)
    for corner in rng.uniform(0, size, (12, 2)):
        leaves(rng, sheet, corner, size * 0.12, 12)
    return sheet.over(image)


def _wall(rng: np.random.Generator, size: int) -> Image:
    base = np.array(_FACADES[rng.integers(len(_FACADES))]) * rng.uniform(0.6, 1.15)
    image = np.broadcast_to(base * 0.8, (size, size, 3)).astype(np.float32)
    sheet = Sheet(size)
    height = rng.uniform(7, 18)
    width = height * rng.uniform(1.6, 3)
    for row, y in enumerate(np.arange(0, size, height)):
        for x in np.arange(-width * (0.5 if row % 2 else 1), size, width):
            brick = rectangle(x + 0.6, y + 0.6, x + width - 0.6, y + height - 0.6)
            sheet.fill([brick], base * rng.uniform(0.85, 1.12))
    return sheet.over(image)


def _with_clutter(rng: np.random.Generator, image: Image) -> Image:
    """Add poles, wires and bits of shops and cars in the colours of signs."""
    size = image.shape[0]
    sheet = Sheet(size)
    for _ in range(rng.integers(0, 3)):
        x = rng.uniform(0, size)
        lean, thickness = rng.uniform(-6, 6), rng.uniform(0.8, 4)
        grey = (rng.uniform(40, 150),) * 3
        pole = points((x, 0), (x + thickness, 0), (x + lean + thickness, size), (x + lean, size))
        sheet.fill([pole], grey)
    bright = (RED, BLUE, YELLOW, WHITE)
    for _ in range(rng.integers(0, 5)):
        center, radius = rng.uniform(0, size, 2), rng.uniform(3, 14)
        sides = int(rng.choice((3, 4, 24)))
        shape = center + regular_polygon(sides, radius, rng.uniform(0, 360))
        colour = np.array(bright[rng.integers(len(bright))]) * rng.uniform(0.3, 0.9)
        sheet.fill([shape], colour)
    return sheet.over(image)
