"""From an input tensor back to the picture that a network saw."""

from __future__ import annotations

import numpy as np
import pytest

from mcuzoo.data.preprocess import PictureInput, seen_pixels
from mcuzoo.project.recipe import NORMALIZATIONS, Recipe, normalized
from mcuzoo.report.html.pictures import png_uri

PICTURE = np.random.default_rng(3).integers(0, 256, (12, 10, 3), dtype=np.uint8)


def ends(recipe: Recipe) -> tuple[float, int]:
    """A scale and a zero point that take all values of the recipe."""
    values = (*recipe.real(0), *recipe.real(255))
    scale = (max(values) - min(values)) / 255
    return scale, round(-128 - min(values) / scale)


@pytest.mark.parametrize("name", NORMALIZATIONS)
@pytest.mark.parametrize("shape", [(1, 12, 10, 3), (1, 3, 12, 10)])
def test_numbers_colours_and_axes_are_undone(name: str, shape: tuple[int, ...]) -> None:
    recipe = normalized(Recipe(), name)
    input = PictureInput(recipe, shape, *ends(recipe))
    seen = seen_pixels(input, input.tensor(PICTURE))
    assert seen.dtype == np.uint8
    # A step of int8 is more than a pixel where one scale has room for three channels' means.
    step = input.scale * max(recipe.std) / recipe.scale if recipe.pixel_offset is None else 0
    assert np.abs(seen.astype(int) - PICTURE).max() <= step


def test_a_gray_picture_has_one_channel() -> None:
    input = PictureInput(Recipe(color="gray"), (1, 12, 10))
    gray = PICTURE[:, :, :1]
    np.testing.assert_array_equal(seen_pixels(input, input.tensor(gray)), gray)
    assert png_uri(gray).startswith("data:image/png;base64,")
