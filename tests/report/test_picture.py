"""What a terminal gets is read back, as the documents of each way say, and is the picture."""

from __future__ import annotations

import base64
import io
import re
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mcuzoo.report.picture import terminal_picture

Pixels = NDArray[np.uint8]


def smooth(height: int, width: int) -> Pixels:
    """Many more colours than 256, and alike beside each other, as in a photograph."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [255 * y // height, 255 * x // width, (3 * x + 5 * y) % 256]
    return np.stack(planes, axis=2).astype(np.uint8)


def noise(height: int, width: int, channels: int = 3) -> Pixels:
    shape = (height, width, channels)
    return np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)


def every_nth(large: Pixels, like: Pixels) -> Pixels:
    """One pixel of each square, all of whose pixels are the same."""
    scale = large.shape[0] // like.shape[0]
    small = large[::scale, ::scale]
    assert np.array_equal(small.repeat(scale, 0).repeat(scale, 1), large)
    return small


def decoded_kitty(text: str) -> Pixels:
    """By https://sw.kovidgoyal.net/kitty/graphics-protocol/#control-data-reference."""
    commands = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in commands) == text
    assert all(len(data) <= 4096 and len(data) % 4 == 0 for _, data in commands[:-1])
    keys = [dict(pair.split("=") for pair in keys.split(",")) for keys, _ in commands]
    assert [one["m"] for one in keys] == ["1"] * (len(keys) - 1) + ["0"]
    first = keys[0]
    assert all(set(one) == {"m"} for one in keys[1:])
    assert (first["a"], first["f"], first["o"], first["q"]) == ("T", "24", "z", "2")
    data = zlib.decompress(base64.b64decode("".join(data for _, data in commands)))
    return np.frombuffer(data, np.uint8).reshape(int(first["v"]), int(first["s"]), 3)


def decoded_iterm2(text: str) -> Pixels:
    """By https://iterm2.com/documentation-images.html."""
    found = re.fullmatch(r"\x1b\]1337;File=([^:]*):([A-Za-z0-9+/=]*)\x07", text)
    assert found
    about = dict(pair.split("=") for pair in found[1].split(";"))
    content = base64.b64decode(found[2])
    assert about["inline"] == "1" and int(about["size"]) == len(content)
    return np.array(Image.open(io.BytesIO(content)).convert("RGB"))


def decoded_sixel(text: str) -> Pixels:
    """By DEC's chapter on sixels: a raster, colours in percent, bands of six rows."""
    found = re.fullmatch(r'\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\', text)
    assert found
    width, height = int(found[1]), int(found[2])
    pixels = np.zeros((height + 6, width, 3), np.uint8)
    drawn = np.zeros((height + 6, width), bool)
    palette: dict[int, list[int]] = {}
    color = row = column = 0
    token = re.compile(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])")
    body, at = found[3], 0
    while at < len(body):
        one = token.match(body, at)
        assert one, body[at : at + 20]
        at = one.end()
        number, red, green, blue, times, repeated, single, move = one.groups()
        if red is not None:
            palette[int(number)] = [
                round(int(percent) * 255 / 100) for percent in (red, green, blue)
            ]
        elif number is not None:
            color = int(number)
        elif move is not None:
            column, row = 0, row + 6 * (move == "-")
        else:
            bits, run = ord(repeated or single) - 63, int(times or 1)
            for bit in range(6):
                if bits >> bit & 1:
                    assert not drawn[row + bit, column : column + run].any()
                    pixels[row + bit, column : column + run] = palette[color]
                    drawn[row + bit, column : column + run] = True
            column += run
            assert column <= width
    assert drawn[:height].all() and not drawn[height:].any() and len(palette) <= 256
    return pixels[:height]


PICTURES = [
    pytest.param(noise(48, 48), id="small"),
    pytest.param(noise(1, 7), id="a-row"),
    pytest.param(noise(96, 96, 1), id="gray"),
    pytest.param(smooth(224, 160), id="large"),
]


@pytest.mark.parametrize("picture", PICTURES)
def test_the_pixels_arrive(picture: Pixels) -> None:
    expected = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
    kitty, iterm2 = (terminal_picture(picture, 80, way) for way in ("kitty", "iterm2"))
    assert kitty.endswith("\n") and iterm2.endswith("\n")
    assert np.array_equal(decoded_kitty(kitty[:-1]), expected)
    assert np.array_equal(every_nth(decoded_iterm2(iterm2[:-1]), expected), expected)


@pytest.mark.parametrize(
    ("picture", "off_by"),
    [
        # 256 colours: each as it is, but in percent. More: the nearest of 256.
        pytest.param(noise(16, 16), 2, id="few"),
        pytest.param(noise(1, 7), 2, id="a-row"),
        pytest.param(noise(96, 96, 1), 2, id="gray"),
        pytest.param(smooth(224, 160), 64, id="large"),
    ],
)
def test_sixels_are_the_pixels(picture: Pixels, off_by: int) -> None:
    text = terminal_picture(picture, 80, "sixel")
    assert text.endswith("\n") and text.isascii()
    shown = every_nth(decoded_sixel(text[:-1]), picture).astype(np.int16)
    difference = np.abs(shown - picture.astype(np.int16))
    assert difference.max() <= off_by and difference.mean() < off_by / 3


@pytest.mark.slow
def test_a_small_picture_is_enlarged_and_a_large_one_is_not() -> None:
    sides = {}
    for side in (16, 96, 300):
        sides[side] = len(decoded_sixel(terminal_picture(noise(side, side, 1), 80, "sixel")[:-1]))
    assert sides == {16: 256, 96: 192, 300: 300}
