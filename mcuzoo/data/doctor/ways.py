"""The ways in which programs make input tensors: what is right, and what has been published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.preprocess import central_crop, preprocess
from mcuzoo.extras import missing_error
from mcuzoo.project.manifest import Preprocessing

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
VALUE_MISTAKES: dict[str, tuple[Mistake, ...]] = {
    RIGHT_OFFSET: (),
    "p-127": (P_127,),
    "p-127-wrap": (P_127, WRAP_P_127),
    "wrap-255": (WRAP_255,),
    "no-offset": (NO_OFFSET,),
}


@dataclass(frozen=True)
class Making:
    """How the picture was cut, resized and ordered (bgr). right_*: as the model's preprocessing."""

    crop: str
    resize: str
    bgr: bool
    right_crop: bool
    right_resize: bool


def mistakes_of(making: Making, values: str) -> tuple[Mistake, ...]:
    """The differences from the right preprocessing, worst first."""
    found = [BGR] if making.bgr else []
    found += VALUE_MISTAKES[values]
    if not making.right_crop:
        found.append(other_crop(making))
    if not making.right_resize:
        found.append(
            Mistake(
                "resize",
                f"the picture was resized otherwise: {making.resize}",
                "Use OpenCV's INTER_LINEAR; an antialiased resize costs 3 points of top-1.",
            )
        )
    return tuple(found)


def other_crop(making: Making, exact: bool = True) -> Mistake:
    """The mistake of another crop; only the nearest known crop if the tensor is not reproduced."""
    return Mistake(
        "crop",
        f"the picture was cut otherwise{': ' if exact else '; the nearest is '}{making.crop}",
        "Crop as the model's preprocessing says; mcuzoo doctor-image shows how.",
    )


def darkest_around(
    image: NDArray[np.uint8], shape: tuple[int, ...], preprocessing: Preprocessing, making: Making
) -> NDArray[np.uint8]:
    """For each pixel of `making`, the darkest of `image` up to one pixel of it away; [H, W, C]."""
    cut = next(cut for crop, cut, _ in _crops(image, shape, preprocessing) if crop == making.crop)
    for axis in (0, 1):
        cell = cut.shape[axis] / shape[axis]
        reach = max(1, int(cell)) if cell != 1 else 0
        centres = ((np.arange(shape[axis]) + 0.5) * cell).astype(np.intp)
        near = centres[:, None] + np.arange(-reach, reach + 1)
        cut = cut.take(near.clip(0, cut.shape[axis] - 1), axis=axis).min(axis=axis + 1)
    return cut[:, :, ::-1] if making.bgr else cut


def makings(
    image: NDArray[np.uint8], shape: tuple[int, ...], preprocessing: Preprocessing
) -> Iterator[tuple[Making, NDArray[np.uint8]]]:
    """Every way with the uint8 [H, W, C] picture that it makes of `image`, uint8 [h, w, C]."""
    for crop, cut, right_crop in _crops(image, shape, preprocessing):
        for resize, made in _resized(cut, shape):
            right_resize = resize == "OpenCV, INTER_LINEAR" or cut.shape == shape
            for bgr in (False, True) if shape[2] == 3 else (False,):
                making = Making(crop, resize, bgr, right_crop, right_resize)
                yield making, made[:, :, ::-1] if bgr else made


def _crops(
    image: NDArray[np.uint8], shape: tuple[int, ...], preprocessing: Preprocessing
) -> Iterator[tuple[str, NDArray[np.uint8], bool]]:
    whole = preprocessing.crop == 1.0
    yield (
        SQUEEZED if whole else f"the central {preprocessing.crop:g} of each side",
        central_crop(image, preprocessing.crop),
        True,
    )
    if not whole:
        yield SQUEEZED, image, False
    height, width = image.shape[:2]
    side = min(height, width)
    if shape[0] == shape[1] and height != width:
        top, left = (height - side) // 2, (width - side) // 2
        square = image[top : top + side, left : left + side]
        yield "the largest central square", square, False


def _resized(
    cut: NDArray[np.uint8], shape: tuple[int, ...]
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The resizers that programs use, the model's own first; one alone where nothing is resized."""
    whole = replace(Preprocessing(), crop=1.0)
    pixels = (preprocess(cut, whole, shape).astype(np.int16) + 128).astype(np.uint8)
    yield "OpenCV, INTER_LINEAR", pixels
    if cut.shape[:2] == shape[:2]:
        return
    try:
        import cv2
        from PIL import Image
    except ImportError as error:
        raise missing_error(["opencv-python-headless"], "Resizing images") from error
    size = (shape[1], shape[0])
    for name, method in (("AREA", cv2.INTER_AREA), ("NEAREST", cv2.INTER_NEAREST)):
        resized = cv2.resize(cut, size, interpolation=method)
        yield f"OpenCV, INTER_{name}", np.asarray(resized, np.uint8).reshape(shape)
    picture = Image.fromarray(cut[:, :, 0] if cut.shape[2] == 1 else cut)
    for name in ("BILINEAR", "BICUBIC", "LANCZOS"):
        smaller = picture.resize(size, getattr(Image.Resampling, name))
        yield f"Pillow, {name}", np.array(smaller, np.uint8).reshape(shape)
