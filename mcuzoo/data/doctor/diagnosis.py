"""Which way of making a tensor, right or wrong, reproduces a given one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.doctor.ways import (
    OFFSETS,
    RIGHT_OFFSET,
    VALUE_MAPS,
    Making,
    Mistake,
    makings,
    mistakes_of,
)
from mcuzoo.project.manifest import Preprocessing

FOREIGN = 20.0
"""Mean difference in grey levels beyond which a tensor is of another picture altogether."""

_CLIPPED = 64
_FLAT_RANGE = 4
_NEARLY_WHITE = 250
_WRAPPED = -120


@dataclass(frozen=True)
class Diagnosis:
    """exact: the tensor is reproduced byte for byte; else this is the nearest way.

    equal: the fraction of values that are; mean_difference: in grey levels. mistakes: what was
    done otherwise than the model's preprocessing says, worst first.
    """

    making: Making
    values: str
    exact: bool
    equal: float
    mean_difference: float
    mistakes: tuple[Mistake, ...]

    @property
    def foreign(self) -> bool:
        """Whether the tensor is of another picture, as far as can be told."""
        return self.mean_difference > FOREIGN


def diagnose(
    image: NDArray[np.uint8], tensor: NDArray[np.int8], recipe: Preprocessing
) -> Diagnosis:
    """Find out how `tensor`, int8 [H, W, C], was made of `image`, uint8 [h, w, C].

    Of all ways that reproduce it the one with the fewest mistakes counts. Where none does (the
    picture was resized by another program, or stored with losses), geometry and channels are those
    that come nearest; the offset is read from places without detail, where all resizers agree,
    and a wrap from white that turned black.
    """
    pictures = [(making, made) for making, made in makings(image, tensor.shape, recipe)]
    for making, values, made in _ways(pictures):
        if np.array_equal(VALUE_MAPS[values][made], tensor):
            return Diagnosis(making, values, True, 1.0, 0.0, mistakes_of(making, values))
    making, made = min(pictures, key=lambda one: _distance(one[1], tensor))
    values = _nearest_values(made, tensor)
    predicted = VALUE_MAPS[values][made]
    difference = np.abs(predicted.astype(np.int16) - tensor)
    return Diagnosis(
        making,
        values,
        False,
        float(np.mean(difference == 0)),
        float(difference.mean()),
        mistakes_of(making, values, exact=False),
    )


def _ways(
    pictures: list[tuple[Making, NDArray[np.uint8]]],
) -> Iterator[tuple[Making, str, NDArray[np.uint8]]]:
    """Every way, those with the fewest mistakes first."""
    found = [(making, values, made) for making, made in pictures for values in VALUE_MAPS]
    found.sort(key=lambda way: len(mistakes_of(way[0], way[1])))
    yield from found


def _distance(made: NDArray[np.uint8], tensor: NDArray[np.int8]) -> float:
    return min(
        float(np.minimum(_difference(made, tensor, values), _CLIPPED).mean()) for values in OFFSETS
    )


def _difference(
    made: NDArray[np.uint8], tensor: NDArray[np.int8], values: str
) -> NDArray[np.int16]:
    difference: NDArray[np.int16] = np.abs(VALUE_MAPS[values][made].astype(np.int16) - tensor)
    return difference


def _nearest_values(made: NDArray[np.uint8], tensor: NDArray[np.int8]) -> str:
    flat = _flat(made) & (made < _NEARLY_WHITE)
    if not flat.any():
        flat = np.ones_like(flat)
    offset = min(OFFSETS, key=lambda values: float(_difference(made, tensor, values)[flat].mean()))
    wrapped = bool(np.any((made >= _NEARLY_WHITE) & (tensor <= _WRAPPED)))
    if not wrapped:
        return offset
    return {RIGHT_OFFSET: "wrap-255", "p-127": "p-127-wrap"}.get(offset, offset)


def _flat(made: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the 3x3 pixels around differ by no more than a few levels."""
    wide = np.pad(made, ((1, 1), (1, 1), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(0, 1))
    spread = windows.max(axis=(3, 4)).astype(np.int16) - windows.min(axis=(3, 4))
    calm: NDArray[np.bool_] = spread <= _FLAT_RANGE
    return calm
