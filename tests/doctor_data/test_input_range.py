"""What scale and zero point of an input say of its normalization."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcuzoo.doctor_data.input_range import RangeRule, range_rule, usual_numbers
from mcuzoo.project.recipe import Recipe, normalized

MEASURED = {
    # As TensorFlow's converter wrote them for networks that were trained so.
    "raw": (1.0, -128),
    "unit": (0.003921568859368563, -128),
    "tf": (0.007843137718737125, -1),
    "torch": (0.01865844801068306, -14),
    "caffe": (1.0774157047271729, -13),
}


def rule(scale: float, zero_point: int, recipe: Recipe | None = None) -> RangeRule:
    return range_rule(Recipe() if recipe is None else recipe, "declared", scale, zero_point)


@pytest.mark.parametrize("name", MEASURED)
def test_converted_files_name_their_normalization(name: str) -> None:
    found = rule(*MEASURED[name])
    assert found.usual == (name,)
    scale, zero_point = MEASURED[name]
    assert (found.low, found.high) == (scale * (-128 - zero_point), scale * (127 - zero_point))


@pytest.mark.parametrize("name", ["raw", "unit", "tf"])
def test_pixel_minus_128_is_all_that_uses_one_range_for_all_channels(name: str) -> None:
    """These are within a step of it: there is nothing to choose, and the declared one is named."""
    found = rule(*MEASURED[name])
    assert [one.name for one in found.in_play] == ["declared"] and found.named == ("declared",)


@pytest.mark.parametrize("name", ["torch", "caffe"])
def test_a_range_by_channel_is_another_than_pixel_minus_128(name: str) -> None:
    found = rule(*MEASURED[name])
    assert [one.name for one in found.in_play] == ["declared", name] and found.named == (name,)
    right = rule(*MEASURED[name], normalized(Recipe(), name))
    assert [one.name for one in right.in_play] == ["declared"] and right.named == ("declared",)


def test_a_wrong_declaration_is_beside_what_the_range_says() -> None:
    found = rule(*MEASURED["unit"], normalized(Recipe(), "torch"))
    assert [one.name for one in found.in_play] == ["declared", "unit"]
    assert found.named == ("unit",)


def test_mean_and_deviation_of_ones_own() -> None:
    own = replace(Recipe(), scale=1.0, mean=(100.0,), std=(50.0,), pixel_offset=None)
    found = rule(255 / 50 / 255, -28, own)
    assert found.named == ("declared",) and found.usual == ("declared",)


def test_a_dark_calibration_leaves_what_is_possible() -> None:
    """Calibrated on pixels up to 180, of 0..1: no usual range, and pictures must choose."""
    found = rule(180 / 255 / 255, -128)
    assert found.named == found.usual == ()
    names = [one.name for one in found.in_play]
    assert names[0] == "declared" and "unit" in names and "raw" not in names


def test_gray() -> None:
    gray = Recipe(color="gray")
    mnist = next(one for one in usual_numbers(1) if one.name == "mnist")
    low, high = ((pixel / 255 - mnist.mean[0]) / mnist.std[0] for pixel in (0, 255))
    scale = (high - low) / 255
    assert rule(scale, round(-128 - low / scale), gray).usual == ("mnist",)
    assert rule(*MEASURED["unit"], gray).usual == ("unit",)


def test_channels_keep_their_numbers_in_another_order() -> None:
    torch = next(one for one in usual_numbers(3) if one.name == "torch")
    assert torch.given_to(Recipe(), "bgr").mean == torch.mean[::-1]
    assert torch.given_to(Recipe(), "rgb") == normalized(Recipe(), "torch")
    caffe = next(one for one in usual_numbers(3) if one.name == "caffe")
    assert caffe.given_to(Recipe(), "bgr") == normalized(Recipe(), "caffe")
