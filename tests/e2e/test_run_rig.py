"""Runs on an emulated board when the rig misbehaves: killed, reset in mid-image, noisy."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from helpers.commands import finished, mcuzoo, stopped_after
from helpers.emulated_board import EmulatedBoard
from helpers.fault_proxy import Line, faults_of

from mcuzoo.run.journal import read_run
from mcuzoo.run.record import Status

BuiltProject = Callable[..., Path]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs ptys and POSIX signals")


def assert_whole_and_right(run: Path, images: Sequence[int] = range(10)) -> None:
    """Every image once, each output byte-equal to the host's."""
    rows = read_run(run)[1]
    assert [row.index for row in rows] == list(images)
    assert {(row.status, row.reference_difference) for row in rows} == {(Status.DONE, 0)}


@contextlib.contextmanager
def emulating(project: Path, *options: object) -> Iterator[str]:
    """`mcuzoo emulate` as a process of its own; its port."""
    process = subprocess.Popen(
        mcuzoo("emulate", project, *options), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=120)


@pytest.mark.full
@pytest.mark.parametrize(
    "options", [("--pty",), pytest.param(("--tcp", 0), marks=pytest.mark.full)]
)
def test_two_processes(
    built_project: BuiltProject, signs: Path, tmp_path: Path, options: tuple[object, ...]
) -> None:
    project = built_project("rt1170")
    with emulating(project, *options) as port:
        assert port.startswith("/dev/" if options == ("--pty",) else "socket://127.0.0.1:")
        # At a raised rate, for which the firmware's tick runs.
        done = finished(
            mcuzoo("run-serial", "--port", port, "--project", project, "--images", signs,
                   "--limit", 3, "--out", tmp_path / "run")
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_whole_and_right(tmp_path / "run", images=(0, 3, 6))


def own_copy(project: Path, folder: Path) -> Path:
    """No other test's process has this name in its command line."""
    return shutil.copytree(project, folder / "project")


def processes_on(project: Path) -> list[str]:
    """Command lines, of any process of this machine, that name the project."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(project) in line:
                found.append(line)
    return found


@pytest.mark.full
def test_kill_and_resume(built_project: BuiltProject, signs: Path, tmp_path: Path) -> None:
    project, run = own_copy(built_project("rt1050"), tmp_path), tmp_path / "run"
    arguments = mcuzoo(
        "run-serial", "--port", f"emulator://{project}?count=0", "--project", project,
        "--images", signs, "--out", run,
    )  # fmt: skip
    code, _ = stopped_after(arguments, run, 4, signal.SIGKILL)
    assert code == -signal.SIGKILL
    before = {row.index: row.seconds for row in read_run(run)[1] if row.status is Status.DONE}
    assert 4 <= len(before) < 10
    deadline = time.monotonic() + 120
    while processes_on(project) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_on(project) == []  # the emulator has gone with its host

    again = finished(mcuzoo("run-serial", "--resume", run))
    assert again.returncode == 0, again.stderr
    assert_whole_and_right(run)
    after = {row.index: row.seconds for row in read_run(run)[1]}
    assert {index: after[index] for index in before} == before  # not run again


def test_interrupt_ends_the_emulator_too(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    project, run = own_copy(built_project("rt1050"), tmp_path), tmp_path / "run"
    arguments = mcuzoo(
        "run-serial", "--port", f"emulator://{project}?count=0", "--project", project,
        "--images", signs, "--out", run,
    )  # fmt: skip
    code, said = stopped_after(arguments, run, 2, signal.SIGINT)
    assert code == 130
    assert f"--resume {run}" in said and "Traceback" not in said
    assert processes_on(project) == []


def run_through(
    line: Line, project: Path, images: Path, run: Path
) -> subprocess.CompletedProcess[str]:
    return finished(
        mcuzoo("run-serial", "--port", line.url, "--project", project, "--images", images,
               "--out", run, "--max-baud", 115_200)
    )  # fmt: skip


@pytest.mark.full
def test_reset_in_the_middle_of_an_image(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    """An image is 49,152 bytes; the reset strikes about every 100,000, so within one."""
    project = built_project("rt1170")
    faults = faults_of(seed=2, mean_bytes=100_000, kinds=("reset",))
    board = EmulatedBoard(project)
    with Line(board, faults) as line:
        done = run_through(line, project, signs, tmp_path / "run")
        restarts = board.restarts
    assert done.returncode == 0, done.stderr
    assert restarts >= 2
    assert_whole_and_right(tmp_path / "run")
    assert max(row.attempts or 0 for row in read_run(tmp_path / "run")[1]) > 1


@pytest.mark.full
def test_noise_never_makes_a_wrong_result(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    project = built_project("rt1050")
    faults = faults_of(seed=8, mean_bytes=9_000, kinds=("noise", "flip", "drop", "duplicate"))
    with Line(EmulatedBoard(project), faults) as line:
        done = run_through(line, project, signs, tmp_path / "run")
        assert line.struck.total() >= 20
    assert done.returncode == 0, done.stderr
    assert_whole_and_right(tmp_path / "run")
