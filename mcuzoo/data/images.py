"""An image of a data set, and where its pixels are: in a file of its own, in a part of one, or
drawn; decoded with Pillow, within limits, or refused in one sentence."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import DataSetError
from mcuzoo.extras import IMAGES, RESIZER, missing_error

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

    The first frame is decoded as stored: `upright` turns it, no colour management, alpha dropped;
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


_ORIENTATION = 0x0112
"""The tag of the orientation, 1 to 8, in EXIF 2.32 (section 4.6.4 A)."""


def orientation_of(content: bytes) -> int:
    """The EXIF orientation of an image file, 1 to 8: 1 is upright, and where there is none."""
    opener = _pillow_open()
    try:
        with opener(BytesIO(content), formats=_FORMATS) as image:
            found = image.getexif().get(_ORIENTATION)
    except Exception:  # Pillow's parsers let nearly any exception escape on damaged data
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """uint8 [h, w, C] turned and mirrored as its EXIF orientation says."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


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


class Picture(Protocol):
    """Where a picture is, not its pixels: small and picklable."""

    @property
    def place(self) -> str:
        """The place of the picture, for messages."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """The optional packages (extras.py) that are needed to make an input tensor of it."""
        ...

    def read(self) -> bytes:
        """The content that its SHA-256 is over. Raises DataSetError when it cannot be read."""
        ...

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        """`content` as uint8 [H, W, 3] (color "rgb") or [H, W, 1] ("gray").

        Raises DataSetError for damaged content.
        """
        ...


@dataclass(frozen=True)
class FilePicture:
    """An image file.

    path: of the file.
    """

    path: Path

    @property
    def place(self) -> str:
        return str(self.path)

    @property
    def packages(self) -> tuple[str, ...]:
        return IMAGES

    def read(self) -> bytes:
        return read_image_file(self.path)

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        return decode_image(content, color, self.place)


def _part_of_file(path: Path, offset: int, size_bytes: int, place: str) -> bytes:
    """At most `size_bytes` from `offset` on. Raises DataSetError, which names `place`."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size_bytes)
    except OSError as error:
        raise DataSetError(
            f"{place} cannot be read: {error.strerror}", "Check the disk."
        ) from error


@dataclass(frozen=True)
class PixelRow:
    """`size_bytes` at `offset` of a CSV: one row; cell `column` has a square's grey values. path,
    line: of the CSV; the line is for messages."""

    path: Path
    line: int
    offset: int
    size_bytes: int
    column: int

    @property
    def place(self) -> str:
        return f"{self.path}, line {self.line}"

    @property
    def packages(self) -> tuple[str, ...]:
        return (RESIZER,)

    def read(self) -> bytes:
        return _part_of_file(self.path, self.offset, self.size_bytes, self.place)

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        cells = content.decode("ascii", errors="replace").split(",")
        words = cells[self.column].strip().strip('"').split() if self.column < len(cells) else []
        side = isqrt(len(words))
        values = [int(word) for word in words if word.isdecimal() and len(word) <= 3]
        if not words or side * side != len(words) or len(values) != len(words):
            raise DataSetError(
                f"{self.place} has {len(words)} pixels that are not the numbers of a square.",
                "Take the data set from its source again.",
            )
        if max(values) > 255:
            raise DataSetError(
                f"{self.place} has a pixel {max(values)}, beyond 255.",
                "Take the data set from its source again.",
            )
        gray = np.array(values, dtype=np.uint8).reshape(side, side, 1)
        return gray if color == "gray" else np.repeat(gray, 3, axis=2)


@dataclass(frozen=True)
class Planes:
    """A square of red, then green, then blue bytes, `side` by `side` each, at `offset` of a file:
    picture `number` of it.

    path: of the file.
    """

    path: Path
    number: int
    offset: int
    side: int

    @property
    def place(self) -> str:
        return f"{self.path}, picture {self.number}"

    @property
    def packages(self) -> tuple[str, ...]:
        return (RESIZER,)

    def read(self) -> bytes:
        return _part_of_file(self.path, self.offset, 3 * self.side**2, self.place)

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        if len(content) != 3 * self.side**2:
            raise DataSetError(f"{self.place} is cut off.", "Take the file from its source again.")
        planes = np.frombuffer(content, np.uint8).reshape(3, self.side, self.side)
        pixels = np.ascontiguousarray(planes.transpose(1, 2, 0))
        return pixels if color == "rgb" else luma(pixels)


@dataclass(frozen=True)
class DrawnSign:
    """Picture number `number` of a class of `signs`, drawn from `seed` whenever it is needed.

    label: the class, from 0.
    """

    label: int
    seed: int
    number: int

    @property
    def place(self) -> str:
        return f"sign {self.label}/{self.number} of seed {self.seed}"

    @property
    def packages(self) -> tuple[str, ...]:
        return (RESIZER,)

    def read(self) -> bytes:
        return _drawn(self.label, self.seed, self.number)

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        side = isqrt(len(content) // 3)
        pixels = np.frombuffer(content, dtype=np.uint8).reshape(side, side, 3)
        return pixels if color == "rgb" else luma(pixels)


@lru_cache(maxsize=256)
def _drawn(label: int, seed: int, number: int) -> bytes:
    """To draw takes milliseconds, and a run reads each picture twice: for its hash, and for its
    input."""
    from mcuzoo.data.drawn_signs.draw import draw_sign

    return draw_sign(label, seed, number).tobytes()


@dataclass(frozen=True)
class Damaged:
    """An entry of a data set that leads to no picture, and why.

    place: file and line, for people. reason: a sentence.
    """

    place: str
    reason: str

    @property
    def packages(self) -> tuple[str, ...]:
        return ()

    def read(self) -> bytes:
        raise DataSetError(f"{self.place}: {self.reason}", "Correct the data set.")

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        raise DataSetError(f"{self.place}: {self.reason}", "Correct the data set.")


@dataclass(frozen=True)
class Item:
    """One image: `index` in its data set, `file` as the data set calls it.

    `label` is the class index, None when not known; `sha256` that of the picture's content, None
    when it is not known.
    """

    index: int
    file: str
    picture: Picture
    label: int | None
    sha256: str | None = None


@dataclass(frozen=True)
class DataSet:
    """`format`: how it is laid out; `split`: which part of it this is, None for all of it.

    `mapping`: how the data set's labels became classes, in a few words; empty without labels.
    `class_names`: of class folders that were numbered in their order; None of others. `digest`:
    SHA-256 over index, name, label and content of every item, empty where the contents were not
    read. source: the folder or file. items: in their fixed order. warnings: what a user should know
    of it.
    """

    source: Path
    items: tuple[Item, ...]
    digest: str = ""
    warnings: tuple[str, ...] = ()
    format: str = "images"
    split: str | None = None
    mapping: str = ""
    class_names: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """Short, for reports: fer2013, signs:7, or what the file or folder is called."""
        if self.format in ("cifar10", "fer2013", "imagenet-validation"):
            return self.format
        return self.source.resolve().stem if self.format != "signs" else str(self.source)


def digest_of(items: Iterable[Item]) -> str:
    """SHA-256 over index, name, label and content of every item."""
    whole = hashlib.sha256()
    for item in items:
        whole.update(repr((item.index, item.file, item.label, item.sha256)).encode())
    return whole.hexdigest()
