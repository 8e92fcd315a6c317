"""A picture as the network sees it, small as it is: enlarged in a file, or in a terminal.

Three ways of terminals show pixels, each known by the documents of those who made it:

    kitty   https://sw.kovidgoyal.net/kitty/graphics-protocol/
    iterm2  https://iterm2.com/documentation-images.html
    sixel   DEC STD 070, chapter 9; https://vt100.net/docs/vt3xx-gp/chapter14.html

The fourth, blocks, is text: half blocks in 24-bit colour. What decides between them is
mcuzoo/cli/terminal.py.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.extras import missing_error
from mcuzoo.files import write_output

_PNG_SIDE = 512
_SHOWN_SIDE = 256
_SHOWN_ROWS = 14
"""Of text, for a terminal that scales a picture itself."""

_KITTY_CHUNK = 4096
_SIXEL_COLORS = 256
_BAND = 6


def write_png(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write uint8 [H, W, 1 or 3] enlarged by a whole number, every pixel a square.

    Raises InputError when the file cannot be written, MissingExtraError without Pillow.
    """
    write_output(path, _png(pixels, _PNG_SIDE))


def terminal_picture(pixels: NDArray[np.uint8], columns: int, way: str = "blocks") -> str:
    """uint8 [H, W, 1 or 3] (red, green, blue) as the text that shows it in a terminal.

    way: kitty, iterm2, sixel or blocks. As blocks it is shrunk, by leaving out rows and columns,
    where it is wider than `columns`. Raises MissingExtraError without Pillow, but not for blocks.
    """
    if way == "blocks":
        return _blocks(pixels, columns)
    ways = {"kitty": _kitty, "iterm2": _iterm2, "sixel": _sixel}
    return f"{ways[way](pixels)}\n"


def _png(pixels: NDArray[np.uint8], side: int) -> bytes:
    try:
        from PIL import Image
    except ImportError as error:
        raise missing_error(["pillow"], "Writing a picture") from error
    enlarged = _enlarged(pixels, side)
    content = BytesIO()
    Image.fromarray(enlarged[:, :, 0] if enlarged.shape[2] == 1 else enlarged).save(content, "png")
    return content.getvalue()


def _enlarged(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Every pixel a square, so that the longer side has at most `side`."""
    scale = max(1, side // max(pixels.shape[:2]))
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)


def _rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def _kitty(pixels: NDArray[np.uint8]) -> str:
    """The pixels themselves, deflated; q=2: the terminal answers nothing, which we would read."""
    height, width = pixels.shape[:2]
    data = base64.b64encode(zlib.compress(_rgb(pixels).tobytes())).decode("ascii")
    chunks = [data[at : at + _KITTY_CHUNK] for at in range(0, len(data), _KITTY_CHUNK)]
    head = f"a=T,f=24,o=z,s={width},v={height},r={_SHOWN_ROWS},q=2,"
    return "".join(
        f"\x1b_G{'' if at else head}m={int(at + 1 < len(chunks))};{chunk}\x1b\\"
        for at, chunk in enumerate(chunks)
    )


def _iterm2(pixels: NDArray[np.uint8]) -> str:
    png = _png(pixels, _SHOWN_SIDE)
    about = f"inline=1;size={len(png)};height={_SHOWN_ROWS};preserveAspectRatio=1"
    return f"\x1b]1337;File={about}:{base64.b64encode(png).decode('ascii')}\a"


def _sixel(pixels: NDArray[np.uint8]) -> str:
    """At most 256 colours, each in percent of red, green and blue."""
    indices, palette = _with_palette(_rgb(pixels))
    scale = max(1, _SHOWN_SIDE // max(pixels.shape[:2]))
    large = indices.repeat(scale, axis=0).repeat(scale, axis=1)
    colors = "".join(
        "#{};2;{};{};{}".format(number, *(round(int(level) * 100 / 255) for level in color))
        for number, color in enumerate(palette)
    )
    bands = "-".join(_bands(large))
    # 1;1: square pixels. P2 = 1: pixels that are not set stay as they are.
    return f'\x1bP0;1;0q"1;1;{large.shape[1]};{large.shape[0]}{colors}{bands}\x1b\\'


def _with_palette(
    pixels: NDArray[np.uint8],
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Indices [H, W] into colours [N, 3]: the picture's own, or the nearest few by median cut."""
    flat = pixels.reshape(-1, 3)
    palette, indices = np.unique(flat, axis=0, return_inverse=True)
    if len(palette) > _SIXEL_COLORS:
        try:
            from PIL import Image
        except ImportError as error:
            raise missing_error(["pillow"], "Showing a picture") from error
        few = Image.fromarray(pixels).quantize(_SIXEL_COLORS, dither=Image.Dither.NONE)
        indices = np.array(few)
        palette = np.array(few.getpalette(), dtype=np.uint8).reshape(-1, 3)
    return indices.reshape(pixels.shape[:2]).astype(np.int64), palette


def _bands(indices: NDArray[np.int64]) -> Iterator[str]:
    """Six rows each: for every colour, one character per column that says in which rows it is."""
    weights = (1 << np.arange(_BAND))[:, np.newaxis]
    for top in range(0, len(indices), _BAND):
        band = indices[top : top + _BAND]
        lines = []
        for color in np.unique(band):
            bits = ((band == color) * weights[: len(band)]).sum(axis=0)
            text = (bits + ord("?")).astype(np.uint8).tobytes().decode("ascii")
            lines.append(f"#{color}{_runs(text)}")
        yield "$".join(lines)


def _runs(text: str) -> str:
    """Repeated characters as !COUNT and the character."""
    return re.sub(r"(.)\1{3,}", lambda run: f"!{len(run[0])}{run[1]}", text)


def _blocks(pixels: NDArray[np.uint8], columns: int) -> str:
    """uint8 [H, W, 1 or 3] as upper half blocks in 24-bit colour, two rows of pixels a line.

    Shrunk by leaving out rows and columns where it is wider than `columns`.
    """
    step = -(-pixels.shape[1] // max(1, columns))
    shown = _rgb(pixels[::step, ::step])
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
