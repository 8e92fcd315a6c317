"""The ways in which programs make input tensors: what is right, and what has been published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.apply import pixels, quantized
from mcuzoo.data.resize import source_region
from mcuzoo.project.input_size import InputSize
from mcuzoo.project.recipe import Kernel, Library, Recipe

SQUEEZED = "all of it, squeezed"
_PIXELS = np.arange(256, dtype=np.int16)
RIGHT_OFFSET = "p-128"
VALUE_MAPS: dict[str, NDArray[np.int8]] = {
    RIGHT_OFFSET: (_PIXELS - 128).astype(np.int8),
    "p-127": np.clip(_PIXELS - 127, -128, 127).astype(np.int8),
    "p-127-wrap": (_PIXELS - 127).astype(np.int8),
    "wrap-255": (_PIXELS % 255 - 128).astype(np.int8),
    "no-offset": _PIXELS.astype(np.uint8).view(np.int8),
}
"""From pixel to int8 input, int8 (256,)."""

OFFSETS = (RIGHT_OFFSET, "p-127", "no-offset")
"""The value maps that differ at every pixel value, not only at 255."""


@dataclass(frozen=True)
class Mistake:
    """name: for programs. what: the error. cost: its effect. advice: what to do."""

    name: str
    what: str
    advice: str


RGB = Mistake(
    "rgb",
    "the channels are swapped: red, green, blue instead of blue, green, red",
    "Pillow and TensorFlow give RGB; this model wants what OpenCV's imread gives.",
)
BGR = Mistake(
    "bgr",
    "the channels are swapped: blue, green, red instead of red, green, blue",
    "OpenCV's imread gives BGR: cvtColor(..., COLOR_BGR2RGB). It halves MobileNet's accuracy "
    "(22.4 instead of 45.6 % on 1000 images). The eIQ Model Zoo's example.py does it.",
)
WRAP_255 = Mistake(
    "wrap-255",
    "pixel 255 wraps round to 0: white turns black",
    "Scaling by 256/255 and cutting to a byte does it; clip to 255 first, or take the pixel as it "
    "is. The eIQ Model Zoo's example.py does it.",
)
P_127 = Mistake(
    "p-127",
    "the input is pixel - 127, one too high everywhere",
    "An int8 input is pixel - 128. The MCUXpresso SDK's MODEL_ConvertInput subtracts 127.",
)
WRAP_P_127 = Mistake(
    "wrap-p-127",
    "with pixel - 127, pixel 255 wraps round to -128: white turns black",
    "Subtract 128, which fits into int8 for every pixel.",
)
NO_OFFSET = Mistake(
    "no-offset",
    "the bytes are the pixels themselves: nothing was subtracted",
    "An int8 input is pixel - 128; as int8 the upper half of the pixels is negative.",
)
NOT_NORMALIZED = Mistake(
    "not-normalized",
    "the input is pixel - 128: mean and standard deviation were not applied",
    "This model's input is quantized from normalized values; mcuzoo doctor-image --save writes it.",
)
VALUE_MISTAKES: dict[str, tuple[Mistake, ...]] = {
    RIGHT_OFFSET: (),
    "p-127": (P_127,),
    "p-127-wrap": (P_127, WRAP_P_127),
    "wrap-255": (WRAP_255,),
    "no-offset": (NO_OFFSET,),
    "normalized": (),
    "not-normalized": (NOT_NORMALIZED,),
}


def value_maps(recipe: Recipe, scale: float, zero_point: int) -> dict[str, NDArray[np.int8]]:
    """From pixel to int8 input, int8 (256, 1 or C) per channel, by name; the right one first."""
    if recipe.pixel_offset is not None:
        return {name: values[:, np.newaxis] for name, values in VALUE_MAPS.items()}
    every = np.arange(256, dtype=np.uint8)[:, np.newaxis, np.newaxis]
    levels = quantized(recipe, every.repeat(recipe.channels, axis=2), scale, zero_point).tensor
    return {
        "normalized": levels[:, 0],
        "not-normalized": VALUE_MAPS[RIGHT_OFFSET][:, np.newaxis],
        "no-offset": VALUE_MAPS["no-offset"][:, np.newaxis],
    }


def mapped(values: NDArray[np.int8], made: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The int8 input of uint8 [H, W, C] by one of `value_maps`."""
    channels = np.arange(made.shape[2]) if values.shape[1] > 1 else 0
    found: NDArray[np.int8] = values[made, channels]
    return found


@dataclass(frozen=True)
class Making:
    """How the picture was cut, resized and ordered. swapped: not in the recipe's order of colours.
    right_*: as the model's recipe says. crop, resize: in words. right_crop, right_resize: whether
    each is."""

    crop: str
    resize: str
    swapped: bool
    right_crop: bool
    right_resize: bool


def swap_of(recipe: Recipe) -> Mistake:
    """The mistake of the other order of colours."""
    return RGB if recipe.color == "bgr" else BGR


def mistakes_of(making: Making, values: str, recipe: Recipe) -> tuple[Mistake, ...]:
    """The differences from the right recipe, worst first."""
    found = [swap_of(recipe)] if making.swapped else []
    found += VALUE_MISTAKES[values]
    if not making.right_crop:
        found.append(other_crop(making))
    if not making.right_resize:
        found.append(
            Mistake(
                "resize",
                f"the picture was resized otherwise: {making.resize}",
                f"Use {_resizer(recipe.library, recipe.resize, recipe.antialias)}; another one can "
                "cost points of top-1 (an antialiased resize costs MobileNet 3).",
            )
        )
    return tuple(found)


def other_crop(making: Making, exact: bool = True) -> Mistake:
    """The mistake of another crop; only the nearest known crop if the tensor is not reproduced."""
    return Mistake(
        "crop",
        f"the picture was cut otherwise{': ' if exact else '; the nearest is '}{making.crop}",
        "Crop as the model's recipe says; mcuzoo doctor-image shows how.",
    )


def darkest_around(
    image: NDArray[np.uint8], shape: tuple[int, ...], recipe: Recipe, making: Making
) -> NDArray[np.uint8]:
    """For each pixel of `making`, the darkest of `image` up to one pixel of it away; [H, W, C]."""
    cut = next(
        source_region(image, geometry, shape[0], shape[1])
        for crop, geometry, _ in _geometries(image, shape, recipe)
        if crop == making.crop
    )
    for axis in (0, 1):
        cell = cut.shape[axis] / shape[axis]
        reach = max(1, int(cell)) if cell != 1 else 0
        centres = ((np.arange(shape[axis]) + 0.5) * cell).astype(np.intp)
        near = centres[:, None] + np.arange(-reach, reach + 1)
        cut = cut.take(near.clip(0, cut.shape[axis] - 1), axis=axis).min(axis=axis + 1)
    return cut[:, :, ::-1] if making.swapped != (recipe.color == "bgr") else cut


def makings(
    image: NDArray[np.uint8], shape: tuple[int, ...], recipe: Recipe
) -> Iterator[tuple[Making, NDArray[np.uint8]]]:
    """Every way with the uint8 [H, W, C] picture that it makes of `image`, uint8 [h, w, C]."""
    size = InputSize(shape[0], shape[1], shape[2])
    for crop, geometry, right_crop in _geometries(image, shape, recipe):
        region = source_region(image, geometry, shape[0], shape[1])
        for resizer in _resizers(recipe) if region.shape[:2] != shape[:2] else (_own(recipe),):
            library, kernel, antialias = resizer
            way = replace(geometry, library=library, resize=kernel, antialias=antialias)
            made = np.clip(np.rint(pixels(way, image, size)), 0, 255).astype(np.uint8)
            right_resize = resizer == _own(recipe)
            for swapped in (False, True) if shape[2] == 3 else (False,):
                making = Making(crop, _resizer(*resizer), swapped, right_crop, right_resize)
                yield making, made[:, :, ::-1] if swapped else made


def _geometries(
    image: NDArray[np.uint8], shape: tuple[int, ...], recipe: Recipe
) -> Iterator[tuple[str, Recipe, bool]]:
    """The ways of cutting and fitting a picture, the recipe's own first."""
    yield _geometry_text(recipe), recipe, True
    plain = replace(recipe, crop=1.0, fit="stretch", short_side=None)
    if (recipe.crop, recipe.fit) != (1.0, "stretch"):
        yield SQUEEZED, plain, False
    height, width = image.shape[:2]
    if shape[0] == shape[1] and height != width and (recipe.crop, recipe.fit) != (1.0, "cover"):
        yield "the largest central square", replace(plain, fit="cover"), False


def _geometry_text(recipe: Recipe) -> str:
    part = "all of it" if recipe.crop == 1.0 else f"the central {recipe.crop:g} of each side"
    return {
        "stretch": SQUEEZED if recipe.crop == 1.0 else part,
        "cover": f"{part}, cut to the input's shape",
        "short-side": f"{part}, the short side {recipe.short_side}, the centre of that",
        "letterbox": f"{part} in a letterbox",
    }[recipe.fit]


Resizer = tuple[Library, Kernel, bool | None]
_OPENCV_NAMES = {
    "nearest": "INTER_NEAREST",
    "bilinear": "INTER_LINEAR",
    "area": "INTER_AREA",
    "bicubic": "INTER_CUBIC",
    "lanczos": "INTER_LANCZOS4",
}
_USUAL: tuple[Resizer, ...] = (
    ("opencv", "bilinear", None),
    ("opencv", "area", None),
    ("opencv", "nearest", None),
    ("pillow", "bilinear", None),
    ("pillow", "bicubic", None),
    ("pillow", "lanczos", None),
)
"""The resizers that programs use."""


def _own(recipe: Recipe) -> Resizer:
    return recipe.library, recipe.resize, recipe.antialias


def _resizers(recipe: Recipe) -> tuple[Resizer, ...]:
    """The usual ones, the recipe's own first."""
    return tuple(dict.fromkeys((_own(recipe), *_USUAL)))


def _resizer(library: Library, kernel: Kernel, antialias: bool | None) -> str:
    if library == "opencv":
        return f"OpenCV, {_OPENCV_NAMES[kernel]}"
    if library == "pillow":
        return f"Pillow, {kernel.upper()}"
    return f"TensorFlow, {kernel}{', antialias' if antialias else ''}"
