"""The recipe by which a picture becomes an input tensor, as data: what a network was trained to
see. `data/preprocess.py` carries it out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

Color = Literal["rgb", "bgr", "gray"]
Fit = Literal["stretch", "cover", "short-side", "letterbox"]
Kernel = Literal["nearest", "bilinear", "area", "bicubic", "lanczos"]
Library = Literal["opencv", "pillow", "tensorflow"]

COLORS: tuple[Color, ...] = get_args(Color)
FITS: tuple[Fit, ...] = get_args(Fit)
KERNELS: tuple[Kernel, ...] = get_args(Kernel)
LIBRARIES: tuple[Library, ...] = get_args(Library)
CHANNELS: dict[Color, int] = {"rgb": 3, "bgr": 3, "gray": 1}

MAX_SIDE = 1 << 14
"""Pixels of a side, the largest that a recipe names."""

TF_SCALE = 2 / 255


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """From picture to input tensor, in this order:

    exif: turn the picture upright as its EXIF orientation says. color: rgb, bgr or gray (ITU-R
    601-2 luma). crop: keep the central fraction of each side (1.0: all of it). fit, to the size of
    the model's input:

    - stretch: the whole of it, whatever its aspect ratio;
    - cover: the largest central part with the input's aspect ratio;
    - short-side: the short side becomes `short_side` pixels, then the centre is cut out;
    - letterbox: all of it, as large as it goes, the rest filled with `fill` (pixels 0..255 in the
      order of `color`, or one for all channels).

    resize: the kernel, as `library` computes it. antialias: None is what the library does by
    itself (Pillow always, OpenCV never, TensorFlow only when asked).

    Then a float model takes real = (pixel * scale - mean) / std, mean and std per channel in the
    order of `color`, or one for all; and an int8 model that value in its own scale and zero point.
    If there is a `pixel_offset`, an int8 model takes pixel + pixel_offset instead: -128 is exact
    where a model was trained on all 256 pixels of its range.

    Raises ValueError for parts that contradict each other.
    """

    color: Color = "rgb"
    exif: bool = True
    crop: float = 1.0
    fit: Fit = "stretch"
    short_side: int | None = None
    fill: tuple[int, ...] = (0,)
    resize: Kernel = "bilinear"
    library: Library = "opencv"
    antialias: bool | None = None
    scale: float = TF_SCALE
    mean: tuple[float, ...] = (1.0,)
    std: tuple[float, ...] = (1.0,)
    pixel_offset: int | None = -128

    def __post_init__(self) -> None:
        complaint = _complaint(self)
        if complaint:
            raise ValueError(complaint)

    @property
    def channels(self) -> int:
        return CHANNELS[self.color]

    @property
    def geometry(self) -> tuple[object, ...]:
        """All that decides the pixels: recipes of the same geometry differ in their numbers
        alone."""
        numbers = ("scale", "mean", "std", "pixel_offset")
        return tuple(getattr(self, one.name) for one in fields(self) if one.name not in numbers)

    @property
    def essence(self) -> tuple[object, ...]:
        """All that decides an int8 input: recipes of the same essence give the same bytes."""
        if self.pixel_offset is not None:
            return (*self.geometry, self.pixel_offset)
        return (*self.geometry, self.scale, self.mean, self.std)

    def real(self, pixel: float) -> tuple[float, ...]:
        """What a float model takes for a pixel of this value, per channel."""
        return tuple(
            (pixel * self.scale - mean) / std
            for mean, std in zip(
                _each(self.mean, self.channels), _each(self.std, self.channels), strict=True
            )
        )


_NORMALIZATIONS: dict[str, dict[str, Any]] = {
    "pixel": {"scale": TF_SCALE, "mean": (1.0,), "std": (1.0,), "pixel_offset": -128},
    "raw": {"scale": 1.0, "mean": (0.0,), "std": (1.0,), "pixel_offset": None},
    "unit": {"scale": 1 / 255, "mean": (0.0,), "std": (1.0,), "pixel_offset": None},
    "tf": {"scale": TF_SCALE, "mean": (1.0,), "std": (1.0,), "pixel_offset": None},
    # ImageNet's, of the pixels 0..1: torchvision's documentation; Keras' imagenet_utils "torch".
    "torch": {
        "scale": 1 / 255,
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
        "pixel_offset": None,
    },
    # ImageNet's, of the pixels 0..255 in the order blue, green, red: Keras' imagenet_utils "caffe".
    "caffe": {
        "color": "bgr",
        "scale": 1.0,
        "mean": (103.939, 116.779, 123.68),
        "std": (1.0,),
        "pixel_offset": None,
    },
}
NORMALIZATIONS = tuple(_NORMALIZATIONS)
"""The names of the usual ones: pixel (int8 = pixel - 128), raw (0..255), unit (0..1), tf (-1..1),
torch and caffe (ImageNet's mean, and standard deviation)."""


def normalization(name: str) -> dict[str, Any]:
    """The fields of a Recipe that one of NORMALIZATIONS stands for. KeyError for another name."""
    return dict(_NORMALIZATIONS[name])


def normalized(recipe: Recipe, name: str) -> Recipe:
    """`recipe` with one of NORMALIZATIONS; caffe brings its order of colours."""
    return replace(recipe, **normalization(name))


def normalization_name(recipe: Recipe) -> str | None:
    """The usual name of a recipe's normalization, if it has one."""
    numbers = {key: getattr(recipe, key) for key in ("scale", "mean", "std", "pixel_offset")}
    if recipe.pixel_offset == -128:
        return "pixel"
    for name, known in _NORMALIZATIONS.items():
        if numbers == {key: known[key] for key in numbers}:
            return name
    return None


def of_values(low: float, high: float) -> dict[str, Any]:
    """The fields of a Recipe whose float model takes `low` for pixel 0 and `high` for 255."""
    return {"scale": (high - low) / 255, "mean": (0.0 - low,), "std": (1.0,)}


_OLD_KEYS = {"color", "crop", "resize", "pixel_offset", "float_low", "float_high"}


def upgraded(raw: Any) -> Any:
    """A recipe as JSON has it; one that an older mcuzoo wrote in today's keys.

    That one knew no EXIF orientation and named the float values of the pixels 0 and 255.
    """
    if not isinstance(raw, Mapping) or not raw.keys() <= _OLD_KEYS or "float_low" not in raw:
        return raw
    low, high = raw["float_low"], raw.get("float_high", 1.0)
    kept = {key: value for key, value in raw.items() if key not in ("float_low", "float_high")}
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    return {**kept, "exif": False, **(of_values(low, high) if numbers else {"scale": low})}


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """A recipe for JSON: its fields, and the usual name of its normalization."""
    return {**asdict(recipe), "normalize": normalization_name(recipe)}


def recipe_text(recipe: Recipe) -> str:
    """A recipe in one line: "rgb, central 0.875, stretched, opencv bilinear, pixel - 128"."""
    parts: list[str] = [recipe.color]
    if not recipe.exif:
        parts.append("EXIF ignored")
    if recipe.crop != 1.0:
        parts.append(f"central {recipe.crop:g} of each side")
    parts.append(
        {
            "stretch": "whole picture stretched" if recipe.crop == 1.0 else "stretched",
            "cover": "cut to the input's shape",
            "short-side": f"short side {recipe.short_side}, centre cut out",
            "letterbox": f"letterbox filled with {_numbers(recipe.fill)}",
        }[recipe.fit]
    )
    parts.append(_kernel_text(recipe))
    parts.append(_values_text(recipe))
    return ", ".join(parts)


def _kernel_text(recipe: Recipe) -> str:
    asked = {None: "", True: " antialiased", False: " without antialias"}[recipe.antialias]
    return f"{recipe.library} {recipe.resize}{asked}"


def _values_text(recipe: Recipe) -> str:
    if recipe.pixel_offset is not None:
        sign = "-" if recipe.pixel_offset < 0 else "+"
        return f"pixel {sign} {abs(recipe.pixel_offset)}"
    name = normalization_name(recipe)
    if name is not None:
        return f"normalized as {name}"
    values = "pixel" if recipe.scale == 1 else f"pixel x {recipe.scale:.6g}"
    return f"({values} - {_numbers(recipe.mean)}) / {_numbers(recipe.std)}"


def _numbers(values: tuple[float, ...]) -> str:
    text = ",".join(f"{value:g}" for value in values)
    return text if len(values) == 1 else f"({text})"


def _each(values: tuple[float, ...], count: int) -> tuple[float, ...]:
    return values * count if len(values) == 1 else values


def _complaint(it: Recipe) -> str:
    """What is wrong with a recipe in itself, or ""."""
    for name, value, known in (
        ("color", it.color, COLORS),
        ("fit", it.fit, FITS),
        ("resize", it.resize, KERNELS),
        ("library", it.library, LIBRARIES),
    ):
        if value not in known:
            return f"{name} {value!r} is none of {', '.join(known)}"
    if not 0 < it.crop <= 1:
        return f"crop {it.crop} is no fraction above 0, up to 1"
    if (it.short_side is not None) != (it.fit == "short-side"):
        return "short_side and fit short-side go together"
    if it.short_side is not None and not 1 <= it.short_side <= MAX_SIDE:
        return f"short_side {it.short_side} is not from 1 to {MAX_SIDE}"
    if not all(0 <= value <= 255 for value in it.fill):
        return f"fill {_numbers(it.fill)} is no pixel from 0 to 255"
    return _antialias_complaint(it) or _number_complaint(it)


def _antialias_complaint(it: Recipe) -> str:
    if it.antialias is None or it.resize in ("nearest", "area"):
        return "" if it.antialias is None else f"resize {it.resize} has no antialias to choose"
    if it.library == "opencv" and it.antialias:
        return f"OpenCV's {it.resize} has no antialias: library pillow or tensorflow has, or area"
    if it.library == "pillow" and not it.antialias:
        return f"Pillow's {it.resize} is always antialiased: library opencv or tensorflow is not"
    return ""


def _number_complaint(it: Recipe) -> str:
    for name, values in (("mean", it.mean), ("std", it.std), ("fill", it.fill)):
        if len(values) not in (1, CHANNELS[it.color]):
            return f"{name} has {len(values)} values, {it.color} takes 1 or {CHANNELS[it.color]}"
        if not all(math.isfinite(value) for value in values):
            return f"{name} has a value that is no finite number"
    if not all(abs(value) >= 1e-9 for value in it.std):
        return "std is zero, or nearly: nothing can be divided by it"
    if not 1e-9 <= it.scale <= 1e9:
        return f"scale {it.scale} is no usable factor"
    if it.pixel_offset is not None and not -255 <= it.pixel_offset <= 255:
        return f"pixel_offset {it.pixel_offset} is not from -255 to 255"
    return ""
