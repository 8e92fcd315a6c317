"""The recipes that are tried beside the declared one: other colours, normalizations, crops, fits
and resizes, as people use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from mcuzoo.doctor_data.input_range import Numbers, RangeRule, range_rule
from mcuzoo.doctor_data.space import Space, Way
from mcuzoo.project.input_size import InputSize
from mcuzoo.project.recipe import Color, Recipe, normalization_name

_CROP = 0.875
"""The central fraction of TF-slim's evaluation, and of "256, then 224" in PyTorch's."""

_FITS: dict[str, dict[str, Any]] = {
    "stretch": {"crop": 1.0, "fit": "stretch"},
    f"crop {_CROP:g}": {"crop": _CROP, "fit": "stretch"},
    "cover": {"crop": 1.0, "fit": "cover"},
    f"crop {_CROP:g} and cover": {"crop": _CROP, "fit": "cover"},
    "letterbox, black": {"crop": 1.0, "fit": "letterbox", "fill": (0,)},
    "letterbox, gray": {"crop": 1.0, "fit": "letterbox", "fill": (128,)},
}
_SAME_SHAPE = ("stretch", f"crop {_CROP:g}")
"""What is left where all pictures have the shape of the input."""

_RESIZES: dict[str, dict[str, Any]] = {
    f"{library} {kernel}": {"library": library, "resize": kernel, "antialias": None}
    for library, kernel in (
        ("opencv", "bilinear"),
        ("opencv", "nearest"),
        ("opencv", "area"),
        ("opencv", "bicubic"),
        ("pillow", "bilinear"),
    )
}
_FLAGS = {
    "color": ("color",),
    "fit": ("crop", "fit", "short_side", "fill"),
    "resize": ("library", "resize", "antialias"),
}
"""Which fields of a recipe each part is, but for the normalization."""


@dataclass(frozen=True)
class Ways:
    """The space of ways, and the recipe of each.

    declared: the model's recipe. parts: settings of each choice, by part and name. numbers: scale
    and mean of each normalization, by name. rule: which values the input may have.
    """

    space: Space
    rule: RangeRule
    declared: Recipe
    parts: dict[str, dict[str, dict[str, Any]]]
    numbers: dict[str, Numbers]

    def recipe(self, way: Way) -> Recipe:
        """The recipe of a way, whose turns it does not have."""
        color: Color = next(one for one in get_args(Color) if one == way.color)
        made = replace(
            self.declared,
            exif=way.exif,
            **self.parts["fit"][way.fit],
            **self.parts["resize"][way.resize],
        )
        return self.numbers[way.normalization].given_to(made, color)


def ways_of(
    declared: Recipe,
    size: InputSize,
    quantization: tuple[float, int],
    pictures: Sequence[tuple[int, int]],
    turned: bool,
) -> Ways:
    """What to try on a model whose input has the size `size`, a scale and a zero point.

    pictures: (height, width) of each; turned: whether any has an EXIF orientation that is not
    upright. What does not depend on the recipe for such pictures is not tried.
    """
    rule = range_rule(declared, _numbers_name(declared), *quantization)
    fit_name, fits = _with_own(declared, _FITS, _FLAGS["fit"])
    resize_name, resizes = _with_own(declared, _RESIZES, _FLAGS["resize"])
    same_shape = all(high * size.width == wide * size.height for high, wide in pictures)
    same_size = all((high, wide) == (size.height, size.width) for high, wide in pictures)
    tried = [name for name in fits if name in (fit_name, *_SAME_SHAPE) or not same_shape]
    colors = ("rgb", "bgr") if size.channels == 3 else (declared.color,)
    space = Space(
        declared=Way(declared.color, rule.in_play[0].name, fit_name, resize_name, declared.exif),
        colors=colors,
        normalizations=tuple(one.name for one in rule.in_play),
        named=rule.named,
        fits=tuple(tried),
        resizes=(resize_name,) if same_size else tuple(resizes),
        exifs=(declared.exif, not declared.exif) if turned else (declared.exif,),
        letterboxes=frozenset(name for name, part in fits.items() if part["fit"] == "letterbox"),
    )
    numbers = {one.name: one for one in rule.in_play}
    return Ways(space, rule, declared, {"fit": fits, "resize": resizes}, numbers)


def _numbers_name(declared: Recipe) -> str:
    name = normalization_name(declared)
    if name == "pixel":
        return "pixel - 128"
    return name or "as declared"


def _with_own(
    declared: Recipe, known: dict[str, dict[str, Any]], names: Sequence[str]
) -> tuple[str, dict[str, dict[str, Any]]]:
    """The name of the declared choice, and all choices: known ones and, if it is none of them, the
    declared one."""
    own = {name: getattr(declared, name) for name in names}
    plain = {"crop": 1.0, "fit": "stretch", "short_side": None, "fill": (0,), "antialias": None}
    every = {
        name: {key: part.get(key, plain.get(key)) for key in names} for name, part in known.items()
    }
    for name, part in every.items():
        unused = {"fill"} if part.get("fit") != "letterbox" else set()
        if all(part[key] == own[key] for key in names if key not in unused):
            return name, every
    return "as declared", {"as declared": own, **every}
