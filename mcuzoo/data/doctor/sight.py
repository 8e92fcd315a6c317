"""A picture exactly as the network sees it: the tensor's figures, enlarged, or in a terminal."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.extras import missing_error
from mcuzoo.files import write_output

_PNG_SIDE = 512


@dataclass(frozen=True)
class TensorFacts:
    """Figures of an int8 tensor [H, W, C]. crc32: what a board returns as its input's CRC-32.

    means: per channel, of the int8 values; low, high: values at -128 and at 127, the pixels 0 and
    255.
    """

    shape: tuple[int, ...]
    minimum: int
    maximum: int
    means: tuple[float, ...]
    low: int
    high: int
    crc32: int
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "crc32": f"0x{self.crc32:08x}"}


def tensor_facts(tensor: NDArray[np.int8]) -> TensorFacts:
    """The figures of int8 [H, W, C]."""
    raw = tensor.tobytes()
    return TensorFacts(
        shape=tensor.shape,
        minimum=int(tensor.min()),
        maximum=int(tensor.max()),
        means=tuple(float(mean) for mean in tensor.mean(axis=(0, 1), dtype=np.float64)),
        low=int(np.count_nonzero(tensor == -128)),
        high=int(np.count_nonzero(tensor == 127)),
        crc32=zlib.crc32(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def pixels_of(tensor: NDArray[np.int8]) -> NDArray[np.uint8]:
    """The picture that int8 [H, W, C] stands for: uint8, value + 128."""
    return (tensor.astype(np.int16) + 128).astype(np.uint8)


def write_png(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write uint8 [H, W, 1 or 3] enlarged by a whole number, every pixel a square.

    Raises InputError when the file cannot be written, MissingExtraError without Pillow.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise missing_error(["pillow"], "Writing a picture") from error
    scale = max(1, _PNG_SIDE // max(pixels.shape[:2]))
    enlarged = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    picture = enlarged[:, :, 0] if enlarged.shape[2] == 1 else enlarged
    content = BytesIO()
    Image.fromarray(picture).save(content, "png")
    write_output(path, content.getvalue())


def terminal_picture(pixels: NDArray[np.uint8], columns: int) -> str:
    """uint8 [H, W, 1 or 3] as upper half blocks in 24-bit colour, two rows of pixels a line.

    Shrunk by leaving out rows and columns where it is wider than `columns`.
    """
    step = -(-pixels.shape[1] // max(1, columns))
    shown = pixels[::step, ::step]
    if shown.shape[2] == 1:
        shown = np.repeat(shown, 3, axis=2)
    if len(shown) % 2:
        shown = np.concatenate([shown, np.zeros_like(shown[:1])])
    lines = []
    for upper, lower in zip(shown[::2], shown[1::2], strict=True):
        cells = [
            f"\x1b[38;2;{a[0]};{a[1]};{a[2]};48;2;{b[0]};{b[1]};{b[2]}m▀"
            for a, b in zip(upper.tolist(), lower.tolist(), strict=True)
        ]
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines) + "\n"
