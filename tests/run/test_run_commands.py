"""run-serial and report as commands, on a fake board: output, streams, exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fake_board import HELLO, MANIFEST, FakeBoard, write_images

from mcuzoo.cli.report import report
from mcuzoo.cli.run_serial import run_serial
from mcuzoo.errors import BoardSilentError, DataSetError, InputError
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState
from mcuzoo.project.manifest import write_manifest
from mcuzoo.run import runner
from mcuzoo.run.runner import RunInterruptedError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    write_images(folder / "samples", 6)
    write_manifest(replace(MANIFEST, samples="samples/manifest.csv"), folder)
    return folder


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> FakeBoard:
    fake = FakeBoard()

    def opened(cls: type[Session], /, url: str, baud: int, *, state: LinkState, **_: Any) -> Any:
        assert (url, baud) == ("/dev/toy", 115200)
        return fake.open(state)

    monkeypatch.setattr(Session, "open", classmethod(opened))
    return fake


def run(project: Path, **options: Any) -> None:
    run_serial(port="/dev/toy", project=project, no_reference=True, **options)


def test_text_on_stdout_talk_on_stderr(
    project: Path, board: FakeBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(project, out=tmp_path / "run")
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].split() == ["verdict", "pass"]
    assert "images      6 of 6 done" in said.out
    assert f"the run is {tmp_path / 'run'}" in said.err
    assert "\x1b" not in said.err


def test_json_is_one_document(
    project: Path, board: FakeBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(project, out=tmp_path / "run", json_output=True)
    document = json.loads(capsys.readouterr().out)
    assert document["images"]["done"] == 6 and document["run"] == str(tmp_path / "run")
    report(tmp_path / "run", json_output=True)
    assert json.loads(capsys.readouterr().out) == document


def test_failed_verdict_is_the_exit_code(
    project: Path, board: FakeBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(project, out=tmp_path / "run", min_top1=1.0)
    assert caught.value.code == 1
    assert "FAIL: model" in capsys.readouterr().out


def test_lost_image_exits_3_and_says_how_to_go_on(
    project: Path, board: FakeBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = BoardSilentError("It stopped answering.", "Press reset.")
    board.failures = dict.fromkeys((1, 2, 3), silent)
    with pytest.raises(SystemExit) as caught:
        run(project, out=tmp_path / "run")
    assert caught.value.code == 3
    said = capsys.readouterr()
    assert f"--resume {tmp_path / 'run'}" in said.err
    assert "recovering: Image 0, attempt 1: It stopped answering." in said.err
    run_serial(resume=tmp_path / "run")
    assert "6 of 6 done" in capsys.readouterr().out


def test_interrupt_then_resume(
    project: Path, board: FakeBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board.failures = {4: KeyboardInterrupt()}
    with pytest.raises(RunInterruptedError):
        run(project, out=tmp_path / "run")
    report(tmp_path / "run")
    assert "3 of 6 done, 3 pending" in capsys.readouterr().out
    run_serial(resume=tmp_path / "run")
    assert board.images == [0, 1, 2, 3, 3, 4, 5]
    assert "6 of 6 done" in capsys.readouterr().out


def test_labels_off_by_one_are_refused_before_the_board_is_asked(
    project: Path, board: FakeBoard, tmp_path: Path
) -> None:
    output = replace(MANIFEST.output, shape=(1, 1001), bytes=1001)
    write_manifest(replace(MANIFEST, samples="samples/manifest.csv", output=output), project)
    board.hello_reply = replace(HELLO, output=output)
    with pytest.raises(DataSetError, match="'background' in a model of 1001 classes"):
        run(project, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_report_writes_files(
    project: Path, board: FakeBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(project, out=tmp_path / "run")
    report(tmp_path / "run", csv=tmp_path / "a.csv", outputs=tmp_path / "a.npy")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 7
    assert np.load(tmp_path / "a.npy").shape == (6, 6)


def test_trace_that_cannot_be_written(project: Path, board: FakeBoard, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="trace"):
        run(project, out=tmp_path / "run", trace=tmp_path / "gone" / "trace.txt")


def test_report_of_a_folder_of_runs_takes_the_newest(
    project: Path,
    board: FakeBoard,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = tmp_path / "runs"
    with pytest.raises(InputError, match="holds no run"):
        report(runs)
    for name, images in (("z-first", 2), ("a-second", 3)):
        run(project, out=runs / name, limit=images)
        monkeypatch.setattr(runner, "datetime", Later)
    (runs / "broken").mkdir()
    (runs / "broken" / "run.sqlite").write_bytes(b"no database")
    capsys.readouterr()
    report(runs)
    said = capsys.readouterr()
    assert "3 of 3 done" in said.out and f"run: {runs / 'a-second'}, the newest" in said.err
    monkeypatch.chdir(tmp_path)
    report()
    assert capsys.readouterr().out == said.out


class Later(datetime):
    """A clock that is an hour ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Later:
        return super().now(tz) + timedelta(hours=1)


def test_predictions_are_printed_and_in_the_document(
    project: Path, board: FakeBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(project, out=tmp_path / "run")
    assert capsys.readouterr().out.count("predicted ") == 6
    report(tmp_path / "run", show=2)
    assert capsys.readouterr().out.count("predicted ") == 3
    report(tmp_path / "run", show=0, json_output=True)
    listed = json.loads(capsys.readouterr().out)["predictions"]
    assert [one["file"] for one in listed] == [f"{n:03}.png" for n in range(6)]
    assert {one["label_name"] for one in listed} == {None}
