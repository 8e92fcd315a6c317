"""Which normalization a model was trained with, as far as scale and zero point of its input say.

A converter takes them from the real values that it sees while it calibrates: from the value of
pixel 0 to that of pixel 255. So they name a usual normalization without any picture, unless the
pictures of the calibration had no black or no white.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.apply import quantized
from mcuzoo.project.recipe import Color, Recipe, normalization

SCALE_TOLERANCE = 0.01
ZERO_POINT_TOLERANCE = 1
SAME_STEPS = 1
"""Normalizations that differ by no more at any pixel are one: which of them was meant is a matter
of rounding."""

_FEWEST_STEPS = 64
_MOST_CLIPPED = 0.5


@dataclass(frozen=True)
class Numbers:
    """A normalization: real = (pixel * scale - mean) / std. mean, std: red, green, blue, or one for
    all channels. pixel_offset: as in Recipe."""

    name: str
    scale: float
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    pixel_offset: int | None = None

    def given_to(self, recipe: Recipe, color: Color) -> Recipe:
        """`recipe` with these numbers and this colour; each channel keeps its own numbers."""
        step = -1 if color == "bgr" else 1
        mean, std = self.mean[::step], self.std[::step]
        if color == "gray":
            mean, std = mean[:1], std[:1]
        return replace(
            recipe,
            color=color,
            scale=self.scale,
            mean=mean,
            std=std,
            pixel_offset=self.pixel_offset,
            fill=recipe.fill if len(recipe.fill) in (1, len(mean)) else recipe.fill[:1],
        )


def numbers_of(recipe: Recipe, name: str) -> Numbers:
    """The normalization of `recipe` under a name."""
    step = -1 if recipe.color == "bgr" else 1
    return Numbers(name, recipe.scale, recipe.mean[::step], recipe.std[::step], recipe.pixel_offset)


def _named(name: str) -> Numbers:
    return numbers_of(replace(Recipe(), **normalization(name)), name)


_USUAL = (
    *(_named(name) for name in ("raw", "unit", "tf", "torch", "caffe")),
    # CIFAR-10's own, of the pixels 0..1: as most PyTorch examples for it have them.
    Numbers("cifar10", 1 / 255, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    # -0.5..0.5, which Edge Impulse and older TensorFlow examples use.
    Numbers("pixel / 255 - 0.5", 1 / 255, (0.5,)),
    Numbers("pixel - 128, real", 1.0, (128.0,)),
)
_USUAL_GRAY = (
    *(one for one in _USUAL if len(one.mean) == 1),
    # MNIST's own, of the pixels 0..1: PyTorch's example.
    Numbers("mnist", 1 / 255, (0.1307,), (0.3081,)),
)


def usual_numbers(channels: int) -> tuple[Numbers, ...]:
    """The usual normalizations for colour or gray."""
    return _USUAL if channels == 3 else _USUAL_GRAY


@dataclass(frozen=True)
class RangeRule:
    """What scale and zero point of a model's input say.

    in_play: the normalizations worth trying, the declared one first; those that give the same
    inputs are there once. named: names of those of them whose range it is, usually one; usual: the
    names that these normalizations usually have. Both are empty if the range is that of no usual
    normalization. low, high: real values at both ends of int8.
    """

    low: float
    high: float
    in_play: tuple[Numbers, ...]
    named: tuple[str, ...]
    usual: tuple[str, ...]


def range_rule(declared: Recipe, name: str, scale: float, zero_point: int) -> RangeRule:
    """Compare the range of the model's input, real = scale * (q - zero_point), with what usual
    normalizations make of pixels. declared, name: the recipe's own numbers, and what to call them.
    """
    own = numbers_of(declared, name)
    usual = usual_numbers(declared.channels)
    exact = [one for one in usual if _is_range_of(one, scale, zero_point)]
    if own.pixel_offset is None and _is_range_of(own, scale, zero_point):
        exact.insert(0, own)
    possible = exact or [one for one in usual if _is_possible(one, declared, scale, zero_point)]
    kept, levels, named = [own], [_levels(own, declared, scale, zero_point)], []
    for one in possible:
        given = _levels(one, declared, scale, zero_point)
        same = [at for at, other in enumerate(levels) if _alike(given, other)]
        if not same:
            kept.append(one)
            levels.append(given)
        if exact:
            named.append(kept[same[0]].name if same else one.name)
    low, high = scale * (-128 - zero_point), scale * (127 - zero_point)
    return RangeRule(
        low,
        high,
        tuple(kept),
        tuple(dict.fromkeys(named)),
        tuple(dict.fromkeys(one.name for one in exact)),
    )


def _is_range_of(numbers: Numbers, scale: float, zero_point: int) -> bool:
    """Whether a converter that saw all pixels from 0 to 255 would choose this scale and this zero
    point: the range is widened to have 0 in it, and 0 becomes a whole number."""
    channels = max(len(numbers.mean), len(numbers.std))
    ends = [
        (pixel * numbers.scale - mean) / std
        for pixel in (0, 255)
        for mean, std in zip(
            numbers.mean * (channels // len(numbers.mean)),
            numbers.std * (channels // len(numbers.std)),
            strict=True,
        )
    ]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    expected = (high - low) / 255
    return (
        abs(scale / expected - 1) <= SCALE_TOLERANCE
        and abs(zero_point - (-128 - low / expected)) <= ZERO_POINT_TOLERANCE
    )


def _is_possible(numbers: Numbers, declared: Recipe, scale: float, zero_point: int) -> bool:
    """Whether a calibration on pictures that lack black or white may have given this range: at
    least half of the pixels are inside of it, and they use a quarter of it."""
    recipe = numbers.given_to(declared, declared.color)
    made = quantized(recipe, _ramp(declared.channels), scale, zero_point)
    steps = int(made.tensor.max()) - int(made.tensor.min())
    return made.clipped <= _MOST_CLIPPED and steps >= _FEWEST_STEPS


def _levels(numbers: Numbers, declared: Recipe, scale: float, zero_point: int) -> NDArray[np.int16]:
    recipe = numbers.given_to(declared, declared.color)
    made = quantized(recipe, _ramp(declared.channels), scale, zero_point)
    return made.tensor.astype(np.int16)


def _alike(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    return int(np.abs(one - other).max()) <= SAME_STEPS


def _ramp(channels: int) -> NDArray[np.uint8]:
    """Every pixel value, uint8 [256, 1, channels]."""
    return np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], channels, axis=2)
