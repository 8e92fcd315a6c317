"""The baud rate of a port comes from the project whose firmware talks there, from export on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.boards import changed_files, written
from helpers.commands import invoke
from helpers.fake_board import HELLO, MANIFEST, FakeBoard, write_images
from helpers.fake_tflm import fake_tree
from helpers.small_source import small_source

from mcuzoo.cli.run_serial import run_serial
from mcuzoo.emulator.evk import find_target
from mcuzoo.errors import BoardSilentError, UsageError
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState, Timing
from mcuzoo.project.manifest import (
    BOARD_FILE,
    BuildEntry,
    load_project,
    write_manifest,
)
from mcuzoo.rig.find_board import project_baud
from mcuzoo.run.runner import RunInterruptedError

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["cmake", "mcuxpresso", "universal"])
def test_export_sets_it(tmp_path: Path, kind: str) -> None:
    words: list[object] = ["--project", kind, "--runtime", "aot"]
    if kind == "universal":
        tree = fake_tree(tmp_path / "tree")
        words = ["--universal", "--ops", "softmax", "--kernels", "reference", "--tflm", tree]
    project = tmp_path / "project"
    model = small_source(tmp_path / "source").path
    done = invoke(("export", model, "--board", "rt1170", "--baud", 921600, "-o", project, *words))
    assert done.exit_code == 0, done.stderr
    assert "console LPUART1 at 921600 baud (the UART gives 923076, 0.16 % off)" in done.stdout
    assert "#define MZ_CONSOLE_BAUD 921600u" in (project / "board" / "mz_board.h").read_text()
    manifest = load_project(project)
    assert manifest.baud == project_baud(project, manifest) == 921600
    # The emulator checks what the firmware sets against the same figure.
    (project / "firmware.bin").touch()
    build = BuildEntry("gcc", "12", "-O2", "11" * 16, "f.elf", "firmware.bin", "f.hex", (), 0, {})
    write_manifest(replace(manifest, build=build), project)
    assert find_target(project).board.console.baud == 921600


def test_a_rate_that_the_clock_cannot_give_is_refused(tmp_path: Path) -> None:
    done = invoke(("export", small_source(tmp_path).path, "--board", "rt1050", "--baud", 15_000_000,
               "-o", tmp_path / "project"))  # fmt: skip
    assert done.exit_code == 2 and "% off" in done.stderr and "--baud 3000000" in done.stderr
    assert not (tmp_path / "project").exists()


def test_a_project_of_before_has_it_in_its_board_file(tmp_path: Path) -> None:
    assert MANIFEST.baud is None
    assert project_baud(tmp_path, MANIFEST) == 115200
    files = changed_files("rt1050", "baud = 115_200", "baud = 460_800")
    written(files, (tmp_path / BOARD_FILE).parent)
    assert project_baud(tmp_path, MANIFEST) == 460800
    assert project_baud(tmp_path, replace(MANIFEST, baud=9600)) == 9600
    assert project_baud(tmp_path / "gone", replace(MANIFEST, board="a board of my own")) == 115200


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    write_images(folder / "samples", 6)
    manifest = replace(MANIFEST, samples="samples/manifest.csv", baud=921600)
    write_manifest(manifest, folder)
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The baud rates that ports were opened at; every fourth inference is interrupted."""
    rates: list[int] = []
    fake = FakeBoard(hello_reply=HELLO, failures={4: KeyboardInterrupt()})

    @contextmanager
    def session(
        cls: type[Session], /, url: str, baud: int, *, state: LinkState, **_: Any
    ) -> Iterator[FakeBoard]:
        rates.append(baud)
        with fake.open(state) as board:
            yield board

    monkeypatch.setattr(Session, "open", classmethod(session))
    return rates


@pytest.mark.parametrize(("typed", "expected"), [(None, 921600), (9600, 9600)])
def test_run_serial_takes_it_and_a_resumed_run_keeps_it(
    project: Path, opened: list[int], tmp_path: Path, typed: int | None, expected: int
) -> None:
    run = tmp_path / "run"
    with pytest.raises(RunInterruptedError):
        run_serial(port="/dev/toy", project=project, no_reference=True, out=run, baud=typed)
    write_manifest(replace(MANIFEST, samples="samples/manifest.csv", baud=57600), project)
    run_serial(resume=run)
    assert opened == [expected, expected]


@pytest.mark.parametrize("typed", [None, 9600])
def test_a_silent_board_is_told_with_the_rate_and_who_chose_it(
    project: Path, tmp_path: Path, typed: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import pty
    import tty

    soon = classmethod(lambda cls, url, baud, fastest: cls(baud, connect_s=0.3))
    monkeypatch.setattr(Timing, "of_port", soon)
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    baud = () if typed is None else ("--baud", typed)
    port = ("--port", os.ttyname(theirs), "--project", project, "--no-reference")
    done = invoke(("run-serial", *port, "--out", tmp_path / "run", "--json", *baud))
    os.close(ours)
    os.close(theirs)
    document = json.loads(done.stdout)
    assert (done.exit_code, document["error"]) == (3, BoardSilentError.__name__)
    if typed is None:
        assert " at 921600 baud, as the project says" in document["message"]
    else:
        assert " at 9600 baud, as --baud says; the project says 921600" in document["message"]
    assert "--baud" in document["hint"]


def test_fit_takes_it_for_measuring_only(tmp_path: Path) -> None:
    done = invoke(("fit", "signs", "--board", "rt1050", "--baud", 921600))
    assert done.exit_code == 2 and "--baud is for measuring" in done.stderr
    assert UsageError.__name__ not in done.stderr
