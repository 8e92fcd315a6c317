"""Frames of a video that OpenCV wrote: each, the newest, and what is no camera.

A camera itself is not tested: no machine of the tests has one. VideoCapture opens a file as it
opens a device; the URL of a file is treated as a live stream.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from helpers.fault_proxy import Line
from helpers.host_project import HostProject
from numpy.typing import NDArray

import mcuzoo
from mcuzoo import WatchOptions
from mcuzoo.data.preprocess import PictureInput, seen_pixels
from mcuzoo.errors import InputError
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.feed import Prepared, prepare
from mcuzoo.watch.camera import CameraSource

cv2 = pytest.importorskip("cv2")

INPUT = PictureInput(Recipe(crop=1.0), (1, 8, 8, 3))
PREPARE = partial(prepare, input=INPUT, engine=None, compress=False)
FRAMES = 10
COLORS = np.array([[200, 40, 60], [30, 180, 90], [70, 60, 210], [220, 210, 40], [90, 90, 90]])


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames at five a second, each of one colour."""
    path = tmp_path_factory.mktemp("video") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5.0, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no video")
    for number in range(FRAMES):
        color = COLORS[number % len(COLORS)][::-1]
        writer.write(np.broadcast_to(color, (48, 64, 3)).astype(np.uint8))
    writer.release()
    return path


def frames(
    source: CameraSource, wanted: threading.Event | None = None
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for one in source.arrivals(PREPARE, wanted or threading.Event(), threading.Event()):
        assert isinstance(one.ready, Prepared) and len(one.ready.sha256) == 64
        yield one.ready.item.file, seen_pixels(INPUT, one.ready.tensor)


def colors_of(found: list[tuple[str, NDArray[np.uint8]]]) -> list[int]:
    """Which of COLORS each frame has, as the network sees it."""
    means = [pixels.reshape(-1, 3).mean(axis=0) for _, pixels in found]
    differences = [np.abs(COLORS - mean).max(axis=1) for mean in means]
    assert all(difference.min() < 12 for difference in differences)  # JPEG is not exact
    return [int(np.argmin(difference)) for difference in differences]


def test_each_frame_of_a_file_in_order(video: Path) -> None:
    found = list(frames(CameraSource(str(video))))
    assert [name for name, _ in found] == [f"clip.avi#{number}" for number in range(FRAMES)]
    assert colors_of(found) == [0, 1, 2, 3, 4] * 2


def test_a_frame_every_few_seconds_of_the_video(video: Path) -> None:
    assert colors_of(list(frames(CameraSource(str(video), every_s=0.6)))) == [0, 3, 1, 4]


def test_a_live_one_gives_the_newest_to_who_waits(video: Path) -> None:
    """Frames go by until somebody waits; then comes the one of now, and the end of it is told."""
    wanted = threading.Event()
    source = CameraSource(video.as_uri())
    assert source.live
    with pytest.raises(InputError, match="gives no more pictures"):
        list(frames(source, wanted))  # nobody waits
    wanted.set()
    found = frames(CameraSource(video.as_uri()), wanted)
    assert colors_of([next(found)]) == [0]
    assert not wanted.is_set()
    with pytest.raises(InputError, match="gives no more pictures"):
        next(found)


def test_once_is_one_of_a_live_one(video: Path) -> None:
    wanted = threading.Event()
    wanted.set()
    assert len(list(frames(CameraSource(video.as_uri(), once=True), wanted))) == 1
    assert len(list(frames(CameraSource(str(video), once=True)))) == FRAMES


@pytest.mark.parametrize("where", ["no-such.avi", "97", "no-such\x1b[31m"])
def test_what_is_no_camera(where: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="cannot be opened") as refused:
        CameraSource(where)
    assert "\x1b" not in refused.value.message
    assert capfd.readouterr() == ("", "")  # what OpenCV says of it itself


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs ptys")
def test_a_board_answers_a_video(
    project: HostProject, line: Line, video: Path, tmp_path: Path
) -> None:
    options = WatchOptions(camera=str(video), project=project.folder, out=tmp_path / "run")
    with closing(mcuzoo.watch(line.url, options)) as pictures:
        found = list(pictures)
    assert [seen.row.file for seen in found] == [f"clip.avi#{number}" for number in range(FRAMES)]
    assert all(seen.found is not None and seen.found.answer.equal for seen in found)
    assert all(
        np.array_equal(one.tensor, again.tensor)  # type: ignore[arg-type]
        for one, again in zip(found[:5], found[5:], strict=True)
    )
