"""The flags of mcuzoo's commands that change one recipe into another."""

from __future__ import annotations

from fractions import Fraction

from mcuzoo.project.recipe import NORMALIZATIONS, Recipe, normalization


def recipe_flags(known: Recipe, wanted: Recipe) -> tuple[str, ...]:
    """What to type, where `known` is what applies without flags, to get `wanted`."""
    flags: list[str] = []
    color = ["--color", wanted.color] if wanted.color != known.color else []
    numbers = _number_flags(known, wanted)
    flags += [*color, *numbers]
    if wanted.exif != known.exif:
        flags.append("--exif" if wanted.exif else "--no-exif")
    if wanted.crop != known.crop:
        flags += ["--crop", f"{wanted.crop:g}"]
    if wanted.fit == "short-side" and wanted.short_side != known.short_side:
        flags += ["--short-side", str(wanted.short_side)]
    elif wanted.fit != known.fit:
        flags += ["--fit", wanted.fit]
    if wanted.fit == "letterbox" and wanted.fill != known.fill:
        flags += ["--fill", ",".join(map(str, wanted.fill))]
    kernel = (wanted.library, wanted.resize, wanted.antialias)
    if kernel != (known.library, known.resize, known.antialias):
        words: list[str] = [wanted.library, wanted.resize]
        if wanted.antialias is not None:
            words.append("antialias" if wanted.antialias else "no-antialias")
        flags += ["--resize", ":".join(words)]
    return tuple(flags)


def _number_flags(known: Recipe, wanted: Recipe) -> list[str]:
    """--normalize where a usual name gives these numbers, else the numbers themselves."""
    numbers = _numbers(wanted)
    if numbers == _numbers(known):
        return []
    for name in NORMALIZATIONS:
        fields = normalization(name)
        per_channel = len(fields["mean"]) > 1
        if per_channel and fields.get("color", "rgb") != wanted.color:
            continue
        if numbers == tuple(fields[key] for key in ("scale", "mean", "std", "pixel_offset")):
            return ["--normalize", name]
    mean, std = (",".join(f"{value:g}" for value in values) for values in (wanted.mean, wanted.std))
    return ["--scale", _fraction(wanted.scale), "--mean", mean, "--std", std]


def _numbers(recipe: Recipe) -> tuple[object, ...]:
    return recipe.scale, recipe.mean, recipe.std, recipe.pixel_offset


def _fraction(value: float) -> str:
    """1/255 for its value, else as many digits as it takes."""
    simple = Fraction(value).limit_denominator(1000)
    if float(simple) == value:
        return str(simple)
    return repr(value)
