"""Runs on several boards: real firmware in processes behind ptys, some of which die."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.boards_at_work import Boards, boards_at_work, hang, kill, reset
from helpers.commands import done_images, finished, mcuzoo, stopped_after
from helpers.host_project import HostProject, make_host_project

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError, PortError, RigError, UsageError, WrongFirmwareError
from mcuzoo.graph.read import load_model
from mcuzoo.link import state
from mcuzoo.link.state import Timing
from mcuzoo.project.manifest import load_manifest
from mcuzoo.report.run import csv_text, run_document, summary_text
from mcuzoo.run import connected_board
from mcuzoo.run.journal import read_run
from mcuzoo.run.many import scheduler
from mcuzoo.run.options import RunOptions
from mcuzoo.run.record import Row, Status
from mcuzoo.run.run import FinishedRun, run
from mcuzoo.run.verdict import Broke

IMAGES = 60
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys and POSIX signals"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("host"), IMAGES)


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    """The same build and model, by its own words, but its kernel gets a byte wrong."""
    return make_host_project(tmp_path_factory.mktemp("spoiled"), 1, spoiled=True)


@pytest.fixture(scope="module")
def expected(project: HostProject, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The outputs of one board alone, which are the host's."""
    folder = tmp_path_factory.mktemp("alone")
    with boards_at_work(folder) as boards:
        boards.add(project.firmware)
        alone = started(project, boards.ports[0], folder / "run")
    assert alone.passed and not alone.summary.boards
    return outputs(alone.summary.rows)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board that is silent is given up soon."""
    monkeypatch.setattr(connected_board, "_REOPEN_PAUSES_S", (0.1,))
    monkeypatch.setattr(state, "_LEAST_LIMIT_S", 2.0)
    timing = classmethod(lambda cls, url, baud, fastest: cls(baud, connect_s=2.0, tries=3))
    monkeypatch.setattr(Timing, "of_port", timing)


def outputs(rows: tuple[Row, ...]) -> list[bytes]:
    return [b"" if row.output is None else row.output.tobytes() for row in rows]


def started(
    project: HostProject,
    port: str | tuple[str, ...] | None,
    out: Path | None,
    say: Callable[[str], None] = lambda text: None,
    **more: object,
) -> FinishedRun:
    options = RunOptions(port=port, project=project.folder, images=project.images, out=out)
    if more.get("resume"):
        options = RunOptions(port=port)
    return run(None, replace(options, **more), say)  # type: ignore[arg-type]


def assert_whole(found: FinishedRun, expected: list[bytes]) -> None:
    """Every image once, and what one board alone gives."""
    meta, rows = read_run(found.folder)
    assert [row.index for row in rows] == list(range(IMAGES))
    assert {row.status for row in rows} == {Status.DONE}
    assert outputs(rows) == expected
    assert sum(board.images for board in found.summary.boards) == IMAGES
    assert {row.board for row in rows} <= {board.name for board in meta.boards}


def test_four_boards_share_the_images(
    project: HostProject, expected: list[bytes], tmp_path: Path
) -> None:
    said: list[str] = []
    with boards_at_work(tmp_path) as boards:
        for _ in range(4):
            boards.add(project.firmware)
        found = started(project, boards.ports, tmp_path / "run", said.append)
    assert_whole(found, expected)
    summary = found.summary
    assert found.passed and summary.verdict.warnings == ()
    assert sum("as a process, build" in text for text in said) == 4
    assert [board.record.name for board in summary.boards] == list(boards.ports)
    # One image went to each of them, and they agree.
    assert len(summary.meta.others) == 3
    assert all(board.agreement and board.agreement.equal for board in summary.boards)
    text = summary_text(summary)
    assert "boards      4\n" in text and all(f"\n{port} " in text for port in boards.ports)
    assert max(map(len, text.split("\n\n")[1].splitlines())) <= 80
    assert text.endswith("\nverdict     pass\n")
    documents = run_document(found.folder, summary)["boards"]
    assert isinstance(documents, list) and [one["name"] for one in documents] == list(boards.ports)
    assert csv_text(summary.meta, summary.rows).splitlines()[0].endswith(",error,board")


def test_one_board_is_shown_as_ever(project: HostProject, tmp_path: Path) -> None:
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware)
        found = started(project, boards.ports[0], tmp_path / "run", limit=5)
    assert "board" not in csv_text(found.summary.meta, found.summary.rows).splitlines()[0]
    assert "boards" not in run_document(found.folder, found.summary)
    assert "boards" not in summary_text(found.summary)


@pytest.mark.parametrize("fault", [kill, hang], ids=["killed", "hung"])
@pytest.mark.parametrize("after", [0.5, 3.0])
def test_a_board_that_stops_answering_holds_nobody_up(
    project: HostProject,
    expected: list[bytes],
    tmp_path: Path,
    fault: Callable[..., None],
    after: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scheduler, "GRACE_S", 0.5)  # for the image that all boards get
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware, fault, after)
        for _ in range(3):
            boards.add(project.firmware)
        found = started(project, boards.ports, tmp_path / "run")
    assert_whole(found, expected)
    assert found.passed


def test_a_board_that_resets_again_and_again(
    project: HostProject, expected: list[bytes], tmp_path: Path
) -> None:
    with boards_at_work(tmp_path) as boards:
        spoilt = boards.add(project.firmware, reset, after_images=5.5, again=True)
        boards.add(project.firmware)
        found = started(project, boards.ports, tmp_path / "run")
        assert spoilt.board.restarts
    assert_whole(found, expected)
    assert found.passed


def test_a_board_that_answers_wrong_bytes_is_named(
    project: HostProject, spoiled: HostProject, tmp_path: Path
) -> None:
    with boards_at_work(tmp_path) as boards:
        for firmware in (project.firmware, spoiled.firmware, project.firmware):
            boards.add(firmware)
        found = started(project, boards.ports, tmp_path / "run")
    bad = boards.ports[1]
    verdict = found.summary.verdict
    assert verdict.broke is Broke.FIRMWARE and verdict.exit_code == 1
    (named,) = [reason for reason in verdict.reasons if reason.startswith(f"{bad}: ")]
    assert "outputs unlike the host's" in named and "is right on" in named
    assert f"the fault is in {bad} itself" in named
    rows = found.summary.rows
    assert {row.status for row in rows} == {Status.DONE}
    assert {row.board for row in rows if row.reference_difference} <= {bad}
    assert found.summary.meta.wrong_layer is not None


def test_results_that_depend_on_the_board_without_a_reference(
    project: HostProject, spoiled: HostProject, tmp_path: Path
) -> None:
    with boards_at_work(tmp_path) as boards:
        for firmware in (project.firmware, spoiled.firmware, project.firmware):
            boards.add(firmware)
        found = started(project, boards.ports, tmp_path / "run", no_reference=True)
    good, bad, too = boards.ports
    verdict = found.summary.verdict
    assert verdict.broke is Broke.FIRMWARE
    assert verdict.reasons[0].startswith("The output of 000.png depends on the board (CRC-32): ")
    assert f"{good} and {too} give" in verdict.reasons[0] and f"; {bad} give" in verdict.reasons[0]


def test_a_board_of_another_build_is_left_out(
    project: HostProject, expected: list[bytes], tmp_path: Path
) -> None:
    other = make_host_project(tmp_path / "other", 1, seed=5)
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware)
        boards.add(other.firmware)
        found = started(project, boards.ports, tmp_path / "run")
        boards.add(other.firmware)
        with pytest.raises(WrongFirmwareError, match="No board is left"):
            started(project, boards.ports[1:], tmp_path / "none")
    assert_whole(found, expected)
    (warning,) = found.summary.verdict.warnings
    assert warning.startswith(f"{boards.ports[1]} was retired: ") and found.passed
    assert not (tmp_path / "none").exists()


def test_all_boards_die_and_others_go_on(
    project: HostProject, expected: list[bytes], tmp_path: Path, impatient: None
) -> None:
    out = tmp_path / "run"
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware, kill, after_images=4)
        boards.add(project.firmware, kill, after_images=7)
        with pytest.raises(RigError, match="No board is left") as caught:
            started(project, boards.ports, out)
    assert "--resume" in caught.value.hint and caught.value.exit_code == 3
    assert all(port in caught.value.message for port in boards.ports)
    before = {row.index: row.board for row in read_run(out)[1] if row.status is Status.DONE}
    assert 0 < len(before) < IMAGES
    with boards_at_work(tmp_path / "more") as others:
        (tmp_path / "more").mkdir()
        others.add(project.firmware)
        found = started(project, others.ports, None, resume=out)
    assert_whole(found, expected)
    assert {row.index: row.board for row in found.summary.rows if row.index in before} == before
    assert len(found.summary.boards) >= 2


def test_a_run_on_one_board_goes_on_with_two(
    project: HostProject, expected: list[bytes], tmp_path: Path, impatient: None
) -> None:
    out = tmp_path / "run"
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware, kill, after_images=6)
        boards.add(project.firmware)
        boards.add(project.firmware)
        with pytest.raises(RigError):
            started(project, boards.ports[0], out)
        alone = sum(row.status is Status.DONE for row in read_run(out)[1])
        found = started(project, boards.ports[1:], None, resume=out)
    assert found.passed and outputs(read_run(out)[1]) == expected
    assert 0 < alone == sum(row.board is None for row in found.summary.rows)
    assert sum(board.images for board in found.summary.boards) == IMAGES - alone


def test_the_power_switch_brings_a_board_back_once(
    project: HostProject, expected: list[bytes], tmp_path: Path, impatient: None
) -> None:
    switched = tmp_path / "switched"
    with boards_at_work(tmp_path) as boards:
        line = boards.add(project.firmware, kill, after_images=4)
        rig = boards.rig(b0=f'{{ off = ["true"], on = ["touch", "{switched}"], off_s = 0.1 }}')

        def switch() -> None:
            while not switched.exists():
                time.sleep(0.05)
            line.press_reset()

        threading.Thread(target=switch, daemon=True).start()
        found = started(project, None, tmp_path / "run", rig=rig)
    assert_whole(found, expected)
    (board,) = found.summary.boards
    assert (board.record.name, board.record.recoveries, board.record.retired) == ("b0", 1, None)
    assert "brought back" in summary_text(found.summary)


def test_a_power_switch_that_fails_is_told(
    project: HostProject, tmp_path: Path, impatient: None
) -> None:
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware, kill, after_images=4)
        rig = boards.rig(b0='{ cycle = ["sh", "-c", "echo no such hub; exit 3"] }')
        with pytest.raises(RigError) as caught:
            started(project, None, tmp_path / "run", rig=rig)
    (record,) = read_run(tmp_path / "run")[0].boards
    assert record.retired is not None and "exit code 3" in record.retired
    assert "no such hub" in record.retired and "--resume" in caught.value.hint


def test_a_port_that_vanishes_and_returns(
    project: HostProject, expected: list[bytes], tmp_path: Path, impatient: None
) -> None:
    link = tmp_path / "port"
    with boards_at_work(tmp_path) as boards:

        def unplug(board: object) -> None:
            link.unlink()
            kill(board)  # type: ignore[arg-type]
            threading.Timer(1.0, lambda: link.symlink_to(boards.ports[1])).start()

        boards.add(project.firmware, unplug, after_images=4)
        boards.add(project.firmware)
        link.symlink_to(boards.ports[0])
        rig = boards.rig()
        text = rig.read_text().split("[boards.b1]")[0]
        rig.write_text(text.replace(boards.ports[0], str(link)))
        found = started(project, None, tmp_path / "run", rig=rig)
    assert_whole(found, expected)
    (board,) = found.summary.boards
    assert board.record.link is not None and board.record.link.reconnects >= 1


def command_of(project: HostProject, boards: Boards, out: Path) -> list[str]:
    ports = [word for port in boards.ports for word in ("--port", port)]
    return mcuzoo(
        "run-serial", *ports, "--project", project.folder, "--images", project.images, "--out", out
    )


def hold(boards: Boards, images_each: int) -> None:
    """The boards get no more than so many images, so that the run cannot end by itself."""
    for line in boards.lines.values():
        line.stop_after(images_each * 48 * 48 * 3 * 5 // 4)


def test_a_killed_host_goes_on_with_fewer_boards(
    project: HostProject, expected: list[bytes], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with boards_at_work(tmp_path) as boards:
        for _ in range(3):
            boards.add(project.firmware)
        hold(boards, 12)
        code, _ = stopped_after(command_of(project, boards, out), out, 15, signal.SIGKILL)
        assert code == -signal.SIGKILL
        before = done_images(out)
        assert before >= 15
        for line in boards.lines.values():
            line.stop_after(None)
        resumed = finished(mcuzoo("run-serial", "--resume", out, "--port", boards.ports[2]))
        assert resumed.returncode == 0, resumed.stderr
    meta, rows = read_run(out)
    assert outputs(rows) == expected and {row.status for row in rows} == {Status.DONE}
    assert len({row.board for row in rows}) > 1 and len(meta.boards) == 3


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.full), signal.SIGTERM]
)
def test_interrupted_with_a_hung_board(
    project: HostProject, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "run"
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware, hang, after_images=2)
        boards.add(project.firmware)
        hold(boards, 10)
        code, stderr = stopped_after(command_of(project, boards, out), out, 8, number)
    assert code == 130, stderr
    assert "--resume" in stderr
    assert 8 <= sum(row.status is Status.DONE for row in read_run(out)[1]) < IMAGES


def test_the_same_board_twice_is_refused(project: HostProject, tmp_path: Path) -> None:
    link = tmp_path / "link"
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware)
        link.symlink_to(boards.ports[0])
        for ports in (boards.ports * 2, (boards.ports[0], str(link))):
            with pytest.raises(UsageError, match=r"given twice|same board"):
                started(project, ports, tmp_path / "run")


def test_two_runs_on_one_board(project: HostProject, expected: list[bytes], tmp_path: Path) -> None:
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware)
        boards.add(project.firmware)
        rig = boards.rig()
        held = os.open(boards.ports[0], os.O_RDWR | os.O_NOCTTY)
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as pyserial of the other run does
        found = started(project, None, tmp_path / "run", rig=rig)
        with pytest.raises(PortError, match="in use by another program"):
            started(project, None, tmp_path / "b", rig=rig, filter=("name=b0",))
        os.close(held)
    assert_whole(found, expected)
    (warning,) = found.summary.verdict.warnings
    assert warning.startswith("b0 was retired: ") and "in use by another program" in warning


def test_options_that_exclude_each_other(project: HostProject, tmp_path: Path) -> None:
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware)
        rig = boards.rig()
        wrong: list[dict[str, object]] = [
            {"port": "/dev/x", "rig": rig},
            {"port": "/dev/x", "filter": ("tag=a",)},
            {"port": None, "rig": rig, "filter": ("tag=a",)},
            {"port": ("/dev/x", "/dev/y"), "trace": tmp_path / "t"},
        ]
        for options in wrong:
            port = options.pop("port")
            with pytest.raises(McuzooError):
                started(project, port, tmp_path / "run", **options)  # type: ignore[arg-type]


def test_outputs_are_the_references(project: HostProject, expected: list[bytes]) -> None:
    """What all tests here compare with differs from image to image, and is the model's."""
    manifest = load_manifest(project.folder)
    engine = ReferenceEngine(load_model(project.folder / manifest.model.file))
    assert len(set(expected)) > IMAGES // 2
    zero = engine.run(np.zeros(manifest.input.shape, np.int8)).tobytes()
    assert len(zero) == len(expected[0])
