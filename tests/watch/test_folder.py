"""Files that come into a folder in each way that files come, looked at with a clock of the test."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcuzoo.data.preprocess import PictureInput
from mcuzoo.errors import InputError
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.feed import Prepared, Unusable, prepare
from mcuzoo.watch.folder import GIVE_UP_S, SETTLE_S, FolderSource, Looks

PREPARE = partial(
    prepare, input=PictureInput(Recipe(crop=1.0), (1, 8, 8, 3)), engine=None, compress=False
)


def picture(seed: int, kind: str = "png") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind)
    return content.getvalue()


@dataclass
class Watched:
    """Looks at a folder; time passes when the test says so."""

    folder: Path
    existing: bool = False
    only_existing: bool = False
    now: float = 100.0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.looks = Looks(
            self.folder, self.existing, self.only_existing, self.said.append, lambda: self.now
        )

    def put(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def look(self, after_s: float = 0.0) -> list[str]:
        """The names of pictures that came, with a ! for those that are none."""
        return [one.item.file + "!" * isinstance(one, Unusable) for one in self.arrivals(after_s)]

    def arrivals(self, after_s: float = 0.0) -> Sequence[Prepared | Unusable]:
        self.now += after_s
        return [arrival.ready for arrival in self.looks.look(PREPARE)]


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif"])
def test_what_ends_as_its_format_does_is_taken_at_first_sight(tmp_path: Path, kind: str) -> None:
    watched = Watched(tmp_path)
    assert watched.look() == []
    watched.put(f"a.{kind}", picture(1, kind))
    (ready,) = watched.arrivals()
    assert isinstance(ready, Prepared) and ready.item.index == 0 and ready.tensor.shape == (8, 8, 3)
    assert watched.look(GIVE_UP_S) == [] and not watched.looks.undecided and not watched.said


@pytest.mark.parametrize("kind", ["bmp", "ppm", "webp"])
def test_what_has_no_end_mark_is_taken_once_it_is_still(tmp_path: Path, kind: str) -> None:
    watched = Watched(tmp_path)
    watched.put(f"a.{kind}", picture(1, kind))
    assert watched.look() == [] and watched.looks.undecided
    assert watched.look(SETTLE_S / 2) == []
    assert watched.look(SETTLE_S / 2) == [f"a.{kind}"]


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp"])
def test_a_picture_that_is_being_written_is_awaited(tmp_path: Path, kind: str) -> None:
    watched, whole = Watched(tmp_path), picture(1, kind)
    name = f"a.{kind}"
    for part in range(0, len(whole), -(-len(whole) // 4)):
        watched.put(name, whole[:part])
        assert watched.look(SETTLE_S) == []
        assert watched.look(SETTLE_S) == []  # its writer has paused, and it cannot be decoded
    watched.put(name, whole)
    assert watched.look() + watched.look(SETTLE_S) == [name]
    assert not watched.said


def test_room_that_a_writer_reserved_is_not_the_picture(tmp_path: Path) -> None:
    """A BMP of its full size, of zeros so far, can be decoded."""
    watched, whole = Watched(tmp_path), picture(1, "bmp")
    path = watched.put("a.bmp", whole[:2000] + bytes(len(whole) - 2000))
    stamp = path.stat().st_mtime_ns
    assert watched.look() == []
    path.write_bytes(whole)
    os.utime(path, ns=(stamp, stamp + 10**7))
    assert watched.look(SETTLE_S) == []  # it has changed since
    (ready,) = watched.arrivals(SETTLE_S)
    again = PREPARE(ready.item)
    assert isinstance(ready, Prepared) and isinstance(again, Prepared)
    assert np.array_equal(ready.tensor, again.tensor)


def test_what_stays_damaged_is_told_once_and_taken_when_it_is_mended(tmp_path: Path) -> None:
    watched, whole = Watched(tmp_path), picture(1)
    watched.put("a.png", whole[:-40])
    watched.put("b.jpg", b"no picture at all")
    assert watched.look() == [] and watched.look(SETTLE_S) == []
    assert watched.look(GIVE_UP_S) == ["a.png!", "b.jpg!"]
    assert watched.look(GIVE_UP_S) == []
    watched.put("a.png", whole)
    assert watched.look() == ["a.png"]


def test_names_that_are_renamed_into_place(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for name in (".a.png", "a.png.part"):  # hidden by some programs, named by others
        part = watched.put(name, picture(1))
        assert watched.look() == []
        part.rename(tmp_path / "a.png")
        assert watched.look() == ["a.png"]
        (tmp_path / "a.png").unlink()
        assert watched.look() == []
    long = watched.put("b.bmp.part", picture(2, "bmp"))
    assert watched.look() == watched.look(GIVE_UP_S) == []
    assert watched.said == ["b.bmp.part is no picture by its name, and is left alone"]
    long.rename(tmp_path / "b.bmp")
    assert watched.look() + watched.look(SETTLE_S) == ["b.bmp"]


def test_still_under_its_first_name_is_still(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    part = watched.put("b.bmp.part", picture(2, "bmp"))
    assert watched.look() == []
    part.rename(tmp_path / "b.bmp")
    watched.now += SETTLE_S
    assert watched.look() + watched.look() == ["b.bmp"]


def test_a_name_that_is_used_again_is_a_new_picture(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put("latest.png", picture(1))
    assert watched.look() == ["latest.png"]
    watched.put(".new", picture(2)).replace(tmp_path / "latest.png")
    assert watched.look() == ["latest.png"]
    path = watched.put("latest.png", picture(3))
    os.utime(path, ns=(5, 5))
    assert watched.look() == ["latest.png"]
    path.unlink()
    assert watched.look() == []
    watched.put("latest.png", picture(3))
    assert watched.look() == ["latest.png"] and not watched.said


def test_another_name_is_no_new_picture(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    path = watched.put("a.png", picture(1))
    assert watched.look() == ["a.png"]
    path.rename(tmp_path / "b.png")
    assert watched.look() == watched.look(GIVE_UP_S) == []


def test_what_goes_away_before_it_is_whole_is_told(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put("a.png", picture(1)[:50])
    watched.put("a\x1b[31m\u202e.png", b"")
    assert watched.look() == []
    for path in list(tmp_path.iterdir()):
        path.unlink()
    assert watched.look() == [] and not watched.looks.undecided
    assert sorted(watched.said) == [
        "a.png went away before it was whole",
        "a?[31m?.png went away before it was whole",
    ]


def test_many_at_once_come_in_the_order_of_their_times_and_names(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for number, name in enumerate(["c", "a", "d", "b"]):
        path = watched.put(f"{name}.png", picture(number))
        os.utime(path, (1000 + number // 2, 1000 + number // 2))
    found = watched.arrivals()
    assert [one.item.file for one in found] == ["a.png", "c.png", "b.png", "d.png"]
    assert [one.item.index for one in found] == [0, 1, 2, 3]


def test_one_that_is_awaited_keeps_no_other_from_its_turn(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put("a.png", picture(1)[:50])
    watched.put("b.png", picture(2))
    assert watched.look() == ["b.png"]


def test_which_of_those_that_are_there(tmp_path: Path) -> None:
    for name, content in (("a.png", picture(1)), ("notes.txt", b"x"), (".hidden.png", b"x")):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.png").mkdir()
    new, all_of_them = Watched(tmp_path), Watched(tmp_path, existing=True)
    those = Watched(tmp_path, existing=True, only_existing=True)
    new.put("b.png", picture(2))
    for watched, expected in ((new, ["b"]), (all_of_them, ["a", "b"]), (those, ["a"])):
        assert watched.look() == [f"{name}.png" for name in expected]
        assert watched.look(GIVE_UP_S) == [] and watched.said == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
def test_a_link_is_its_target_and_a_pipe_is_nothing(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out.png"
    inside.mkdir()
    watched = Watched(inside)
    (inside / "link.png").symlink_to(outside)
    os.mkfifo(inside / "pipe.png")
    assert watched.look() == []
    outside.write_bytes(picture(1))
    assert watched.look() == ["link.png"] and watched.look(GIVE_UP_S) == [] and not watched.said


def test_a_folder_that_is_none_and_one_that_comes_back(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(InputError, match="cannot be watched"):
        FolderSource(tmp_path / "none", False, False, said.append)
    folder, aside = tmp_path / "in", tmp_path / "aside"
    folder.mkdir()

    def bring_back(text: str) -> None:
        said.append(text)
        if "waited for" in text:
            aside.rename(folder)
            (folder / "a.png").write_bytes(picture(1))

    source = FolderSource(folder, False, False, bring_back)
    stop = threading.Event()
    arrivals = source.arrivals(PREPARE, threading.Event(), stop)
    folder.rename(aside)
    assert next(arrivals).ready.item.file == "a.png"
    stop.set()
    assert list(arrivals) == []
    lost, again = said
    assert "It is waited for." in lost and "is there again" in again


def test_once_ends_and_does_not_wait_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.png").write_bytes(picture(number))
    source = FolderSource(tmp_path / "in", False, True, lambda text: None)
    found = source.arrivals(PREPARE, threading.Event(), threading.Event())
    assert [one.ready.item.file for one in found] == ["0.png", "1.png", "2.png"]
    (tmp_path / "in").rename(tmp_path / "out")
    with pytest.raises(InputError):
        next(source.arrivals(PREPARE, threading.Event(), threading.Event()))


@pytest.mark.parametrize("name", ["notes.txt", "photo.heic", ".hidden.png"])
def test_once_says_that_there_is_no_picture(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in\x1b[2J"
    folder.mkdir()
    (folder / name).write_bytes(picture(1))
    said: list[str] = []
    source = FolderSource(folder, False, True, said.append)
    assert list(source.arrivals(PREPARE, threading.Event(), threading.Event())) == []
    (text,) = said
    assert "in?[2J has no picture" in text and ".jpg" in text and text.isprintable()
