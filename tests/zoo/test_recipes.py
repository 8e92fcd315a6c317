"""Where a model's recipe and labels come from, and what flags change of it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph.test_image_metadata import described
from helpers.tflite_builder import conv_model
from hypothesis import given, settings
from hypothesis import strategies as st
from project.test_recipe import recipes

from mcuzoo.errors import InputError, UsageError
from mcuzoo.graph.image_metadata import METADATA_NAME
from mcuzoo.graph.metadata import add_metadata
from mcuzoo.options import RecipeOptions
from mcuzoo.project.recipe import NORMALIZATIONS, Recipe, normalized
from mcuzoo.zoo.recipe_flags import chosen_recipe, recipe_notes
from mcuzoo.zoo.recipes import RecipeTable, keep_recipe, read_recipe_file
from mcuzoo.zoo.registry import resolve_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Two classes of an 8x8 RGB picture."""
    weights = np.random.default_rng(1).integers(-127, 128, (2, 8, 8, 3), dtype=np.int8)
    path = tmp_path / "two.tflite"
    path.write_bytes(conv_model((1, 8, 8, 3), weights, None, padding="VALID"))
    return path


def with_metadata(path: Path, labels: bytes) -> None:
    whole = io.BytesIO(add_metadata(path.read_bytes(), {METADATA_NAME: described()}))
    with zipfile.ZipFile(whole, "a") as archive:
        archive.writestr("labels.txt", labels)
    path.write_bytes(whole.getvalue())


def test_the_default_is_the_whole_picture(model: Path) -> None:
    source = resolve_model(str(model))
    assert (source.preprocessing, source.recipe_source) == (Recipe(), "default")
    (note,) = recipe_notes(source.preprocessing, source.recipe_source, (1, 8, 8, 3))
    assert "whole picture stretched, opencv bilinear, pixel - 128" in note
    assert list(recipe_notes(source.preprocessing, "default", (1, 1960))) == []


def test_metadata_in_the_file(model: Path) -> None:
    with_metadata(model, b"stop\ngo\n")
    source = resolve_model(str(model))
    assert source.recipe_source == source.labels_source == "metadata"
    assert source.labels == ("stop", "go")
    assert source.preprocessing == Recipe(scale=1.0, mean=(127.5,), std=(127.5,), pixel_offset=None)
    assert list(recipe_notes(source.preprocessing, "metadata", (1, 8, 8, 3))) == []


def test_labels_of_another_number_are_not_used(model: Path) -> None:
    with_metadata(model, b"stop\ngo\nwait\n")
    source = resolve_model(str(model))
    assert source.labels is None and source.note is not None and "3 classes" in source.note


def test_a_file_beside_the_model_comes_before_its_metadata(model: Path) -> None:
    with_metadata(model, b"stop\ngo\n")
    model.with_suffix(".mcuzoo.toml").write_text(
        '[preprocessing]\nnormalize = "torch"\nfit = "short-side"\nshort_side = 9\n'
        'library = "pillow"\n[labels]\nclasses = ["left", "right"]\n'
    )
    source = resolve_model(str(model))
    assert (source.recipe_source, source.labels) == ("beside", ("left", "right"))
    expected = Recipe(fit="short-side", short_side=9, library="pillow")
    assert source.preprocessing == normalized(expected, "torch")


def test_labels_in_a_file_beside(model: Path) -> None:
    beside = model.with_suffix(".mcuzoo.toml")
    beside.write_text('[labels]\nfile = "names.txt"\n')
    (model.parent / "names.txt").write_bytes("\ufeffstop\r\ngo\r\n".encode())
    source = resolve_model(str(model))
    assert (source.labels, source.labels_source) == (("stop", "go"), "beside")
    assert source.recipe_source == "default"
    beside.write_text('[labels]\nfile = "../names.txt"\n')
    (model.parent.parent / "names.txt").write_text("stop\ngo\n")
    with pytest.raises(InputError, match="another folder"):
        resolve_model(str(model))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[preprocessing]\ncrop = 2.0\n", "preprocessing.crop"),
        ("[preprocessing]\ncrop = nan\n", "preprocessing.crop"),
        ("[preprocessing]\nmean = [nan, 1.0, 2.0]\n", "no finite number"),
        ("[preprocessing]\ncolour = 'rgb'\n", "preprocessing.colour"),
        ("[preprocessing]\nfit = 'squash'\n", "preprocessing.fit"),
        ("[preprocessing]\nnormalize = 'tf'\nmean = 1.0\n", "give normalize, or"),
        ("[preprocessing]\nexif = 'no'\n", "preprocessing.exif"),
        ("[preprocessing]\nmean = [1.0, 2.0]\n", "takes 1 or 3"),
        ("[labels]\n", "give classes, or file"),
        ("[lables]\n", "lables"),
        ("[preprocessing", "cannot be read"),
        ("a = " + "[" * 100_000, "cannot be read"),
    ],
)
def test_a_damaged_file_is_named_with_its_key(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "x.mcuzoo.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=complaint) as caught:
        read_recipe_file(path)
    assert str(path) in caught.value.message and "docs/recipes.md" in caught.value.hint


@given(recipe=recipes)
@settings(deadline=None)
def test_a_written_recipe_file_says_the_same(recipe: Recipe, tmp_path_factory: Any) -> None:
    target = tmp_path_factory.mktemp("models") / "made.tflite"
    assert "is in" in keep_recipe(target, recipe, ('a "b"', "c\\d"))
    found = read_recipe_file(target.with_suffix(".mcuzoo.toml"))
    assert found.preprocessing is not None and found.preprocessing.recipe() == recipe
    assert found.labels is not None and found.labels.classes == ('a "b"', "c\\d")
    assert "already" in keep_recipe(target, Recipe())
    assert read_recipe_file(target.with_suffix(".mcuzoo.toml")) == found


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)


@given(
    st.dictionaries(
        st.sampled_from(sorted(RecipeTable.model_fields)) | st.text(max_size=4),
        values | st.lists(values, max_size=4),
        max_size=5,
    )
)
@settings(deadline=None)
def test_any_table_is_a_recipe_or_a_value_error(raw: dict[str, Any]) -> None:
    try:
        recipe = RecipeTable.model_validate(raw).recipe()
    except ValueError:
        return
    assert isinstance(recipe, Recipe)


PLAIN = Recipe()


def chosen(known: Recipe = PLAIN, source: str = "registry", **flags: Any) -> Any:
    return chosen_recipe(known, source, RecipeOptions(**flags))


def test_flags_change_their_part_and_keep_the_rest() -> None:
    known = Recipe(crop=0.875, color="bgr")
    assert chosen(known).source == "registry"
    found = chosen(known, crop=0.5, resize="pillow:bicubic", exif=False)
    assert found.source == "registry+flags"
    assert found.recipe == replace(known, crop=0.5, library="pillow", resize="bicubic", exif=False)
    assert chosen(short_side=256).recipe == Recipe(fit="short-side", short_side=256)
    short = Recipe(fit="short-side", short_side=256)
    assert chosen(short, fit="letterbox", fill="114").recipe == Recipe(fit="letterbox", fill=(114,))
    antialiased = chosen(resize="tensorflow:bilinear:antialias").recipe
    assert (antialiased.library, antialiased.antialias) == ("tensorflow", True)


def test_numbers_from_flags() -> None:
    found = chosen(mean="123.7,116.3,103.5", std="58.4").recipe
    assert (found.scale, found.mean, found.std, found.pixel_offset) == (
        1.0, (123.7, 116.3, 103.5), (58.4,), None,
    )  # fmt: skip
    found = chosen(scale="1/255", mean="0.485,0.456,0.406", std="0.229,0.224,0.225").recipe
    assert found == normalized(Recipe(), "torch")
    assert chosen(normalize="caffe").recipe.color == "bgr"
    assert chosen(normalize="caffe", color="rgb").recipe.color == "rgb"


def test_a_named_recipe() -> None:
    for name in NORMALIZATIONS:
        assert chosen(recipe=name).recipe == normalized(Recipe(), name)
    found = chosen(recipe="mobilenet_v1_0.25_128")
    assert (found.recipe, found.source) == (Recipe(crop=0.875), "recipe")
    assert chosen(recipe="mobilenet_v1_0.25_128", crop=1.0).source == "recipe+flags"


def test_a_recipe_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[preprocessing]\nresize = "area"\nmean = 127.5\nstd = 127.5\n')
    expected = Recipe(resize="area", scale=1.0, mean=(127.5,), std=(127.5,), pixel_offset=None)
    assert chosen(recipe=str(path)).recipe == expected
    path.write_text('[labels]\nclasses = ["a"]\n')
    with pytest.raises(InputError, match="no table"):
        chosen(recipe=str(path))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ({"crop": 1.5}, "no fraction"),
        ({"color": "grey"}, "none of rgb"),
        ({"fit": "squash"}, "none of stretch"),
        ({"resize": "pilow:bilinear"}, "'pilow' is none of"),
        ({"resize": "opencv:bilinear:antialias"}, "has no antialias"),
        ({"normalize": "imagenet"}, "none of pixel"),
        ({"normalize": "tf", "mean": "1"}, "says scale, mean and std already"),
        ({"mean": "0.485,0.456,0.406", "std": "0.229"}, "from 0 to 255, or from 0 to 1"),
        ({"mean": "a,b"}, "no number"),
        ({"mean": "inf"}, "no number"),
        ({"mean": "128", "std": "0"}, "zero"),
        ({"scale": "1/0"}, "no number"),
        ({"fill": "300"}, "no pixel"),
        ({"recipe": "nowhere.toml"}, "no file"),
        ({"mean": "1,2,300", "color": "gray"}, "mean has 3 values"),
    ],
)
def test_flags_that_are_no_recipe(flags: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        chosen(**flags)


def test_gray_of_a_recipe_with_a_mean_per_channel() -> None:
    with pytest.raises(UsageError, match="say --mean"):
        chosen(normalized(Recipe(), "torch"), color="gray")
