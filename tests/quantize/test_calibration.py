"""Calibration images: chosen the same way each time, spread over the whole range of pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcuzoo.data.labels import Classes
from mcuzoo.errors import DataSetError
from mcuzoo.project.recipe import Recipe, normalized, of_values
from mcuzoo.quantize.job import calibration_images

GRAY = Recipe(color="gray", **of_values(0.0, 1.0))
SHAPE = (8, 8, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label in ("a", "b", "c"):
        (tmp_path / label).mkdir()
        for number in range(4):
            shade = 50 + 10 * number + ord(label)
            Image.new("L", (8, 8), shade % 256).save(tmp_path / label / f"{number}.png")
    return tmp_path


def test_evenly_over_the_classes_and_always_the_same(folder: Path) -> None:
    one, other = (
        calibration_images(folder, Classes(3, ("a", "b", "c")), 6, GRAY, SHAPE).images
        for _ in range(2)
    )
    assert np.array_equal(one, other)
    shades = [round(float(image[4, 4, 0]) * 255) for image in one]
    assert len(shades) == 6
    for label in ("a", "b", "c"):
        of_label = {50 + 10 * number + ord(label) for number in range(4)}
        assert len(of_label & set(shades)) >= 2


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_corners_make_the_range_whole(folder: Path, low: float, high: float) -> None:
    preprocessing = Recipe(color="gray", **of_values(low, high))
    images = calibration_images(folder, Classes(3, ("a", "b", "c")), 6, preprocessing, SHAPE).images
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (low, high)
    assert np.count_nonzero(images == low) == np.count_nonzero(images == high) == 1


def test_damaged_images_are_named_and_left_out(folder: Path) -> None:
    (folder / "a" / "0.png").write_bytes(b"no picture")
    done = calibration_images(folder, Classes(3, ("a", "b", "c")), 12, GRAY, SHAPE)
    assert len(done.images) == 11
    assert len(done.skipped) == 1 and "0.png" in done.skipped[0]


def test_only_damaged_images_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(DataSetError, match="None of the images"):
        calibration_images(tmp_path, Classes(3), 5, GRAY, SHAPE)


def test_images_are_normalized_per_channel(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    picture = np.full((8, 8, 3), (10, 20, 30), np.uint8)
    Image.fromarray(picture).save(tmp_path / "a" / "0.png")
    recipe = replace(normalized(Recipe(), "caffe"), color="bgr")
    images = calibration_images(tmp_path, Classes(1, ("a",)), 1, recipe, (8, 8, 3)).images
    expected = np.array([30 - 103.939, 20 - 116.779, 10 - 123.68])
    np.testing.assert_allclose(images[0, 4, 4], expected, rtol=1e-6)
    np.testing.assert_allclose(images[0, 0, 0], [-103.939, -116.779, -123.68], rtol=1e-6)
