"""Preprocessing equals the golden inputs byte for byte."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.data.images import decode_image
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.data.resize import central_crop
from mcuzoo.errors import MissingExtraError, ProjectError
from mcuzoo.project.recipe import Recipe


def golden_files(test_data: Path, manifest: str) -> list[Path]:
    with (test_data / manifest).open(newline="") as file:
        return [test_data / row["file"] for row in csv.DictReader(file)]


def as_uint8(tensor: NDArray[np.int8]) -> NDArray[np.uint8]:
    return (tensor.astype(np.int16) + 128).astype(np.uint8)


def test_imagenet_inputs_equal_the_golden_ones(test_data: Path) -> None:
    golden = np.load(test_data / "golden" / "imagenet_inputs_u8.npy")
    hashes = json.loads((test_data / "golden" / "imagenet_inputs_u8_sha256.json").read_text())
    files = golden_files(test_data, "manifest_imagenet.csv")
    assert len(files) == len(hashes) == 200
    for index, file in enumerate(files):
        image = decode_image(file.read_bytes(), "rgb", file.name)
        tensor = PictureInput(Recipe(crop=0.875), (1, 128, 128, 3)).tensor(image)
        assert tensor.dtype == np.int8
        pixels = as_uint8(tensor)
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == hashes[index], file
        if index < len(golden):
            np.testing.assert_array_equal(pixels, golden[index])


def test_fer_inputs_equal_the_golden_ones(test_data: Path) -> None:
    golden = np.load(test_data / "golden" / "fer_inputs_u8.npy")
    preprocessing = Recipe(color="gray", crop=1.0)
    for file, expected in zip(golden_files(test_data, "manifest_fer.csv"), golden, strict=True):
        image = decode_image(file.read_bytes(), "gray", file.name)
        np.testing.assert_array_equal(
            as_uint8(PictureInput(preprocessing, (48, 48, 1)).tensor(image)), expected
        )


@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    fraction=st.floats(0.01, 1.0),
)
def test_crop_is_central_and_never_empty(height: int, width: int, fraction: float) -> None:
    rows = np.arange(height, dtype=np.int64)[:, np.newaxis, np.newaxis]
    image = np.broadcast_to(rows, (height, width, 1))
    cropped = central_crop(image, fraction)  # type: ignore[arg-type]
    top, bottom = int(cropped[0, 0, 0]), height - 1 - int(cropped[-1, 0, 0])
    assert top == bottom == int((height - height * fraction) / 2)
    assert cropped.shape[1] == width - 2 * int((width - width * fraction) / 2)


@pytest.mark.parametrize(("offset", "expected"), [(-128, (-128, 127)), (-127, (-127, 127))])
def test_offset_saturates_instead_of_wrapping(offset: int, expected: tuple[int, int]) -> None:
    image = np.array([[[0], [255]]], dtype=np.uint8)
    preprocessing = Recipe(color="gray", crop=1.0, pixel_offset=offset)
    assert (
        tuple(PictureInput(preprocessing, (1, 1, 2, 1)).tensor(image).reshape(-1).tolist())
        == expected
    )


@pytest.mark.parametrize(
    ("preprocessing", "shape"),
    [
        (Recipe(crop=0.875), (1, 8, 8, 1)),
        (Recipe(crop=0.875), (8, 8)),
        (Recipe(crop=0.875), (2, 8, 8, 3)),
        (Recipe(fit="short-side", short_side=4), (8, 8, 3)),
    ],
)
def test_recipe_that_does_not_fit(preprocessing: Recipe, shape: tuple[int, ...]) -> None:
    with pytest.raises(ProjectError):
        PictureInput(preprocessing, shape).tensor(np.zeros((9, 9, 3), np.uint8))


def test_missing_opencv_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(MissingExtraError, match="opencv-python-headless"):
        PictureInput(Recipe(crop=0.875), (8, 8, 3)).tensor(np.zeros((9, 9, 3), np.uint8))
