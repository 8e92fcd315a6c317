"""The run: journalled, resumable, honest about what got lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.fake_board import HELLO, MANIFEST, FakeBoard, make_toy_job
from numpy.typing import NDArray

from mcuzoo.errors import (
    BoardSilentError,
    DataSetError,
    FirmwareError,
    InputError,
    PortError,
    UsageError,
    WrongFirmwareError,
)
from mcuzoo.link.counts import StackUse
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import Inference
from mcuzoo.link.state import LinkState
from mcuzoo.report.run import run_document, summary_text
from mcuzoo.run import connected_board
from mcuzoo.run.job import Job
from mcuzoo.run.journal import Journal, read_run
from mcuzoo.run.record import Row, Status
from mcuzoo.run.runner import LOST_IN_A_ROW, RunInterruptedError, run_images
from mcuzoo.run.summary import RunSummary
from mcuzoo.run.verdict import Broke

SILENT = BoardSilentError("It stopped answering.", "Press reset.")


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.begun: tuple[int, int] | None = None
        self.rows: list[Row] = []
        self.troubles: list[str] = []

    def started(self, hello: Hello, total: int, finished: int) -> None:
        self.begun = (total, finished)

    def image(self, row: Row) -> None:
        self.rows.append(row)

    def trouble(self, text: str) -> None:
        self.troubles.append(text)

    def note(self, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connected_board, "_REOPEN_PAUSES_S", (0.0, 0.0))


def ran(job: Job, board: FakeBoard) -> RunSummary:
    return run_images(job, board.open, Told())


def statuses(job: Job) -> list[str]:
    return [row.status.value for row in read_run(job.out)[1]]


def test_whole_run(tmp_path: Path) -> None:
    job, told = make_toy_job(tmp_path, count=8), Told()
    summary = run_images(job, FakeBoard().open, told)
    assert summary.counts[Status.DONE] == 8
    assert summary.agreement is not None and summary.agreement.equal == 8
    assert summary.verdict.passed
    assert summary.latency is not None and summary.latency.median_ms == pytest.approx(10.0)
    assert told.begun == (8, 0) and [row.index for row in told.rows] == list(range(8))
    meta, rows = read_run(job.out)
    assert meta.board.board == "rt1050" and meta.class_names == ("a", "b", "c", "d", "e", "f")
    for row in rows:
        assert row.output is not None and row.top1 is not None and row.seconds is not None
        assert row.score == pytest.approx((int(row.output[row.top1]) + 128) / 256)
        assert row.input_crc32 is not None


def test_outputs_unlike_the_reference_blame_the_firmware(tmp_path: Path) -> None:
    summary = ran(make_toy_job(tmp_path), FakeBoard(wrong_outputs=[1, 3]))
    assert summary.verdict.broke is Broke.FIRMWARE and summary.verdict.exit_code == 1
    assert summary.agreement is not None
    assert (summary.agreement.equal, summary.agreement.largest_difference) == (3, 1)


def test_a_stack_that_is_nearly_used_up_is_a_warning(tmp_path: Path) -> None:
    summary = ran(make_toy_job(tmp_path), FakeBoard(stack=StackUse(8192, 8192)))
    assert summary.verdict.passed
    assert summary.verdict.warnings == (
        "The stack's 8,192 bytes were used up to the last one, and perhaps beyond it.",
    )
    assert "stack       8,192 of 8,192 bytes used" in summary_text(summary)
    assert run_document(tmp_path, summary)["stack"] == {"bytes": 8192, "used_bytes": 8192}


def test_without_reference_nothing_is_compared(tmp_path: Path) -> None:
    summary = ran(make_toy_job(tmp_path, reference=False), FakeBoard(wrong_outputs=[1]))
    assert summary.agreement is None and summary.verdict.passed


def test_lost_image_blames_the_rig_and_resume_runs_it_again(tmp_path: Path) -> None:
    board = FakeBoard(failures=dict.fromkeys((3, 4, 5), SILENT))
    summary = ran(make_toy_job(tmp_path), board)
    assert summary.verdict.broke is Broke.RIG and summary.unanswered == 1
    assert statuses(make_toy_job(tmp_path)) == ["done", "done", "lost", "done", "done"]
    board = FakeBoard()
    summary = ran(make_toy_job(tmp_path, resume=True), board)
    assert board.images == [2]
    assert summary.verdict.passed and summary.counts[Status.DONE] == 5


def test_firmware_fault_is_told_from_a_lost_image(tmp_path: Path) -> None:
    fault = FirmwareError("Exception 3.", "addr2line")
    summary = ran(make_toy_job(tmp_path), FakeBoard(failures=dict.fromkeys((1, 2, 3), fault)))
    assert summary.verdict.broke is Broke.FIRMWARE
    assert summary.rows[0].status is Status.FAULT and summary.rows[0].error == "Exception 3."


def test_images_lost_here_and_there_do_not_stop_the_run(tmp_path: Path) -> None:
    lost = [n for first in (1, 5, 9, 13) for n in range(first, first + 3)]
    board = FakeBoard(failures=dict.fromkeys(lost, SILENT))
    summary = ran(make_toy_job(tmp_path, count=8), board)
    assert statuses(make_toy_job(tmp_path)) == ["lost", "done"] * 4
    assert summary.verdict.broke is Broke.RIG


def test_three_lost_in_a_row_stop_the_run(tmp_path: Path) -> None:
    board = FakeBoard(failures=dict.fromkeys(range(2, 99), SILENT))
    with pytest.raises(BoardSilentError) as caught:
        ran(make_toy_job(tmp_path, count=6), board)
    assert "--resume" in caught.value.hint
    assert statuses(make_toy_job(tmp_path)) == ["done"] + ["lost"] * LOST_IN_A_ROW + ["pending"] * 2


def test_board_gone_stops_the_run_and_keeps_the_rest_pending(tmp_path: Path) -> None:
    gone = PortError("There is no port.", "Plug it in.")
    board = FakeBoard(failures={3: SILENT}, refusals=dict.fromkeys(range(2, 99), gone))
    with pytest.raises(connected_board.BoardGoneError) as caught:
        ran(make_toy_job(tmp_path), board)
    assert caught.value.exit_code == 3 and "--resume" in caught.value.hint
    assert statuses(make_toy_job(tmp_path)) == ["done"] * 2 + ["pending"] * 3
    assert ran(make_toy_job(tmp_path, resume=True), FakeBoard()).verdict.passed


def test_interrupt_keeps_what_is_finished(tmp_path: Path) -> None:
    board = FakeBoard(failures={3: KeyboardInterrupt()})
    with pytest.raises(RunInterruptedError) as caught:
        ran(make_toy_job(tmp_path), board)
    assert caught.value.exit_code == 130
    assert f"--resume {tmp_path / 'run'}" in caught.value.hint
    assert board.closings == 1
    assert statuses(make_toy_job(tmp_path)) == ["done"] * 2 + ["pending"] * 3
    board = FakeBoard()
    assert ran(make_toy_job(tmp_path, resume=True), board).counts[Status.DONE] == 5
    assert board.images == [2, 3, 4]


def test_sigterm_interrupts_and_is_given_back(tmp_path: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    class Terminates(Told):
        def image(self, row: Row) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(RunInterruptedError):
        run_images(make_toy_job(tmp_path), FakeBoard().open, Terminates())
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert "done" in statuses(make_toy_job(tmp_path))


def test_bad_image_does_not_stop_the_run(tmp_path: Path) -> None:
    make_toy_job(tmp_path)
    (tmp_path / "images" / "001.png").write_bytes(b"not an image")
    summary = ran(make_toy_job(tmp_path), FakeBoard())
    assert summary.counts[Status.BAD_IMAGE] == 1 and summary.counts[Status.DONE] == 4
    assert (
        summary.verdict.passed
        and "could not be decoded, not counted: 1." in summary.verdict.warnings[0]
    )
    assert summary.top1 is not None and summary.top1.total == 4


def test_resume_leaves_a_bad_image_alone(tmp_path: Path) -> None:
    make_toy_job(tmp_path)
    (tmp_path / "images" / "001.png").write_bytes(b"not an image")
    with pytest.raises(RunInterruptedError):
        ran(make_toy_job(tmp_path), FakeBoard(failures={3: KeyboardInterrupt()}))
    board = FakeBoard()
    summary = ran(make_toy_job(tmp_path, resume=True), board)
    assert board.images == [3, 4]
    assert summary.counts[Status.BAD_IMAGE] == 1 and summary.verdict.passed


def test_bad_image_fails_a_strict_run(tmp_path: Path) -> None:
    make_toy_job(tmp_path)
    (tmp_path / "images" / "001.png").write_bytes(b"not an image")
    summary = ran(make_toy_job(tmp_path, strict=True), FakeBoard())
    assert summary.verdict.broke is Broke.DATA and summary.verdict.exit_code == 2


def test_nothing_but_bad_images(tmp_path: Path) -> None:
    make_toy_job(tmp_path, count=2)
    for name in ("000.png", "001.png"):
        (tmp_path / "images" / name).write_bytes(b"not an image")
    with pytest.raises(DataSetError, match=r"None of the images .* .*000\.png cannot be"):
        ran(make_toy_job(tmp_path), FakeBoard())


def test_accuracy_below_the_limit_blames_the_model(tmp_path: Path) -> None:
    job = make_toy_job(tmp_path, count=30, min_top1=1.0)
    summary = ran(job, FakeBoard())
    assert summary.top1 is not None and summary.top1.value < 1
    assert summary.verdict.broke is Broke.MODEL and summary.verdict.exit_code == 1


def test_foreign_board_leaves_no_run_behind(tmp_path: Path) -> None:
    board = FakeBoard(hello_reply=replace(HELLO, model_sha256="00" * 32))
    with pytest.raises(WrongFirmwareError):
        ran(make_toy_job(tmp_path), board)
    assert not (tmp_path / "run").exists()


def test_existing_run_is_not_begun_again(tmp_path: Path) -> None:
    ran(make_toy_job(tmp_path), FakeBoard())
    with pytest.raises(UsageError, match="holds a run already"):
        ran(make_toy_job(tmp_path), FakeBoard())


def test_finished_run_needs_no_board(tmp_path: Path) -> None:
    ran(make_toy_job(tmp_path), FakeBoard())
    board = FakeBoard()
    assert ran(make_toy_job(tmp_path, resume=True), board).verdict.passed
    assert board.openings == 0


def test_resume_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run"):
        ran(make_toy_job(tmp_path, resume=True), FakeBoard())


@pytest.fixture
def half_run(tmp_path: Path) -> Path:
    with pytest.raises(RunInterruptedError):
        ran(make_toy_job(tmp_path), FakeBoard(failures={3: KeyboardInterrupt()}))
    return tmp_path


def test_resume_refuses_other_images(half_run: Path) -> None:
    (half_run / "images" / "004.png").write_bytes((half_run / "images" / "000.png").read_bytes())
    with pytest.raises(UsageError, match="begun with another data set"):
        ran(make_toy_job(half_run, resume=True), FakeBoard())


def test_resume_refuses_another_model(half_run: Path) -> None:
    job = make_toy_job(half_run, resume=True)
    other = replace(MANIFEST, model=replace(MANIFEST.model, sha256="00" * 32))
    with pytest.raises(UsageError, match="begun with another model"):
        ran(replace(job, manifest=other), FakeBoard())


def test_resume_refuses_another_preprocessing(half_run: Path) -> None:
    job = make_toy_job(half_run, resume=True)
    other = replace(MANIFEST, preprocessing=replace(MANIFEST.preprocessing, crop=0.5))
    with pytest.raises(UsageError, match="begun with another preprocessing"):
        ran(replace(job, manifest=other), FakeBoard())


@pytest.mark.parametrize("change", [{"build_id": "11" * 16}, {"agent": "emulator"}])
def test_resume_refuses_another_build_and_an_emulator(
    half_run: Path, change: dict[str, str]
) -> None:
    job = make_toy_job(half_run, resume=True)
    hello = replace(HELLO, **change)  # type: ignore[arg-type]
    job = replace(job, manifest=replace(MANIFEST, build_id=hello.build_id))
    with pytest.raises(
        WrongFirmwareError, match=r"another board or build: (build_id|emulated) was"
    ):
        ran(job, FakeBoard(hello_reply=hello))
    assert statuses(job).count("done") == 2


def test_resume_while_another_process_writes(half_run: Path) -> None:
    with Journal(half_run / "run"), pytest.raises(UsageError, match="Another mcuzoo process"):
        ran(make_toy_job(half_run, resume=True), FakeBoard())


def test_resume_may_change_port_and_limit_of_accuracy(half_run: Path) -> None:
    job = make_toy_job(half_run, resume=True, min_top1=1.0)
    summary = ran(replace(job, settings=replace(job.settings, port="/dev/other")), FakeBoard())
    assert summary.meta.settings.port == "/dev/other"
    assert summary.verdict.broke is Broke.MODEL


def test_cycles_of_an_emulated_board_are_instructions(tmp_path: Path) -> None:
    hello = replace(HELLO, agent="emulator", count_unit="instructions")
    summary = ran(make_toy_job(tmp_path), FakeBoard(hello_reply=hello))
    assert summary.latency is not None
    assert (summary.latency.unit, summary.latency.median_ms) == ("instructions", None)


def test_cycles_that_were_not_counted(tmp_path: Path) -> None:
    assert ran(make_toy_job(tmp_path), FakeBoard(cycles=None)).latency is None


class Lossy(FakeBoard):
    """Each inference takes two frames, one of them twice, on a line for chunks of 128 bytes."""

    def infer(
        self, image_id: int, tensor: NDArray[np.int8], ahead: NDArray[np.int8] | None = None
    ) -> Inference:
        result = super().infer(image_id, tensor)
        self.state.runs(MANIFEST.model.sha256)
        self.state.inference_took(0.5)
        self.state.frames_sent += 3
        self.state.frames_resent += 1
        self.state.chunk_bytes = self.state.smallest_chunk_bytes = 128
        return result


def test_what_the_line_cost_is_in_the_record_and_goes_on_when_resumed(tmp_path: Path) -> None:
    job = make_toy_job(tmp_path)
    with pytest.raises(RunInterruptedError):
        ran(job, Lossy(failures={4: KeyboardInterrupt()}))
    link = read_run(job.out)[0].link
    assert link is not None and (link.frames_sent, link.frames_resent) == (9, 3)
    board = Lossy()
    board.failures = {1: SILENT}
    summary = ran(make_toy_job(tmp_path, resume=True), board)
    link = summary.meta.link
    assert link is not None
    assert (link.frames_sent, link.frames_resent, link.reconnects) == (15, 5, 1)
    assert (link.chunk_bytes, link.slowest_inference_s) == (128, 0.5)


class Curious(FakeBoard):
    """Remembers what it was given to start with."""

    given: LinkState | None = None

    def hello(self) -> Hello:
        self.given = self.given or replace(self.state)
        return super().hello()


def test_a_resumed_run_starts_with_what_it_had_learnt(half_run: Path) -> None:
    journal = half_run / "run" / "run.sqlite"
    learnt = LinkState(MANIFEST.model.sha256, 0.7, chunk_bytes=256)
    with Journal(half_run / "run") as writer:
        writer.keep_link(learnt)
    board = Curious()
    ran(make_toy_job(half_run, resume=True), board)
    assert board.given == learnt
    # A run of before says only how long its images took.
    with closing(sqlite3.connect(journal)) as database, database:
        database.execute("DELETE FROM run WHERE key = 'link'")
        database.execute("UPDATE images SET status = 'lost' WHERE id = 4")
        database.execute("UPDATE images SET seconds = id + 0.5")
    assert read_run(half_run / "run")[0].link is None
    board = Curious()
    ran(make_toy_job(half_run, resume=True), board)
    assert board.given == LinkState(MANIFEST.model.sha256, 3.5)


def test_a_run_of_before_may_be_resumed(half_run: Path) -> None:
    """It did not know what a board says it is, nor what it counts."""
    journal = half_run / "run" / "run.sqlite"
    with closing(sqlite3.connect(journal)) as database, database:
        (text,) = database.execute("SELECT value FROM run WHERE key = 'board'").fetchone()
        facts = json.loads(text)
        del facts["agent"], facts["count_unit"]
        database.execute("UPDATE run SET value = ? WHERE key = 'board'", (json.dumps(facts),))
    assert read_run(half_run / "run")[0].board.unit == "cycles"
    assert ran(make_toy_job(half_run, resume=True), FakeBoard()).verdict.passed


def test_nanoseconds_of_a_process_are_time(tmp_path: Path) -> None:
    hello = replace(HELLO, cpuid=0, agent="process", count_unit="nanoseconds")
    summary = ran(make_toy_job(tmp_path), FakeBoard(hello_reply=hello, cycles=3_200_000))
    assert summary.latency is not None and summary.latency.median_ms == pytest.approx(3.2)
    text = summary_text(summary)
    assert "rt1050, as a process" in text and "emulated" not in text
    assert "3.20 ms (as a process; 5 of 5 images counted)" in text


def test_counts_of_an_unknown_unit_are_no_time(tmp_path: Path) -> None:
    hello = replace(HELLO, cpuid=0, agent="other", count_unit="counts")
    summary = ran(make_toy_job(tmp_path), FakeBoard(hello_reply=hello))
    assert summary.latency is not None and summary.latency.median_ms is None
    text = summary_text(summary)
    assert "rt1050, no Cortex-M" in text and "instructions" not in text and " ms" not in text
