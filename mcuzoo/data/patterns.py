"""A few drawn pictures for a model that has none of its own: always the same, and no photographs.

They show that a board computes what the host computes. They say nothing about accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_SIDE = 160
_SEED = 20_262
_SIGNS = (0, 3, 8, 13)
"""Classes of the drawn signs that differ most in colour and shape."""


def pattern_pictures() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Name and pixels, uint8 [height, width, 3], of each: four patterns, four drawn road signs.

    The patterns have the extremes of a pixel, every value between them, edges, and noise. Raises
    MissingExtraError without OpenCV, which draws the signs.
    """
    from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
    from mcuzoo.data.drawn_signs.draw import draw_sign

    down, across = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.int64)
    ramp = across * 255 // (_SIDE - 1)
    yield "ramp", _stacked(ramp, ramp.T, 255 - ramp)
    board = (down // 20 + across // 20) % 2 * 255
    yield "checkers", _stacked(board, board, board)
    rings = ((down - _SIDE // 2) ** 2 + (across - _SIDE // 2) ** 2) // 32 % 256
    yield "rings", _stacked(rings, 255 - rings, rings // 2)
    random = np.random.default_rng(_SEED)
    yield "noise", random.integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
    for label in _SIGNS:
        yield f"sign_{CLASS_NAMES[label]}", draw_sign(label, _SEED, 0)


def _stacked(*channels: NDArray[np.int64]) -> NDArray[np.uint8]:
    return np.stack(channels, axis=2).astype(np.uint8)
