"""Where the pixels of an image are: in a file of its own, in a row of a CSV, or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import decode_image, luma, read_image_file
from mcuzoo.errors import DataSetError
from mcuzoo.extras import IMAGES, RESIZER


class Picture(Protocol):
    """Small and picklable: what it takes to get at the pixels, not the pixels."""

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """The optional packages (extras.py) that it takes to make an input tensor of it."""
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
    """An image file."""

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


@dataclass(frozen=True)
class PixelRow:
    """`size_bytes` at `offset` of a CSV: one row; cell `column` has a square's grey values."""

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
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                return file.read(self.size_bytes)
        except OSError as error:
            raise DataSetError(
                f"{self.place} cannot be read: {error.strerror}", "Check the disk."
            ) from error

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
class DrawnSign:
    """Picture number `number` of a class of `signs`, drawn from `seed` whenever it is needed."""

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
        from mcuzoo.data.drawn_signs.draw import draw_sign

        return draw_sign(self.label, self.seed, self.number).tobytes()

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        side = isqrt(len(content) // 3)
        pixels = np.frombuffer(content, dtype=np.uint8).reshape(side, side, 3)
        return pixels if color == "rgb" else luma(pixels)


@dataclass(frozen=True)
class Damaged:
    """An entry of a data set that leads to no picture, and why."""

    place: str
    reason: str

    @property
    def packages(self) -> tuple[str, ...]:
        return ()

    def read(self) -> bytes:
        raise DataSetError(f"{self.place}: {self.reason}", "Correct the data set.")

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        raise DataSetError(f"{self.place}: {self.reason}", "Correct the data set.")
