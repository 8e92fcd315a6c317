"""What a tensor tells of the way it was made when no known resizer reproduces it.

A picture that another program resized differs from ours nearly everywhere. What holds for any
resizer is used here, and each answer may be "cannot be told".
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

_APART = 16
_FEWEST_APART = 12
_MAJORITY = 0.9

_NEARLY_BLACK, _NEARLY_WHITE = 5, 250
_SURELY_LIGHT = 100
_WRAPPED_TO = 8

_CLIPPED = 64
_FEWEST = 50
_DETAIL = 0.1
_PATCH, _FEWEST_PATCHES = 8, 6
_ROUNDS = 3
_OUTLIER = 2.0
_SURE = 4.0
_MODEL_ERROR = 0.05
_BELOW, _BETWEEN, _BEYOND = -0.75, 0.45, 1.45


class Told(Enum):
    """An answer, or none."""

    NO = "no"
    YES = "yes"
    UNDECIDED = "undecided"


def is_nearer(pixels: NDArray[np.int16], one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Told:
    """Whether `pixels` are of the picture `one` and not of the `other`; all [H, W, C].

    Where the two are visibly apart, nine in ten values must agree about it.
    """
    first, second = one.astype(np.int16), other.astype(np.int16)
    apart = np.abs(first - second) > _APART
    if np.count_nonzero(apart) < _FEWEST_APART:
        return Told.UNDECIDED
    nearer = (np.abs(pixels - first) < np.abs(pixels - second))[apart].mean()
    if nearer >= _MAJORITY:
        return Told.YES
    return Told.NO if nearer <= 1 - _MAJORITY else Told.UNDECIDED


def white_wraps(
    pixels: NDArray[np.int16], made: NDArray[np.uint8], darkest: NDArray[np.uint8]
) -> Told:
    """Whether white became black; all [H, W, C], `pixels` as an offset of 128 has them.

    `darkest`: the darkest pixel of the picture around each place. Where even that is light, no
    resizer makes black; a single dark value in a white place may be a fine line that ours missed.
    """
    black = pixels <= _WRAPPED_TO
    if np.any(black & (darkest >= _SURELY_LIGHT)):
        return Told.YES
    return Told.UNDECIDED if np.any(black & (made >= _NEARLY_WHITE)) else Told.NO


def is_one_too_high(pixels: NDArray[np.int16], made: NDArray[np.uint8]) -> Told:
    """Whether `pixels` [H, W, C], by an offset of 128, are one level above the picture `made`.

    Two ways of resizing differ, to the second order, by a shift and a blur: multiples of the
    slopes and curvatures of the picture. What is left when those are fitted is the offset and what
    the programs' rounding does on average: cutting off loses half a level, rounding halves up in
    two passes wins up to 0.4 (Pillow's BOX). So an offset of 128 leaves -0.5 to 0.4, one of 127
    leaves 0.5 to 1.4.
    Weighted least squares, places with little detail first and outliers last (Huber's weights);
    its error by the sandwich formula (White, Econometrica 48, 1980), where neighbours, which are
    wrong together, count as one.
    """
    picture = made.astype(np.float64)
    difference = pixels - picture
    # At the ends losses go one way only.
    usable = (made > _NEARLY_BLACK) & (made < _NEARLY_WHITE) & (np.abs(difference) <= _CLIPPED)
    if np.count_nonzero(usable) < _FEWEST:
        return Told.UNDECIDED
    spread, shapes = _detail(picture)
    offset, error = _constant_of_fit(
        np.stack([np.ones_like(picture), *shapes], axis=-1)[usable],
        difference[usable],
        1 / (0.5 + _DETAIL * spread[usable]) ** 2,
        _patches(made.shape)[usable],
    )
    low, high = offset - _SURE * error - _MODEL_ERROR, offset + _SURE * error + _MODEL_ERROR
    if low > _BELOW and high < _BETWEEN:
        return Told.NO
    return Told.YES if low > _BETWEEN and high < _BEYOND else Told.UNDECIDED


def _detail(
    picture: NDArray[np.float64],
) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], ...]]:
    """Spread of the 3x3 pixels around, and slopes and curvatures down and across; [H, W, C]."""
    wide = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(0, 1))
    up, down = wide[:-2, 1:-1], wide[2:, 1:-1]
    left, right = wide[1:-1, :-2], wide[1:-1, 2:]
    shapes = (down - up, right - left, down + up - 2 * picture, right + left - 2 * picture)
    return windows.max(axis=(3, 4)) - windows.min(axis=(3, 4)), shapes


def _patches(shape: tuple[int, ...]) -> NDArray[np.intp]:
    """To which square of the picture each value belongs; [H, W, C]."""
    side = max(2, min(_PATCH, min(shape[:2]) // _FEWEST_PATCHES))
    row, column, _ = np.indices(shape)
    patches: NDArray[np.intp] = row // side * shape[1] + column // side
    return patches


def _constant_of_fit(
    terms: NDArray[np.float64],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    patches: NDArray[np.intp],
) -> tuple[float, float]:
    """The factor of the first of `terms` (N, K) that explain `values` (N,), and its error."""
    trust = np.ones_like(values)
    for _ in range(_ROUNDS):
        weighted = terms * (weights * trust)[:, None]
        inverse = np.linalg.pinv(terms.T @ weighted)
        rest = values - terms @ (inverse @ (weighted.T @ values))
        size = np.abs(rest) * np.sqrt(weights)
        typical = 1.4826 * float(np.median(size))
        trust = np.minimum(1.0, _OUTLIER * typical / np.maximum(size, 1e-9)) if typical else trust
    factors = inverse @ (weighted.T @ values)
    _, where = np.unique(patches, return_inverse=True)
    scores = np.zeros((int(where.max()) + 1, terms.shape[1]))
    np.add.at(scores, where, weighted * rest[:, None])
    variance = inverse @ (scores.T @ scores) @ inverse
    return float(factors[0]), float(np.sqrt(max(0.0, float(variance[0, 0]))))
