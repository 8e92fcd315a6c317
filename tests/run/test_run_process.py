"""run-serial as a process against real firmware on a pty: killed, interrupted, disturbed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.commands import Said, done_images, finished, invoke, mcuzoo, stopped_after
from helpers.fault_proxy import Line, faults_of
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project

from mcuzoo.data.images import decode_image
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.run.journal import read_run
from mcuzoo.run.record import Row, Status

IMAGES = 40

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys and POSIX signals"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("host"), IMAGES)


def stop_after(project: HostProject, line: Line, images: int) -> None:
    """The run cannot end before it is interrupted, however busy the machine is."""
    line.stop_after(images * load_manifest(project.folder).input.bytes * 5 // 4)


def words(project: HostProject, line: Line, run: Path, *more: object) -> list[object]:
    return [
        "run-serial", "--port", line.url, "--project", project.folder, "--images", project.images,
        "--out", run, *more,
    ]  # fmt: skip


def run_serial(project: HostProject, line: Line, run: Path, *more: object) -> list[str]:
    return mcuzoo(*words(project, line, run, *more))


def resumed(run: Path) -> Said:
    return invoke(["run-serial", "--resume", run])


def expected_outputs(project: HostProject, rows: Sequence[Row]) -> np.ndarray[Any, Any]:
    """What the host computes, all the way from the files, apart from the run."""
    manifest = load_manifest(project.folder)
    engine = ReferenceEngine(load_model(project.folder / manifest.model.file))
    inputs = [
        PictureInput(manifest.preprocessing, manifest.input.shape).tensor(
            decode_image((project.images.parent / row.file).read_bytes(), "rgb", row.file)
        )
        for row in rows
    ]
    return np.stack([engine.run(tensor) for tensor in inputs])


def assert_whole_and_right(project: HostProject, run: Path) -> None:
    rows = read_run(run)[1]
    assert [row.index for row in rows] == list(range(IMAGES))
    assert {row.status for row in rows} == {Status.DONE}
    outputs = np.stack([row.output for row in rows if row.output is not None])
    np.testing.assert_array_equal(outputs, expected_outputs(project, rows))
    assert len(np.unique(outputs, axis=0)) > IMAGES // 2  # the images do differ


def test_run_and_report(project: HostProject, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Line(HostBoard(project.firmware, tmp_path)) as line:
        done = finished(run_serial(project, line, run, "--json"))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["reference"] == {"compared": IMAGES, "equal": IMAGES, "largest_difference": 0}
    assert_whole_and_right(project, run)
    outputs = tmp_path / "outputs.npy"
    assert invoke(["report", run, "--outputs", outputs]).exit_code == 0
    np.testing.assert_array_equal(np.load(outputs), expected_outputs(project, read_run(run)[1]))


def test_a_wrong_kernel_is_named_by_its_layer(tmp_path: Path) -> None:
    project = make_host_project(tmp_path / "spoiled", 3, spoiled=True)
    run = tmp_path / "run"
    board = HostBoard(project.firmware, tmp_path)
    with Line(board) as line:
        done = invoke(words(project, line, run, "--json"))
        assert done.exit_code == 1, done.stderr
        verdict = "op 0 CONV_2D is the first whose output differs"
        document = json.loads(done.stdout)
        assert document["wrong_layer"] == {
            "file": "000.png", "ops": "0", "name": "CONV_2D", "verdict": verdict,
            "part": "firmware",
        }  # fmt: skip
        assert document["verdict"]["broke"] == "firmware"
        assert f"On 000.png, {verdict}." in document["verdict"]["reasons"][0]
        # It was found once and is not looked for again.
        assert resumed(run).exit_code == 1
    said = invoke(["report", run]).stdout
    assert f"On 000.png, {verdict}." in " ".join(said.split())


def test_kill_and_resume_loses_nothing_and_repeats_nothing(
    project: HostProject, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    board = HostBoard(project.firmware, tmp_path)
    with Line(board) as line:
        stop_after(project, line, 25)
        code, _ = stopped_after(run_serial(project, line, run), run, 15, signal.SIGKILL)
        assert code == -signal.SIGKILL
        line.stop_after(None)
        before = {row.index: row.seconds for row in read_run(run)[1] if row.status is Status.DONE}
        assert 15 <= len(before) < IMAGES
        again = resumed(run)
        assert again.exit_code == 0, again.stderr
    assert_whole_and_right(project, run)
    after = {row.index: row.seconds for row in read_run(run)[1]}
    assert {index: after[index] for index in before} == before  # not run again


@pytest.mark.parametrize(
    "how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.full)]
)
def test_interrupt_exits_130_and_says_how_to_go_on(
    project: HostProject, tmp_path: Path, how: signal.Signals
) -> None:
    run = tmp_path / "run"
    with Line(HostBoard(project.firmware, tmp_path)) as line:
        stop_after(project, line, 15)
        code, said = stopped_after(run_serial(project, line, run), run, 5, how)
        assert code == 130
        line.stop_after(None)
        assert f"mcuzoo run-serial --resume {run}" in said
        assert "Traceback" not in said
        assert resumed(run).exit_code == 0
    assert_whole_and_right(project, run)


@pytest.mark.full
def test_disturbed_line_records_no_wrong_result(project: HostProject, tmp_path: Path) -> None:
    run = tmp_path / "run"
    faults = faults_of(seed=5, mean_bytes=20_000)
    with Line(HostBoard(project.firmware, tmp_path), faults) as line:
        done = invoke(words(project, line, run))
        assert line.struck.total() > 5
    assert done.exit_code == 0, done.stderr
    assert_whole_and_right(project, run)


@pytest.mark.full
def test_reset_button_in_mid_run(project: HostProject, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Line(HostBoard(project.firmware, tmp_path), faults_of(9, 60_000, ("reset",))) as line:
        done = invoke(words(project, line, run))
        restarts = line.board.restarts
    assert done.exit_code == 0, done.stderr
    assert restarts >= 2
    assert_whole_and_right(project, run)


@pytest.mark.full
def test_board_that_dies_for_good(project: HostProject, tmp_path: Path) -> None:
    run = tmp_path / "run"
    board = HostBoard(project.firmware, tmp_path)
    with Line(board) as line:
        process = subprocess.Popen(
            run_serial(project, line, run),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        stop_after(project, line, 15)
        while done_images(run) < 5:
            time.sleep(0.01)
        line.kill_board()
        line.stop_after(None)
        _, said = process.communicate(timeout=200)
    assert process.returncode == 3
    assert "error: The board cannot be reached again" in said and "--resume" in said
    assert 5 <= done_images(run) < IMAGES


def test_board_of_another_project(project: HostProject, tmp_path: Path) -> None:
    other = make_host_project(tmp_path / "other", 1, seed=4)
    with Line(HostBoard(other.firmware, tmp_path)) as line:
        done = invoke(words(project, line, tmp_path / "run", "--json"))
    assert done.exit_code == 4
    assert json.loads(done.stdout)["error"] == "WrongFirmwareError"
    assert "runs the model" in done.stderr
    assert not (tmp_path / "run").exists()


def test_none_of_the_images_is_one(project: HostProject, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "text.jpg").write_text("no image at all")
    with Line(HostBoard(project.firmware, tmp_path)) as line:
        done = invoke(words(replace(project, images=tmp_path / "images"), line, tmp_path / "run"))
    assert done.exit_code == 2
    assert "None of the images could be decoded" in done.stderr and "hint: " in done.stderr


def test_progress_bar_only_on_a_terminal(project: HostProject, tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    with Line(HostBoard(project.firmware, tmp_path)) as line:
        process = subprocess.Popen(
            run_serial(project, line, tmp_path / "run"),
            stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"},
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # a pty ends with an error
            while data := os.read(ours, 4096):
                shown += data
        said, _ = process.communicate(timeout=120)
    os.close(ours)
    assert f"{IMAGES}/{IMAGES}".encode() in shown and b"top-1 " in shown and b"\x1b[" in shown
    assert b"\x1b" not in said and b"verdict" in said


@pytest.mark.parametrize(
    ("port", "error", "says"),
    [
        ("/dev/ttyNoSuchPort", "PortError", "There is no port"),
        # test_baud.py has it within this process, where it does not take so long.
        pytest.param("silent", "BoardSilentError", "Nothing answers at", marks=pytest.mark.full),
    ],
)
def test_port_trouble(
    project: HostProject, tmp_path: Path, port: str, error: str, says: str
) -> None:
    import pty

    ours, theirs = pty.openpty()
    name = os.ttyname(theirs) if port == "silent" else port
    done = invoke(
        ["run-serial", "--port", name, "--project", project.folder,
         "--images", project.images, "--out", tmp_path / "run", "--json"]
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert done.exit_code == 3
    document = json.loads(done.stdout)
    assert document["error"] == error and says in document["message"] and document["hint"]
    assert not (tmp_path / "run").exists()


def test_empty_folder_and_missing_project(project: HostProject, tmp_path: Path) -> None:
    for options, says in (
        (("--project", project.folder, "--images", tmp_path), "There are no images in"),
        (("--project", tmp_path / "gone"), "There is no project folder"),
    ):
        done = invoke(["run-serial", "--port", "/dev/x", *options])
        assert done.exit_code == 2
        assert says in done.stderr and "hint: " in done.stderr and "Traceback" not in done.stderr
