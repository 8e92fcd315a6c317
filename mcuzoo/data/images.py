"""Decode a picture with Pillow, within limits, or say in one sentence why not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import DataSetError
from mcuzoo.extras import missing_error

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 50_000_000
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".pgm", ".gif", ".webp"})

# Pillow's other formats are left out: some start external programs, none is needed here.
_FORMATS = ("JPEG", "PNG", "BMP", "PPM", "GIF", "WEBP")
_MODES = {"rgb": "RGB", "gray": "L"}
_HINT = "Remove the file or save it again as an 8-bit JPEG or PNG."


def read_image_file(path: Path) -> bytes:
    """The content of an image file.

    Raises DataSetError when it cannot be read or is larger than MAX_FILE_BYTES.
    """
    try:
        if path.exists() and not path.is_file():  # to open a pipe would wait for ever
            raise DataSetError(f"{path} cannot be read: it is no file.", _HINT)
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise DataSetError(f"{path} cannot be read: {reason}", _HINT) from error
    if len(content) > MAX_FILE_BYTES:
        raise DataSetError(f"{path} is larger than {MAX_FILE_BYTES // 2**20} MiB.", _HINT)
    return content


def decode_image(content: bytes, color: str, name: str) -> NDArray[np.uint8]:
    """Decode a whole image file to uint8 [H, W, 3] (color "rgb") or [H, W, 1] ("gray").

    The first frame is decoded as stored: no EXIF rotation, no colour management, alpha dropped;
    that is the decoding the golden inputs were made with. Grey is Pillow's mode L (ITU-R 601-2
    luma). Raises DataSetError, which names `name`, for anything that is not a whole 8-bit image
    of at most MAX_PIXELS, and MissingExtraError without Pillow.
    """
    opener = _pillow_open()
    try:
        with opener(BytesIO(content), formats=_FORMATS) as image:
            _refuse_unfit(image)
            pixels = np.array(image.convert(_MODES[color]), dtype=np.uint8)
    # Pillow's decoders let nearly any exception escape on damaged data.
    except Exception as error:
        reason = str(error) or type(error).__name__
        if type(error).__name__ == "UnidentifiedImageError":
            reason = "not a JPEG, PNG, BMP, PPM, GIF or WebP image"
        raise DataSetError(f"{name} cannot be decoded: {reason}", _HINT) from error
    return pixels.reshape(*pixels.shape[:2], -1)


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] as the [H, W, 1] that `decode_image` makes of it for "gray"."""
    try:
        from PIL import Image
    except ImportError as error:
        raise missing_error(["pillow"], "Greying images") from error
    return np.array(Image.fromarray(pixels).convert("L"), dtype=np.uint8)[:, :, np.newaxis]


@cache
def _pillow_open() -> Callable[..., Image]:
    try:
        from PIL import Image
    except ImportError as error:
        raise missing_error(["pillow"], "Decoding images") from error
    # Pillow warns above a limit of its own; MAX_PIXELS is below it and is an error.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    return Image.open


def _refuse_unfit(image: Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(f"{width}x{height} pixels, more than {MAX_PIXELS // 10**6} megapixels")
    if image.mode == "F" or image.mode.startswith("I"):
        raise ValueError(f"mode {image.mode}: more than 8 bits per channel")
