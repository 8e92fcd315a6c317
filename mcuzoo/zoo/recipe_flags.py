"""The recipe that a user's flags say, over the one that is known of the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcuzoo.errors import InputError, UsageError, did_you_mean
from mcuzoo.options import RecipeOptions
from mcuzoo.project.input_size import takes_pictures
from mcuzoo.project.recipe import (
    FITS,
    KERNELS,
    LIBRARIES,
    NORMALIZATIONS,
    Recipe,
    normalization,
    normalized,
    recipe_text,
)
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.recipes import read_recipe_file
from mcuzoo.zoo.registry import ModelSource

DEFAULT = "default"
FLAGS = "+flags"
_HINT = "docs/recipes.md explains the parts of a recipe."


@dataclass(frozen=True)
class Chosen:
    """source: what the recipe is from, as in ModelSource."""

    recipe: Recipe
    source: str


def chosen_recipe(known: Recipe, source: str, options: RecipeOptions) -> Chosen:
    """The recipe `known` of `source` with what the flags say.

    Raises UsageError for flags that are no recipe, InputError for a damaged file.
    """
    recipe = known
    if options.recipe is not None:
        recipe, source = _named(options.recipe, known), "recipe"
    fields = _fields(options)
    if not fields:
        return Chosen(recipe, source)
    try:
        return Chosen(replace(recipe, **_with_contradictions(recipe, fields)), source + FLAGS)
    except ValueError as error:
        raise UsageError(f"No recipe: {error}.", _HINT) from error


def with_recipe(source: ModelSource, options: RecipeOptions) -> ModelSource:
    """`source` with the recipe that the flags say. Raises as chosen_recipe."""
    chosen = chosen_recipe(source.preprocessing, source.recipe_source, options)
    return replace(source, preprocessing=chosen.recipe, recipe_source=chosen.source)


def recipe_notes(recipe: Recipe, source: str, shape: tuple[int, ...]) -> Iterator[str]:
    """A line for a user whose model's recipe nobody said; none where somebody did, or where the
    model's input of `shape` is no picture."""
    if not source.endswith(DEFAULT) or not takes_pictures(shape):
        return
    yield (
        f"note: nothing says how this model sees pictures; by default: {recipe_text(recipe)}. "
        "--recipe, --crop, --resize, --normalize ... say otherwise (docs/recipes.md)."
    )


def _named(name: str, known: Recipe) -> Recipe:
    """The recipe of a file, of a model of the zoo, or the default one with a normalization."""
    models = catalog()
    if name in models:
        return models[name].as_preprocessing
    if name in NORMALIZATIONS:
        return normalized(Recipe(color=known.color), name)
    path = Path(name).expanduser()
    if not path.is_file():
        raise UsageError(
            f"--recipe {name}: no file, no model of the zoo, and none of "
            f"{', '.join(NORMALIZATIONS)}.",
            f"{did_you_mean(name, (*models, *NORMALIZATIONS))}{_HINT}",
        )
    table = read_recipe_file(path).preprocessing
    if table is None:
        raise InputError(f"{path} has no table [preprocessing].", _HINT)
    try:
        return table.recipe(Recipe(color=known.color) if table.color is None else None)
    except ValueError as error:
        raise InputError(f"{path}: {error}.", _HINT) from error


def _fields(options: RecipeOptions) -> dict[str, Any]:
    """The fields of a Recipe that the flags other than --recipe say."""
    plain = {
        name: getattr(options, name)
        for name in ("color", "exif", "crop", "fit", "short_side")
        if getattr(options, name) is not None
    }
    if options.fit is not None and options.fit not in FITS:
        raise UsageError(
            f"--fit {options.fit}: none of {', '.join(FITS)}.",
            f"{did_you_mean(options.fit, FITS)}{_HINT}",
        )
    fields: dict[str, Any] = {} if options.resize is None else _resize(options.resize)
    if options.fill is not None:
        fields["fill"] = _numbers("--fill", options.fill, int)
    return {**_normalization(options), **fields, **plain}


def _with_contradictions(recipe: Recipe, fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` with what follows of them: a short side is a fit, and another fit has none."""
    if "short_side" in fields and "fit" not in fields:
        return {**fields, "fit": "short-side"}
    if fields.get("fit", "short-side") != "short-side" and "short_side" not in fields:
        fields = {**fields, "short_side": None}
    color = fields.get("color", recipe.color)
    if (color == "gray") != (recipe.color == "gray"):
        for name in ("mean", "std", "fill"):
            if name not in fields and len(getattr(recipe, name)) > 1:
                raise ValueError(f"{name} has a value for each channel: say --{name}, too")
    return fields


def _resize(text: str) -> dict[str, Any]:
    """[LIBRARY:]KERNEL[:antialias|:no-antialias]."""
    fields: dict[str, Any] = {"antialias": None}
    for word in text.split(":"):
        if word in KERNELS:
            fields["resize"] = word
        elif word in LIBRARIES:
            fields["library"] = word
        elif word in ("antialias", "no-antialias"):
            fields["antialias"] = word == "antialias"
        else:
            known = (*KERNELS, *LIBRARIES, "antialias")
            raise UsageError(
                f"--resize {text}: {word!r} is none of {', '.join(known)}.",
                f"{did_you_mean(word, known)}For example --resize pillow:bicubic.",
            )
    return fields


def _normalization(options: RecipeOptions) -> dict[str, Any]:
    numbers = options.scale, options.mean, options.std
    if options.normalize is not None:
        if any(number is not None for number in numbers):
            raise UsageError(
                "--normalize says scale, mean and std already.", "Leave one of them out."
            )
        if options.normalize not in NORMALIZATIONS:
            raise UsageError(
                f"--normalize {options.normalize}: none of {', '.join(NORMALIZATIONS)}.",
                f"{did_you_mean(options.normalize, NORMALIZATIONS)}{_HINT}",
            )
        return normalization(options.normalize)
    if all(number is None for number in numbers):
        return {}
    mean = _numbers("--mean", options.mean or "0", _fraction)
    std = _numbers("--std", options.std or "1", _fraction)
    if options.scale is None and all(abs(value) <= 1 for value in (*mean, *std)):
        raise UsageError(
            "--mean and --std of pixels from 0 to 255, or from 0 to 1?",
            "Add --scale 1 for 0..255, or --scale 1/255 for 0..1.",
        )
    scale = _numbers("--scale", options.scale or "1", _fraction)
    return {"scale": scale[0], "mean": mean, "std": std, "pixel_offset": None}


def _numbers(flag: str, text: str, read: Callable[[str], Any]) -> tuple[Any, ...]:
    try:
        values = tuple(read(word) for word in text.split(","))
        if not all(math.isfinite(value) for value in values):
            raise ValueError
    except (ValueError, ZeroDivisionError):
        raise UsageError(
            f"{flag} {text}: no number, nor numbers with commas between.", _HINT
        ) from None
    return values


def _fraction(word: str) -> float:
    """0.5, or 1/255."""
    over, _, under = word.partition("/")
    return float(over) / float(under) if under else float(over)
