"""The flags from one recipe to another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.commands import invoke

from mcuzoo.doctor_data.flags import recipe_flags
from mcuzoo.doctor_data.input_range import usual_numbers
from mcuzoo.doctor_data.options import DoctorDataOptions
from mcuzoo.project.recipe import Recipe, normalized
from mcuzoo.zoo.recipe_flags import chosen_recipe

PLAIN = Recipe()
BGR_TORCH = next(one for one in usual_numbers(3) if one.name == "torch").given_to(PLAIN, "bgr")
WANTED = {
    "--color bgr": replace(PLAIN, color="bgr"),
    "--color bgr --normalize caffe": normalized(PLAIN, "caffe"),
    "--normalize torch": normalized(PLAIN, "torch"),
    "--color bgr --scale 1/255 --mean 0.406,0.456,0.485 --std 0.225,0.224,0.229": BGR_TORCH,
    "--crop 0.875 --fit cover": replace(PLAIN, crop=0.875, fit="cover"),
    "--fit letterbox --fill 128": replace(PLAIN, fit="letterbox", fill=(128,)),
    "--short-side 256": replace(PLAIN, fit="short-side", short_side=256),
    "--resize pillow:bicubic": replace(PLAIN, library="pillow", resize="bicubic"),
    "--no-exif --resize tensorflow:bilinear:antialias": replace(
        PLAIN, exif=False, library="tensorflow", antialias=True
    ),
    "": PLAIN,
}


@pytest.mark.parametrize("flags", WANTED)
def test_flags_are_those_to_type(flags: str) -> None:
    assert " ".join(recipe_flags(PLAIN, WANTED[flags])) == flags


@pytest.mark.parametrize("flags", WANTED)
def test_flags_give_the_recipe(flags: str) -> None:
    """Read as the command reads them."""
    words = flags.split()
    given: dict[str, object] = {}
    while words:
        name = words.pop(0)[2:].replace("-", "_")
        if name == "no_exif":
            given["exif"] = False
        else:
            text = words.pop(0)
            kinds = {"crop": float, "short_side": int}
            given[name] = kinds.get(name, str)(text)
    options = DoctorDataOptions(**given)  # type: ignore[arg-type]
    assert chosen_recipe(PLAIN, "default", options).recipe == WANTED[flags]


def test_the_command_knows_them() -> None:
    text = invoke(["doctor-data", "--help"]).stdout
    assert all(
        flag in text for flag in ("--color", "--normalize", "--fit", "--no-exif", "--resize")
    )
