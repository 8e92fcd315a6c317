"""Decoding: what Pillow decodes, the limits, and what damaged files come to."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from mcuzoo.data import images
from mcuzoo.data.images import decode_image, orientation_of, read_image_file, upright
from mcuzoo.errors import DataSetError, MissingExtraError


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    content = BytesIO()
    image.save(content, format=format, **options)
    return content.getvalue()


def noise(height: int, width: int, channels: int = 3) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("format", ["PNG", "BMP", "PPM"])
def test_lossless_formats_come_back_as_they_were(format: str) -> None:
    pixels = noise(5, 7)
    decoded = decode_image(encoded(Image.fromarray(pixels), format), "rgb", "x")
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, pixels)


def test_gray_is_one_channel_of_luma() -> None:
    pixels = noise(5, 7)
    decoded = decode_image(encoded(Image.fromarray(pixels), "PNG"), "gray", "x")
    assert decoded.shape == (5, 7, 1)
    luma = pixels @ np.array([299, 587, 114]) / 1000
    assert np.abs(decoded[:, :, 0] - luma).max() <= 1


def test_gray_file_becomes_three_equal_channels() -> None:
    pixels = noise(4, 4, 1)[:, :, 0]
    decoded = decode_image(encoded(Image.fromarray(pixels), "PNG"), "rgb", "x")
    np.testing.assert_array_equal(decoded, np.stack([pixels] * 3, axis=2))


def test_exif_rotation_is_not_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    content = encoded(Image.fromarray(noise(4, 8)), "JPEG", exif=exif)
    assert decode_image(content, "rgb", "x").shape == (4, 8, 3)


def test_truncated_image_is_named() -> None:
    content = encoded(Image.fromarray(noise(64, 64)), "JPEG")
    with pytest.raises(DataSetError, match=r"cat\.jpg cannot be decoded: .*truncated"):
        decode_image(content[: len(content) // 2], "rgb", "cat.jpg")


@pytest.mark.parametrize("content", [b"", b"no image at all", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_not_an_image(content: bytes) -> None:
    with pytest.raises(DataSetError, match="not a JPEG, PNG"):
        decode_image(content, "rgb", "x")


def test_formats_beyond_the_known_ones_are_refused() -> None:
    with pytest.raises(DataSetError, match="not a JPEG, PNG"):
        decode_image(encoded(Image.fromarray(noise(4, 4)), "TIFF"), "rgb", "x")


def test_sixteen_bits_are_refused_rather_than_clipped() -> None:
    deep = Image.fromarray(np.full((4, 4), 40000, dtype=np.uint16))
    with pytest.raises(DataSetError, match="more than 8 bits"):
        decode_image(encoded(deep, "PNG"), "rgb", "x")


def test_pixel_limit_holds_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(Image.new("L", (300, 200)), "PNG")
    monkeypatch.setattr(images, "MAX_PIXELS", 300 * 200 - 1)
    with pytest.raises(DataSetError, match="300x200 pixels"):
        decode_image(content, "rgb", "x")
    monkeypatch.setattr(images, "MAX_PIXELS", 300 * 200)
    assert decode_image(content, "rgb", "x").shape == (200, 300, 3)


def test_bomb_that_claims_a_billion_pixels() -> None:
    content = bytearray(encoded(Image.new("L", (8, 8)), "BMP"))
    content[18:26] = (40_000).to_bytes(4, "little") * 2
    with pytest.raises(DataSetError, match=r"cannot be decoded"):
        decode_image(bytes(content), "rgb", "x")


def test_file_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"12345")
    monkeypatch.setattr(images, "MAX_FILE_BYTES", 5)
    assert read_image_file(file) == b"12345"
    monkeypatch.setattr(images, "MAX_FILE_BYTES", 4)
    with pytest.raises(DataSetError, match="larger than"):
        read_image_file(file)
    with pytest.raises(DataSetError, match="cannot be read"):
        read_image_file(tmp_path / "gone.jpg")


def test_missing_pillow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    images._pillow_open.cache_clear()
    with pytest.raises(MissingExtraError, match="pillow") as caught:
        decode_image(b"", "rgb", "x")
    assert "pip install" in caught.value.hint and "pillow>=" in caught.value.hint


SEEDS = [
    encoded(Image.fromarray(noise(9, 11)), "JPEG"),
    encoded(Image.fromarray(noise(9, 11)), "PNG"),
    encoded(Image.fromarray(noise(9, 11)), "GIF"),
    encoded(Image.fromarray(noise(9, 11)), "WEBP"),
    encoded(Image.fromarray(noise(9, 11)), "BMP"),
]


@settings(max_examples=examples(300), deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    hits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    keep=st.floats(0, 1),
)
def test_damaged_files_give_pixels_or_a_data_set_error(
    seed: bytes, hits: list[tuple[float, int]], keep: float
) -> None:
    content = bytearray(seed)
    for place, value in hits:
        content[int(place * (len(content) - 1))] = value
    try:
        decoded = decode_image(bytes(content[: int(keep * len(content)) + 1]), "rgb", "x")
    except DataSetError as error:
        assert error.message.startswith("x cannot be decoded: ")
    else:
        assert decoded.dtype == np.uint8 and decoded.ndim == 3 and decoded.shape[2] == 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_pillow_s(orientation: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    exif = picture.getexif()
    exif[0x0112] = orientation
    content = BytesIO()
    picture.save(content, "png", exif=exif)
    with Image.open(BytesIO(content.getvalue())) as stored:
        expected = np.array(ImageOps.exif_transpose(stored))
    assert orientation_of(content.getvalue()) == orientation
    np.testing.assert_array_equal(upright(pixels, orientation), expected)


@given(st.binary(max_size=200))
def test_an_orientation_of_anything_is_none(content: bytes) -> None:
    assert orientation_of(content) == 1
    assert orientation_of(b"\xff\xd8\xff\xe1\x00\x20Exif\x00\x00" + content) in range(1, 9)
