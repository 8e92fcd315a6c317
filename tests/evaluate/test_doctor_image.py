"""`mcuzoo doctor-image` on the pictures that the SDK and the zoo ship."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.commands import invoke
from numpy.typing import NDArray

MODEL = "models/mobilenet_v1_0.25_128_quant_int8.tflite"
STOPWATCH = 827


def doctor(*words: object, code: int = 0) -> dict[str, Any]:
    result = invoke(["doctor-image", *map(str, words), "--json"])
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def mistakes(found: dict[str, Any]) -> list[str]:
    return [one["name"] for one in found["diagnosis"]["mistakes"]]


def pixels_of(image: Path) -> NDArray[Any]:
    """BGR, as OpenCV reads it."""
    pixels = cv2.imread(str(image))
    assert pixels is not None
    return pixels


@pytest.fixture
def sdk_tensor(test_data: Path, tmp_path: Path) -> Path:
    """What MODEL_ConvertInput of the SDK makes of its image_data: pixel - 127, as int8_t."""
    picture = pixels_of(test_data / "stopwatch_sdk_image_data_128.png")[:, :, ::-1]
    path = tmp_path / "input.bin"
    (picture.astype(np.int16) - 127).astype(np.int8).tofile(path)
    return path


def test_sdk_stopwatch(test_data: Path, sdk_tensor: Path) -> None:
    image = test_data / "stopwatch_sdk_image_data_128.png"
    found = doctor(image, "--model", test_data / MODEL, "--crop", 1, "--tensor", sdk_tensor, code=1)
    assert found["diagnosis"]["exact"] and mistakes(found) == ["p-127", "wrap-p-127"]
    right, given = found["answers"][0], found["given_answers"][0]
    assert right["label"] == given["label"] == STOPWATCH
    assert (round(right["score"], 3), round(given["score"], 3)) == (0.836, 0.871)
    assert found["given"]["crc32"] == f"0x{zlib.crc32(sdk_tensor.read_bytes()):08x}"


def test_sdk_stopwatch_from_the_bitmap_that_was_resized_elsewhere(
    test_data: Path, sdk_tensor: Path
) -> None:
    found = doctor(test_data / "stopwatch.bmp", "--crop", 1, "--tensor", sdk_tensor, code=1)
    assert not found["diagnosis"]["exact"]
    assert mistakes(found) == ["p-127", "wrap-p-127"]


def test_sdk_image_data_itself_is_right(test_data: Path, tmp_path: Path) -> None:
    image = test_data / "stopwatch_sdk_image_data_128.png"
    values = pixels_of(image)[:, :, ::-1].reshape(-1)
    header = tmp_path / "image_data.h"
    words = ", ".join(f"0x{value:02X}" for value in values)
    header.write_text(f"static const uint8_t image_data[] = {{\n{words}}};\n")
    found = doctor(image, "--crop", 1, "--tensor", header)
    assert found["diagnosis"]["exact"] and mistakes(found) == []


def test_zoo_example_feeds_bgr_and_wraps_white(test_data: Path, tmp_path: Path) -> None:
    image = test_data / "zoo_example_input.jpg"
    picture = cv2.resize(pixels_of(image), (128, 128))
    scaled = (picture / 127.5 - 1.0) / 0.0078125 + 128
    np.save(tmp_path / "input.npy", scaled.astype(np.int64).astype(np.uint8))
    found = doctor(image, "--tensor", tmp_path / "input.npy", code=1)
    assert found["diagnosis"]["exact"]
    assert mistakes(found) == ["bgr", "wrap-255", "crop"]


def test_picture_text_and_tensor(test_data: Path, tmp_path: Path) -> None:
    image, saved = test_data / "stopwatch.bmp", tmp_path / "right.npy"
    result = invoke(
        ["doctor-image", str(image), "--out", str(tmp_path / "x.png"), "--save", str(saved)]
    )
    assert result.exit_code == 0, result.output
    assert "central 0.875" in result.stdout and "crc32       0x" in result.stdout
    assert "▀" not in result.stdout
    assert pixels_of(tmp_path / "x.png").shape == (512, 512, 3)
    again = invoke(["doctor-image", str(image), "--tensor", str(saved)])
    assert again.exit_code == 0 and "nothing wrong with it" in again.stdout


def test_faces_are_seen_in_gray(test_data: Path) -> None:
    found = doctor(test_data / "zoo_fer_test.jpg", "--model", "deepface_emotion")
    assert found["tensor"]["shape"] == [48, 48, 1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("gone.jpg",), "cannot be read"),
        (("x.jpg", "--crop", "0"), "no fraction"),
        (("x.jpg", "--model", "mobilenet_v9"), "no model"),
    ],
)
def test_what_is_refused(words: tuple[str, ...], complaint: str) -> None:
    result = invoke(["doctor-image", *words])
    assert result.exit_code == 2 and complaint in result.output
