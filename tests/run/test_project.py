"""Which project a board belongs to, when nobody says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.fake_board import HELLO, MANIFEST, FakeBoard

from mcuzoo.errors import BoardSilentError, ProjectError, UsageError, WrongFirmwareError
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState
from mcuzoo.project.manifest import (
    AnyManifest,
    RoomEntry,
    UniversalEntry,
    UniversalManifest,
    write_manifest,
)
from mcuzoo.run.project import emulated_port, find_project

PORT = "/dev/toy"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> FakeBoard:
    fake = FakeBoard()

    def opened(cls: type[Session], url: str, *_: Any, **__: Any) -> Any:
        assert url == PORT
        return fake.open(LinkState())

    monkeypatch.setattr(Session, "open", classmethod(opened))
    return fake


def make(name: str, manifest: AnyManifest = MANIFEST) -> Path:
    folder = Path(name).resolve()
    folder.mkdir()
    write_manifest(manifest, folder)
    return folder


def built(letter: str) -> AnyManifest:
    return replace(MANIFEST, build_id=letter * 32)


def universal(letter: str) -> UniversalManifest:
    common = {
        name: value
        for name, value in vars(MANIFEST).items()
        if name
        not in (
            *("model", "input", "output", "preprocessing", "recipe_source", "labels", "samples"),
            "npu",
        )
    }
    entry = UniversalEntry(("CONV_2D",), (RoomEntry("ocram", 1 << 20),))
    return UniversalManifest(**{**common, "build_id": letter * 32}, universal=entry)


def found(said: list[str], port: str | None = PORT, **options: Any) -> Path:
    return find_project(port, say=said.append, **options)


@pytest.mark.parametrize(
    ("target", "port"),
    [
        ("/dev/x", "/dev/x"),
        ("socket://here:5000", "socket://here:5000"),
        ("emulator://p", "emulator://p?count=all"),
        ("EMULATOR://p?board=rt1170", "EMULATOR://p?board=rt1170&count=all"),
        ("emulator://p?count=1", "emulator://p?count=1"),
        ("emulator://p?count=", "emulator://p?count="),
    ],
)
def test_an_emulated_board_counts_what_its_port_says(target: str, port: str) -> None:
    assert emulated_port(target, "all") == port


def test_the_only_project_here_without_asking(board: FakeBoard) -> None:
    only = make("my project")
    (only.parent / "notes").mkdir()
    said: list[str] = []
    assert found(said) == only
    assert said == ["project: my project, the only one here"] and board.openings == 0


def test_of_several_the_one_that_the_board_runs(board: FakeBoard) -> None:
    make("a", built("a"))
    wanted = make("b", built("b"))
    make("c", built("c"))
    board.hello_reply = replace(HELLO, build_id="b" * 32)
    said: list[str] = []
    assert found(said) == wanted
    assert said == ["project: b, which has the board's build bbbbbbbb"]
    assert (board.openings, board.closings) == (1, 1)


def test_two_of_the_same_build_are_the_same_firmware(board: FakeBoard) -> None:
    first, second = make("a", built("b")), make("b", built("b"))
    board.hello_reply = replace(HELLO, build_id="b" * 32)
    said: list[str] = []
    assert found(said) == first and second.name in said[0]


def test_a_board_of_another_build_is_refused_by_name(board: FakeBoard) -> None:
    make("a", built("a"))
    make("b", built("b"))
    board.hello_reply = replace(HELLO, build_id="f" * 32)
    with pytest.raises(WrongFirmwareError, match=r"build ffffffff.*not the newest of any.*a, b"):
        found([])


def test_a_silent_board_cannot_choose(board: FakeBoard) -> None:
    make("a", built("a"))
    make("b", built("b"))
    board.refusals = {1: BoardSilentError("Nothing answers.", "Press reset.")}
    with pytest.raises(BoardSilentError):
        found([])
    with pytest.raises(UsageError, match="2 projects here: a, b") as caught:
        found([], port=None)
    assert "--project a" in caught.value.hint


def test_an_upload_goes_to_a_universal_project(board: FakeBoard) -> None:
    linked = make("linked", built("a"))
    empty = make("universal", universal("a"))
    said: list[str] = []
    assert found(said, universal=True) == empty
    assert found(said) == linked
    assert board.openings == 0 and "that it can be" in said[0]


def test_damaged_ones_are_passed_over_unless_there_is_no_other(
    board: FakeBoard, here: Path
) -> None:
    for name in ("x", "y"):
        (here / name).mkdir()
        (here / name / "mcuzoo.json").write_text("{")
    with pytest.raises(ProjectError, match="damaged"):
        found([])
    sound = make("z")
    assert found([]) == sound


def test_who_is_named_or_stood_in_is_taken(board: FakeBoard, monkeypatch: Any) -> None:
    a, b = make("a"), make("b")
    take: Callable[..., Path] = find_project
    assert take(PORT, b) == b and take(f"emulator://{a}?count=all") == a
    monkeypatch.chdir(b)
    assert take(PORT) == b and board.openings == 0
