"""Recipes that cannot be right, and those that a model is not declared with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcuzoo.data.preprocess import check_preprocessing, preprocessing_warnings
from mcuzoo.errors import ProjectError
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.zoo.catalog import catalog

RIGHT = Preprocessing()
SHAPE = (1, 8, 8, 3)


@pytest.mark.parametrize(
    ("preprocessing", "complaint"),
    [
        (replace(RIGHT, pixel_offset=-127), "pixel_offset -127"),
        (replace(RIGHT, pixel_offset=0), "pixel_offset 0"),
        (replace(RIGHT, color="gray"), "1 values a pixel"),
        (replace(RIGHT, color="bgr"), "no preprocessing that mcuzoo knows"),
        (replace(RIGHT, resize="area"), "no preprocessing that mcuzoo knows"),
        (replace(RIGHT, crop=1.5), "no preprocessing that mcuzoo knows"),
    ],
)
def test_what_cannot_be_right(preprocessing: Preprocessing, complaint: str) -> None:
    check_preprocessing(RIGHT, SHAPE)
    with pytest.raises(ProjectError, match=complaint) as caught:
        check_preprocessing(preprocessing, SHAPE)
    assert "doctor-image" in caught.value.hint


def test_every_model_of_the_zoo_is_declared_with_a_recipe_that_fits() -> None:
    for model in catalog().values():
        check_preprocessing(model.as_preprocessing, (1, *model.input))
        assert list(preprocessing_warnings(model.as_preprocessing, model.name, "", 1 / 128)) == []


def test_another_recipe_than_the_declared_one() -> None:
    name = "mobilenet_v1_0.25_128"
    other = replace(RIGHT, crop=1.0)
    (by_name,) = preprocessing_warnings(other, name, "0" * 64, 1 / 128)
    assert "crop 0.875" in by_name and "crop 1" in by_name
    sha256 = next(file.sha256 for file in catalog()[name].file if file.sha256)
    assert list(preprocessing_warnings(other, "mine", sha256, 1 / 128)) == [by_name]
    assert list(preprocessing_warnings(other, "mine", "0" * 64, 1 / 128)) == []


@pytest.mark.parametrize(("scale", "doubts"), [(1 / 255, 0), (1 / 127.5, 0), (1.0, 0), (0.02, 1)])
def test_input_steps_that_are_no_pixels(scale: float, doubts: int) -> None:
    assert len(list(preprocessing_warnings(RIGHT, "mine", "0" * 64, scale))) == doubts
