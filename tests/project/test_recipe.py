"""A recipe as data: what contradicts itself, names of normalizations, recipes of older versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from helpers.tiny_project import tiny_manifest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.project.manifest import checked_manifest, write_manifest
from mcuzoo.project.recipe import (
    COLORS,
    FITS,
    KERNELS,
    LIBRARIES,
    NORMALIZATIONS,
    Recipe,
    normalization_name,
    normalized,
    of_values,
    recipe_text,
    upgraded,
)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"color": "cmyk"}, "none of rgb, bgr, gray"),
        ({"crop": 0.0}, "no fraction"),
        ({"crop": float("nan")}, "no fraction"),
        ({"crop": 1.5}, "no fraction"),
        ({"short_side": 256}, "go together"),
        ({"fit": "short-side"}, "go together"),
        ({"fit": "short-side", "short_side": 1 << 20}, "not from 1 to"),
        ({"fill": (256,)}, "no pixel"),
        ({"fill": (1, 2)}, "2 values"),
        ({"antialias": True}, "OpenCV"),
        ({"library": "pillow", "antialias": False}, "always antialiased"),
        ({"library": "tensorflow", "resize": "area", "antialias": True}, "no antialias to choose"),
        ({"mean": (1.0, 2.0)}, "takes 1 or 3"),
        ({"mean": ()}, "0 values"),
        ({"std": (0.0,)}, "zero"),
        ({"std": (float("inf"),)}, "no finite number"),
        ({"scale": 0.0}, "no usable factor"),
        ({"pixel_offset": 256}, "not from -255"),
    ],
)
def test_contradictions(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Recipe(**fields)


def test_names_of_normalizations() -> None:
    for name in NORMALIZATIONS:
        assert normalization_name(normalized(Recipe(), name)) == name
    assert normalization_name(Recipe(scale=1.0, mean=(3.0,), pixel_offset=None)) is None
    assert recipe_text(normalized(Recipe(), "caffe")).startswith("bgr, whole picture stretched")


def test_the_usual_ends_are_exact() -> None:
    """Float models of the zoo were measured with these values for black and white."""
    assert (Recipe().real(0), Recipe().real(255)) == ((-1.0,) * 3, (1.0,) * 3)
    gray = Recipe(color="gray", **of_values(0.0, 1.0))
    assert (gray.real(0), gray.real(255)) == ((0.0,), (1.0,))


OLD = {
    "color": "gray",
    "crop": 0.875,
    "resize": "bilinear",
    "pixel_offset": -128,
    "float_low": 0.0,
    "float_high": 1.0,
}


def test_an_older_manifest_is_read_as_it_was_meant() -> None:
    raw = {**asdict(tiny_manifest()), "preprocessing": OLD}
    del raw["cmake_builds"], raw["recipe_source"]
    manifest = checked_manifest(raw)
    recipe = manifest.preprocessing  # type: ignore[union-attr]
    assert recipe == Recipe(color="gray", crop=0.875, exif=False, **of_values(0.0, 1.0))
    assert manifest.recipe_source == ""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        {"float_low": "zero"},
        {"crop": 2.0},
        {"colour": "rgb"},
        {"float_low": 1.0, "float_high": 1.0},
        {"color": None},
    ],
)
def test_a_damaged_recipe_is_a_damaged_manifest(change: dict[str, Any]) -> None:
    raw = {**asdict(tiny_manifest()), "preprocessing": {**OLD, **change}}
    del raw["cmake_builds"]
    with pytest.raises(ValueError, match="preprocessing"):
        checked_manifest(raw)


leaves = st.none() | st.booleans() | st.floats() | st.text(max_size=5)


@given(st.recursive(leaves, lambda inner: st.dictionaries(st.sampled_from(sorted(OLD)), inner)))
def test_upgrading_anything_raises_nothing(raw: Any) -> None:
    upgraded(raw)


recipes = st.builds(
    Recipe,
    color=st.sampled_from(COLORS),
    exif=st.booleans(),
    crop=st.floats(0.1, 1.0),
    fit=st.sampled_from([fit for fit in FITS if fit != "short-side"]),
    fill=st.tuples(st.integers(0, 255)),
    resize=st.sampled_from(KERNELS),
    library=st.sampled_from(LIBRARIES),
    scale=st.floats(1e-3, 10.0),
    mean=st.tuples(st.floats(-300, 300)),
    std=st.tuples(st.floats(0.01, 300)),
    pixel_offset=st.sampled_from((None, -128)),
)


@given(recipe=recipes)
def test_a_manifest_keeps_its_recipe(tmp_path_factory: Any, recipe: Recipe) -> None:
    from dataclasses import replace

    from mcuzoo.project.manifest import load_manifest

    folder = tmp_path_factory.mktemp("project")
    write_manifest(replace(tiny_manifest(), preprocessing=recipe, recipe_source="beside"), folder)
    found = load_manifest(folder)
    assert (found.preprocessing, found.recipe_source) == (recipe, "beside")
    assert recipe_text(recipe)
