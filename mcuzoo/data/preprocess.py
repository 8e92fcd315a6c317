"""From the content of a picture to a model's input tensor; whether a recipe can feed a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.apply import Quantized, as_picture, in_order, pixels, quantized
from mcuzoo.data.images import FilePicture, Picture, orientation_of, upright
from mcuzoo.data.resize import library_packages
from mcuzoo.errors import ProjectError
from mcuzoo.project.input_size import input_size
from mcuzoo.project.manifest import Manifest
from mcuzoo.project.recipe import Recipe, recipe_text
from mcuzoo.zoo.catalog import catalog

INT8_OFFSET = -128
_SPANS = (1.0, 255 / 128, 2.0, 255.0)
"""Ranges of pixels that models are trained on: 0..1, (p - 128) / 128, -1..1, or 0..255."""

_SPAN_TOLERANCE = 0.01
_BEYOND_STEPS, _FEWEST_STEPS = 32, 128
_HINT = "--recipe, --color, --normalize ... say another one; docs/recipes.md has all."


@dataclass(frozen=True)
class Decoded:
    """pixels: uint8 [h, w, 3] or [h, w, 1]. turned: the EXIF orientation was not upright."""

    pixels: NDArray[np.uint8]
    turned: bool = False


@dataclass(frozen=True)
class PictureInput:
    """A model's input, and the recipe that makes it of pictures. Picklable.

    shape: as the model has it, see input_size. scale, zero_point: of the int8 input, real = scale *
    (q - zero_point).
    """

    recipe: Recipe
    shape: tuple[int, ...]
    scale: float = 1.0
    zero_point: int = 0

    @property
    def packages(self) -> tuple[str, ...]:
        """The optional packages (extras.py) that its resize needs."""
        return library_packages(self.recipe.library)

    @property
    def essence(self) -> tuple[object, ...]:
        """All that decides the tensor: inputs of the same essence give the same bytes."""
        ends = (self.scale, self.zero_point) if self.recipe.pixel_offset is None else ()
        return (self.recipe.essence, self.shape, *ends)

    def decoded(self, picture: Picture, content: bytes) -> Decoded:
        """The picture in the recipe's colours, upright. Raises DataSetError for a damaged one."""
        color = "gray" if self.recipe.color == "gray" else "rgb"
        found = picture.decode(content, color)
        if not self.recipe.exif or not isinstance(picture, FilePicture):
            return Decoded(found)
        orientation = orientation_of(content)
        return Decoded(upright(found, orientation), orientation != 1)

    def quantized(self, picture: NDArray[np.uint8]) -> Quantized:
        """The int8 tensor, of the model's shape without the leading 1, and how much was clipped.

        Raises ProjectError when recipe and shape do not fit together, DataSetError for a picture
        that the recipe cannot take, MissingExtraError.
        """
        size = input_size(self.shape)
        made = quantized(
            self.recipe, pixels(self.recipe, picture, size), self.scale, self.zero_point
        )
        return Quantized(in_order(made.tensor, size), made.clipped)

    def tensor(self, picture: NDArray[np.uint8]) -> NDArray[np.int8]:
        """The int8 tensor alone."""
        return self.quantized(picture).tensor


def seen_pixels(input: PictureInput, tensor: NDArray[np.int8]) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] (red, green, blue) or [H, W, 1] of an input tensor: the recipe's numbers
    undone, as far as int8 kept them."""
    recipe = input.recipe
    steps = as_picture(tensor, input_size(input.shape)).astype(np.float64)
    if recipe.pixel_offset is not None:
        pixels = steps - recipe.pixel_offset
    else:
        real = input.scale * (steps - input.zero_point)
        pixels = (real * np.array(recipe.std) + np.array(recipe.mean)) / recipe.scale
    shown: NDArray[np.uint8] = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(shown[:, :, ::-1] if recipe.color == "bgr" else shown)


def input_of(manifest: Manifest) -> PictureInput:
    """The input of a project's model, and its recipe."""
    spec = manifest.input
    return PictureInput(manifest.preprocessing, spec.shape, spec.scale, spec.zero_point)


def check_preprocessing(recipe: Recipe, shape: tuple[int, ...]) -> None:
    """Raise ProjectError for a recipe that cannot give a right int8 input of `shape`.

    input = pixel - 128 is the only offset that maps the 256 pixels onto int8; pixel - 127 is a
    published mistake, by which white wraps to black or saturates.
    """
    size = input_size(shape)
    if size.channels != recipe.channels:
        raise ProjectError(
            f"The recipe gives {recipe.color} pictures, {recipe.channels} values a pixel; the "
            f"model's input {list(shape)} takes {size.channels}.",
            f"Say --color {'gray' if size.channels == 1 else 'rgb'}.",
        )
    if recipe.pixel_offset not in (None, INT8_OFFSET):
        raise ProjectError(
            f"The recipe has pixel_offset {recipe.pixel_offset}: an int8 input is pixel "
            f"{INT8_OFFSET}, or the 256 pixels do not fit into it.",
            _HINT,
        )
    if recipe.short_side is not None and recipe.short_side < max(size.height, size.width):
        raise ProjectError(
            f"The short side of {recipe.short_side} pixels is less than the model's input, "
            f"{size.height}x{size.width}.",
            f"--short-side {max(size.height, size.width)} is the least, or --fit cover.",
        )


def preprocessing_warnings(
    input: PictureInput, name: str, sha256: str, has_scale: bool = True
) -> Iterator[str]:
    """Warnings about the recipe of this model: it may be wrong, but it is not excluded.

    has_scale: whether the model's input is quantized.
    """
    recipe = input.recipe
    for known in catalog().values():
        declared = known.as_preprocessing
        same_file = any(file.sha256 == sha256 for file in known.file)
        # Older projects ignored EXIF: that is no other recipe.
        alike = replace(recipe, exif=declared.exif).essence == declared.essence
        if (same_file or known.name == name) and not alike:
            yield (
                f"{known.name} is declared to see {recipe_text(declared)}; here it is given "
                f"{recipe_text(recipe)}."
            )
            return
    if not has_scale:
        return
    if recipe.pixel_offset is None:
        yield from _range_warnings(input)
        return
    span = 255 * input.scale
    if all(abs(span - usual) > _SPAN_TOLERANCE * usual for usual in _SPANS):
        yield (
            f"The 256 pixels span {span:.4g} at the model's input. Models are trained on a span "
            "of 1, 2 or 255; if this one was, too, its input is not pixel - 128: --normalize "
            "torch, or --mean and --std, may be right."
        )


def _range_warnings(input: PictureInput) -> Iterator[str]:
    """Whether the values of the recipe are those that the model's input has steps for."""
    ends = (*input.recipe.real(0), *input.recipe.real(255))
    low, high = min(ends), max(ends)
    steps = [value / input.scale + input.zero_point for value in (low, high)]
    if (
        steps[0] < -128 - _BEYOND_STEPS
        or steps[1] > 127 + _BEYOND_STEPS
        or steps[1] - steps[0] < _FEWEST_STEPS
    ):
        takes = [input.scale * (end - input.zero_point) for end in (-128, 127)]
        yield (
            f"The recipe gives values from {low:.4g} to {high:.4g}, and the model's input takes "
            f"{takes[0]:.4g} to {takes[1]:.4g}: is the normalization right?"
        )
