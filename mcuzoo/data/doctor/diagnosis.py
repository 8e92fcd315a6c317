"""Find the way of preprocessing, right or wrong, that reproduces a given tensor. If no known
resizer does, find what the tensor still proves.

A picture that another program resized differs from ours nearly everywhere. Then only facts that
hold for every resizer are used, and each answer may be "undecided".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.doctor.ways import (
    OFFSETS,
    RIGHT_OFFSET,
    VALUE_MAPS,
    VALUE_MISTAKES,
    Making,
    Mistake,
    darkest_around,
    makings,
    mapped,
    mistakes_of,
    other_crop,
    swap_of,
    value_maps,
)
from mcuzoo.project.recipe import Recipe

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


class Answer(Enum):
    """The answer to one question about a tensor."""

    NO = "no"
    YES = "yes"
    UNDECIDED = "undecided"


def is_nearer(
    pixels: NDArray[np.int16], one: NDArray[np.uint8], other: NDArray[np.uint8]
) -> Answer:
    """Whether `pixels` are of the picture `one` and not of the `other`; all [H, W, C].

    Only places where the two differ visibly count; nine in ten values must agree there.
    """
    first, second = one.astype(np.int16), other.astype(np.int16)
    apart = np.abs(first - second) > _APART
    if np.count_nonzero(apart) < _FEWEST_APART:
        return Answer.UNDECIDED
    nearer = (np.abs(pixels - first) < np.abs(pixels - second))[apart].mean()
    if nearer >= _MAJORITY:
        return Answer.YES
    return Answer.NO if nearer <= 1 - _MAJORITY else Answer.UNDECIDED


def white_wraps(
    pixels: NDArray[np.int16], made: NDArray[np.uint8], darkest: NDArray[np.uint8]
) -> Answer:
    """Whether white became black; all [H, W, C], `pixels` as an offset of 128 has them.

    `darkest`: the darkest pixel of the picture around each place. Where even that is light, no
    resizer makes black; a single dark value in a white place may be a fine line that ours missed.
    """
    black = pixels <= _WRAPPED_TO
    if np.any(black & (darkest >= _SURELY_LIGHT)):
        return Answer.YES
    return Answer.UNDECIDED if np.any(black & (made >= _NEARLY_WHITE)) else Answer.NO


def is_one_too_high(pixels: NDArray[np.int16], made: NDArray[np.uint8]) -> Answer:
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
    # At the ends of the range, losses go in one direction only.
    usable = (made > _NEARLY_BLACK) & (made < _NEARLY_WHITE) & (np.abs(difference) <= _CLIPPED)
    if np.count_nonzero(usable) < _FEWEST:
        return Answer.UNDECIDED
    spread, shapes = _detail(picture)
    offset, error = _constant_of_fit(
        np.stack([np.ones_like(picture), *shapes], axis=-1)[usable],
        difference[usable],
        1 / (0.5 + _DETAIL * spread[usable]) ** 2,
        _patches(made.shape)[usable],
    )
    low, high = offset - _SURE * error - _MODEL_ERROR, offset + _SURE * error + _MODEL_ERROR
    if low > _BELOW and high < _BETWEEN:
        return Answer.NO
    return Answer.YES if low > _BETWEEN and high < _BEYOND else Answer.UNDECIDED


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


FOREIGN = 20.0
"""Mean difference in grey levels beyond which a tensor is of another picture altogether."""


Pictures = list[tuple[Making, NDArray[np.uint8]]]
Doubt = tuple[tuple[Mistake, ...], ...]
"""Alternatives: one of these sets of mistakes was made. The empty set means no mistake."""


@dataclass(frozen=True)
class Diagnosis:
    """exact: the tensor is reproduced byte for byte; else this is the nearest way.

    equal: the fraction of values that are; mean_difference: in grey levels. mistakes: differences
    from the model's preprocessing that are sure, worst first. undecided: not clear from this
    picture. making: how the tensor was made of the picture.
    """

    making: Making
    values: str
    exact: bool
    equal: float
    mean_difference: float
    mistakes: tuple[Mistake, ...]
    undecided: tuple[Doubt, ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether the tensor is of another picture, as far as can be told."""
        return self.mean_difference > FOREIGN

    @property
    def wrong(self) -> bool:
        """Whether something is surely wrong, even if it is not decided what."""
        return (
            self.foreign or bool(self.mistakes) or not all(() in doubt for doubt in self.undecided)
        )


def diagnose(
    image: NDArray[np.uint8],
    tensor: NDArray[np.int8],
    recipe: Recipe,
    scale: float = 1.0,
    zero_point: int = 0,
) -> Diagnosis:
    """Find out how `tensor`, int8 [H, W, C], was made of `image`, uint8 [h, w, C].

    scale, zero_point: of the model's input; they count where the recipe normalizes. If several ways
    reproduce the tensor, the one with the fewest mistakes counts. If none of several contains
    another, only their common mistakes are sure. If no way reproduces it (another program resized
    the picture, or it was stored with losses), the mistakes come from `evidence`.
    """
    pictures = list(makings(image, tensor.shape, recipe))
    maps = value_maps(recipe, scale, zero_point)
    exact = _exactly(pictures, tensor, recipe, maps)
    if exact is not None:
        return exact
    if recipe.pixel_offset is None:
        return _nearest_normalized(pictures, tensor, image, recipe, maps)
    return _nearest(pictures, tensor, image, recipe)


Maps = dict[str, NDArray[np.int8]]


def _exactly(
    pictures: Pictures, tensor: NDArray[np.int8], recipe: Recipe, maps: Maps
) -> Diagnosis | None:
    ways = [
        (making, name, mistakes_of(making, name, recipe))
        for making, made in pictures
        for name, values in maps.items()
        if np.array_equal(mapped(values, made), tensor)
    ]
    if not ways:
        return None
    ways.sort(key=lambda way: len(way[2]))
    rivals: list[tuple[Mistake, ...]] = []
    for _, _, mistakes in ways:
        if not any(_names(fewer) <= _names(mistakes) for fewer in rivals):
            rivals.append(mistakes)
    sure, doubts = _weigh(rivals)
    return Diagnosis(ways[0][0], ways[0][1], True, 1.0, 0.0, sure, doubts)


def _nearest_normalized(
    pictures: Pictures,
    tensor: NDArray[np.int8],
    image: NDArray[np.uint8],
    recipe: Recipe,
    maps: Maps,
) -> Diagnosis:
    """The nearest way where mean and deviation are applied: each value is taken back to the pixel
    of the nearest level, and only order and crop are told."""
    values = min(
        maps,
        key=lambda name: min(
            float(np.abs(mapped(maps[name], made).astype(np.int16) - tensor).mean())
            for _, made in pictures
        ),
    )
    pixels = _pixels_of_levels(maps[values], tensor)
    restored = (pixels - 128).astype(np.int8)
    making, made = _best(pictures, restored)
    difference = np.abs(made.astype(np.int16) - pixels)
    equal, mean = float(np.mean(difference == 0)), float(difference.mean())
    if mean > FOREIGN:
        return Diagnosis(making, values, False, equal, mean, ())
    questions = [
        _order(pixels, made, making, image, recipe),
        [VALUE_MISTAKES[values]],
        _crop(pictures, restored, pixels),
    ]
    return _told(making, values, equal, mean, questions)


def _pixels_of_levels(values: NDArray[np.int8], tensor: NDArray[np.int8]) -> NDArray[np.int16]:
    """The pixels, int16 [H, W, C], whose levels are nearest to int8 [H, W, C]."""
    every = np.arange(-128, 128)[:, np.newaxis]
    tables = [
        np.abs(values[:, channel].astype(np.int16) - every).argmin(axis=1)
        for channel in range(values.shape[1])
    ]
    table = np.stack(tables, axis=1).astype(np.int16)
    channels = np.arange(tensor.shape[2]) if values.shape[1] > 1 else 0
    found: NDArray[np.int16] = table[tensor.astype(np.int16) + 128, channels]
    return found


def _nearest(
    pictures: Pictures,
    tensor: NDArray[np.int8],
    image: NDArray[np.uint8],
    recipe: Recipe,
) -> Diagnosis:
    making, made = _best(pictures, tensor)
    plain = _distance(made, tensor, "no-offset") < _distance(made, tensor, RIGHT_OFFSET)
    pixels = tensor.view(np.uint8).astype(np.int16) if plain else tensor.astype(np.int16) + 128
    darkest = darkest_around(image, tensor.shape, recipe, making)
    values = ["no-offset"] if plain else _possible_values(pixels, made, darkest)
    difference = np.abs(VALUE_MAPS[values[0]][made].astype(np.int16) - tensor)
    equal, mean = float(np.mean(difference == 0)), float(difference.mean())
    if mean > FOREIGN:
        return Diagnosis(making, values[0], False, equal, mean, ())
    questions = [
        _order(pixels, made, making, image, recipe),
        [VALUE_MISTAKES[name] for name in values],
        _crop(pictures, tensor, pixels),
    ]
    return _told(making, values[0], equal, mean, questions)


def _told(
    making: Making,
    values: str,
    equal: float,
    mean: float,
    questions: list[list[tuple[Mistake, ...]]],
) -> Diagnosis:
    answers = [_weigh(possible) for possible in questions]
    return Diagnosis(
        making,
        values,
        False,
        equal,
        mean,
        tuple(mistake for sure, _ in answers for mistake in sure),
        tuple(doubt for _, doubts in answers for doubt in doubts),
    )


def _weigh(possible: list[tuple[Mistake, ...]]) -> tuple[tuple[Mistake, ...], tuple[Doubt, ...]]:
    """The mistakes that all sets have in common, and what is left undecided, if anything."""
    common = _names(possible[0]).intersection(*map(_names, possible))
    sure = tuple(one for one in possible[0] if one.name in common)
    doubt = tuple(tuple(one for one in rival if one.name not in common) for rival in possible)
    return sure, (doubt,) if len(possible) > 1 else ()


def _names(mistakes: tuple[Mistake, ...]) -> set[str]:
    return {mistake.name for mistake in mistakes}


def _possibly(told: Answer, mistake: Mistake) -> list[tuple[Mistake, ...]]:
    if told is Answer.UNDECIDED:
        return [(), (mistake,)]
    return [(mistake,)] if told is Answer.YES else [()]


def _order(
    pixels: NDArray[np.int16],
    made: NDArray[np.uint8],
    making: Making,
    image: NDArray[np.uint8],
    recipe: Recipe,
) -> list[tuple[Mistake, ...]]:
    """The mistakes that the order of the channels may be."""
    if np.array_equal(image[:, :, 0], image[:, :, -1]):
        return [()]
    other = made[:, :, ::-1]
    right, swapped = (other, made) if making.swapped else (made, other)
    return _possibly(is_nearer(pixels, swapped, right), swap_of(recipe))


def _crop(
    pictures: Pictures, tensor: NDArray[np.int8], pixels: NDArray[np.int16]
) -> list[tuple[Mistake, ...]]:
    """The mistakes that the part of the picture may be."""
    wrong = [one for one in pictures if not one[0].right_crop]
    if not wrong:
        return [()]
    making, other = _best(wrong, tensor)
    _, right = _best([one for one in pictures if one[0].right_crop], tensor)
    if np.array_equal(right, other):
        return [()]
    return _possibly(is_nearer(pixels, other, right), other_crop(making, exact=False))


def _possible_values(
    pixels: NDArray[np.int16], made: NDArray[np.uint8], darkest: NDArray[np.uint8]
) -> list[str]:
    """The names of the value maps that may have been used, the most harmless first."""
    both = {Answer.NO: (False,), Answer.YES: (True,), Answer.UNDECIDED: (False, True)}
    names = {
        (False, False): RIGHT_OFFSET,
        (False, True): "wrap-255",
        (True, False): "p-127",
        (True, True): "p-127-wrap",
    }
    high, wraps = is_one_too_high(pixels, made), white_wraps(pixels, made, darkest)
    return [names[one, other] for one in both[high] for other in both[wraps]]


def _best(pictures: Pictures, tensor: NDArray[np.int8]) -> tuple[Making, NDArray[np.uint8]]:
    return min(pictures, key=lambda one: min(_distance(one[1], tensor, name) for name in OFFSETS))


def _distance(made: NDArray[np.uint8], tensor: NDArray[np.int8], values: str) -> float:
    difference = np.abs(VALUE_MAPS[values][made].astype(np.int16) - tensor)
    return float(np.minimum(difference, _CLIPPED).mean())
