"""Recipes that cannot be right, and those that a model is not declared with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcuzoo.data.preprocess import PictureInput, check_preprocessing, preprocessing_warnings
from mcuzoo.errors import ProjectError
from mcuzoo.project.recipe import Recipe, normalized
from mcuzoo.zoo.catalog import catalog

RIGHT = Recipe(crop=0.875)
SHAPE = (1, 8, 8, 3)


def warnings(recipe: Recipe, name: str, sha256: str, scale: float = 1 / 128) -> list[str]:
    return list(preprocessing_warnings(PictureInput(recipe, SHAPE, scale, -1), name, sha256))


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [
        (replace(RIGHT, pixel_offset=-127), "pixel_offset -127"),
        (replace(RIGHT, pixel_offset=0), "pixel_offset 0"),
        (replace(RIGHT, color="gray"), "1 values a pixel"),
        (replace(RIGHT, fit="short-side", short_side=7), "short side of 7"),
    ],
)
def test_what_cannot_be_right(recipe: Recipe, complaint: str) -> None:
    check_preprocessing(RIGHT, SHAPE)
    check_preprocessing(replace(RIGHT, color="bgr"), SHAPE)
    with pytest.raises(ProjectError, match=complaint) as caught:
        check_preprocessing(recipe, SHAPE)
    assert "--" in caught.value.hint


def test_every_model_of_the_zoo_is_declared_with_a_recipe_that_fits() -> None:
    for model in catalog().values():
        check_preprocessing(model.as_preprocessing, (1, *model.input))
        assert warnings(model.as_preprocessing, model.name, "") == []


def test_another_recipe_than_the_declared_one() -> None:
    name = "mobilenet_v1_0.25_128"
    other = replace(RIGHT, crop=1.0)
    (by_name,) = warnings(other, name, "0" * 64)
    assert "central 0.875" in by_name and "whole picture" in by_name
    sha256 = next(file.sha256 for file in catalog()[name].file if file.sha256)
    assert warnings(other, "mine", sha256) == [by_name]
    assert warnings(other, "mine", "0" * 64) == []


@pytest.mark.parametrize(("scale", "doubts"), [(1 / 255, 0), (1 / 127.5, 0), (1.0, 0), (0.02, 1)])
def test_input_steps_that_are_no_pixels(scale: float, doubts: int) -> None:
    assert len(warnings(RIGHT, "mine", "0" * 64, scale)) == doubts


def test_a_normalization_that_the_input_has_no_steps_for() -> None:
    torch = normalized(RIGHT, "torch")
    assert warnings(torch, "mine", "", scale=4.75 / 255) == []
    (far,) = warnings(normalized(RIGHT, "raw"), "mine", "", scale=4.75 / 255)
    assert "0 to 255" in far
    (narrow,) = warnings(normalized(RIGHT, "unit"), "mine", "", scale=1.0)
    assert "is the normalization right?" in narrow
