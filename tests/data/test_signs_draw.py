"""The drawn signs: a function of class, seed and index, and recognisably of their class."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.draw import SOURCE_SIZE, Pose, draw_sign
from mcuzoo.data.drawn_signs.faces import RED, Face, face_of
from mcuzoo.data.drawn_signs.raster import Sheet
from mcuzoo.errors import MissingExtraError

ALL_CLASSES = range(len(CLASS_NAMES))


def _painted(face: Face) -> np.ndarray:
    """Draw a face alone, upright, float32 [64, 64, 3] on grey."""
    pose = Pose((32.0, 32.0), 26.0, 0.0, 0.0, 0.0)
    sheet = Sheet(64)
    for layer in face.layers:
        sheet.fill([pose.project(polygon) for polygon in layer.polygons], layer.colour)
    return sheet.over(np.full((64, 64, 3), 128, np.float32))


@settings(max_examples=examples(25), deadline=None)
@given(st.sampled_from(ALL_CLASSES), st.integers(0, 2**63), st.integers(0, 10**6))
def test_same_arguments_same_pixels(class_index: int, seed: int, index: int) -> None:
    np.random.seed(1)
    first = draw_sign(class_index, seed, index)
    np.random.seed(2)
    assert first.shape == (SOURCE_SIZE, SOURCE_SIZE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, draw_sign(class_index, seed, index))
    assert first.std() > 1


def test_any_argument_changes_the_picture() -> None:
    pictures = [draw_sign(*arguments) for arguments in ((3, 1, 0), (4, 1, 0), (3, 2, 0), (3, 1, 1))]
    different = {picture.tobytes() for picture in pictures}
    assert len(different) == len(pictures)


def test_global_random_state_is_left_alone() -> None:
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    draw_sign(0, 1, 2)
    assert np.random.random() == expected


def test_faces_are_all_different() -> None:
    faces = [_painted(face_of(class_index)) for class_index in ALL_CLASSES]
    for i in ALL_CLASSES:
        for j in range(i):
            assert np.abs(faces[i] - faces[j]).max() > 100, (CLASS_NAMES[i], CLASS_NAMES[j])


def test_turn_left_is_turn_right_in_a_mirror() -> None:
    left, right = (
        _painted(face_of(CLASS_NAMES.index(f"turn_{side}"))) for side in ("left", "right")
    )
    assert np.abs(left[:, ::-1] - right).mean() < 2


@pytest.mark.parametrize("name", ["stop", "no_entry"])
def test_red_signs_are_mostly_red(name: str) -> None:
    painted = _painted(face_of(CLASS_NAMES.index(name)))
    red = np.abs(painted - np.array(RED)).max(axis=2) < 8
    assert 0.2 < red.mean() < 0.6


def test_lit_lamp_goes_down_from_red_to_green() -> None:
    heights = []
    for colour in ("red", "yellow", "green"):
        painted = _painted(face_of(CLASS_NAMES.index(f"light_{colour}")))
        lit = painted.max(axis=2) > 200
        heights.append(float(np.nonzero(lit)[0].mean()))
    assert heights[0] < 20 < heights[1] < 44 < heights[2]


def test_a_sheet_averages_its_edges() -> None:
    sheet = Sheet(8)
    sheet.fill([np.array([[2.0, 2.0], [5.5, 2.0], [5.5, 6.0], [2.0, 6.0]])], (200, 100, 50))
    coverage = sheet.coverage()[3, :, 0]
    assert coverage[[0, 1, 7]].max() == 0
    assert coverage[2:5].min() == 1
    assert 0.3 < coverage[5] < 0.7
    over = sheet.over(np.zeros((8, 8, 3), np.float32))
    assert over[3, 3].tolist() == [200, 100, 50]


@pytest.mark.parametrize(
    "arguments", [(-1, 0, 0), (len(CLASS_NAMES), 0, 0), (0, -1, 0), (0, 0, -1)]
)
def test_bad_arguments_are_refused(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError):
        draw_sign(*arguments)


def test_missing_opencv_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError) as error:
        draw_sign(0, 1, 1)
    assert "opencv-python-headless>=" in error.value.hint
