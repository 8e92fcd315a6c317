"""Runs over time: the figures are those of each run's report, and no journal is too bad to list."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import invoke
from helpers.histories import (
    answering,
    broken,
    night,
    nights,
    write_hostile,
    write_nights,
    write_run,
)
from helpers.page_runs import (
    BOARD,
    PageRun,
    broken_firmware,
    broken_rig,
    emulated,
    many_classes,
    several_boards,
    unlabelled,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.errors import InputError, UsageError
from mcuzoo.history.changes import Aspect
from mcuzoo.history.figures import read_figures
from mcuzoo.history.options import HistoryOptions
from mcuzoo.history.trend import history
from mcuzoo.report.history import history_document, history_text
from mcuzoo.report.html.history import history_html
from mcuzoo.run.journal import JOURNAL_NAME, read_run
from mcuzoo.run.score import Accuracy
from mcuzoo.run.summary import summarize
from mcuzoo.run.verdict import Broke


def swapped() -> PageRun:
    """The labels are in another order than the classes."""
    return night(0, lambda row: answering(row, ((row.label or 0) + 1) % 16), images=64)


@pytest.mark.parametrize(
    "make",
    [night, broken_firmware, broken_rig, several_boards, unlabelled, emulated, many_classes,
     swapped],
)  # fmt: skip
def test_a_history_says_what_the_report_of_the_run_says(
    make: Callable[..., PageRun], tmp_path: Path
) -> None:
    run = make(40) if make in (night, many_classes) else make()
    folder = write_run(tmp_path / "run", run)
    found, summary = read_figures(folder), summarize(*read_run(folder))
    assert (found.top1, found.latency, found.unanswered) == (
        summary.top1, summary.latency, summary.unanswered,
    )  # fmt: skip
    assert (found.images, found.total) == (
        sum(row.top1 is not None for row in summary.rows), len(summary.rows),
    )  # fmt: skip
    assert found.verdict.broke is summary.verdict.broke
    assert found.agreement == summary.agreement
    assert found.faults == summary.meta.line_errors
    assert found.meta == summary.meta


def test_what_the_host_answers_is_counted(tmp_path: Path) -> None:
    found = read_figures(write_run(tmp_path / "run", night(0)))
    assert found.host_top1 == Accuracy(32, 32) and found.top1 == Accuracy(24, 32)
    assert (found.code, found.constants, found.arena) == (27_552, 241_776, 53_760)


@pytest.mark.slow
@pytest.mark.parametrize("schema", [1, 4])
def test_an_older_journal_shows_gaps(tmp_path: Path, schema: int) -> None:
    folder = write_run(tmp_path / "run", night(0))
    new = ("host_top1",) if schema == 4 else (
        "host_top1", "board", "rank", "second", "dtype", "turned", "clipped",
    )  # fmt: skip
    with sqlite3.connect(folder / JOURNAL_NAME) as database:
        for column in new:
            database.execute(f"ALTER TABLE images DROP COLUMN {column}")
        if schema < 4:
            database.executescript("DROP TABLE boards; DROP TABLE others;")
        database.execute("UPDATE run SET value=? WHERE key='schema'", (str(schema),))
        database.execute("DELETE FROM run WHERE key IN ('input', 'build')")
    found = read_figures(folder)
    assert (found.code, found.constants, found.host_top1) == (None, None, None)
    assert (found.top1, found.arena) == (Accuracy(24, 32), 53_760)
    write_run(tmp_path / "newer", night(1))
    whole = history([tmp_path])
    (point,) = [point for point in whole.series[0].points if point.run.folder == folder]
    assert point.run.code is None and len(whole.series[0].points) == 2
    assert "27,552" in history_html(whole)


def test_series_by_model_and_board_and_what_changed_when(tmp_path: Path) -> None:
    runs = [*nights(20), emulated(), broken_rig()]
    whole = history([write_nights(tmp_path, runs)])
    keys = [(one.model, one.board, one.agent, len(one.points)) for one in whole.series]
    # What is broken comes first.
    assert keys == [("signs", "rt1050", "silicon", 21), ("signs", "rt1050", "emulator", 1)]
    silicon = whole.series[0]
    starts = [point.run.started for point in silicon.points]
    assert starts == sorted(starts) and whole.runs == 22
    changed = {
        place: [one.aspect for one in point.changed]
        for place, point in enumerate(silicon.points)
        if point.changed
    }
    assert changed[6] == [Aspect.MODEL] and changed[4] == [Aspect.FIRMWARE]
    assert changed[17] == [Aspect.FIRMWARE]
    assert not silicon.points[20].run.finished and len(silicon.finished) == 20
    assert silicon.broken_since is not None
    broke, first, before = silicon.broken_since
    assert broke is Broke.FIRMWARE and first.run.folder.name == "night-017"
    assert before is not None and before.folder.name == "night-016"


def test_a_run_is_found_once_however_deep(tmp_path: Path) -> None:
    write_run(tmp_path / "ci" / "job" / "runs" / "one", night(0))
    write_run(tmp_path / "two", night(1))
    found = history([tmp_path, tmp_path / "two", tmp_path / "ci" / "job" / "runs" / "one"])
    assert found.runs == 2


def test_filters(tmp_path: Path) -> None:
    board = replace(BOARD, board="rt1060")
    runs = [night(0), night(3), night(3, meta=lambda m: replace(m, board=board, model="other"))]
    write_nights(tmp_path, runs)

    def left(**chosen: Any) -> int:
        return history([tmp_path], HistoryOptions(**chosen)).runs

    assert (left(), left(model="other"), left(board="rt1050")) == (3, 1, 2)
    assert (left(since="2026-11-05"), left(since="2026-11-06")) == (2, 0)
    with pytest.raises(UsageError, match="is no day"):
        left(since="yesterday")
    none = history([tmp_path], HistoryOptions(since="2026-11-06"))
    assert "No run is left" in history_text(none) and "No run is finished" in history_html(none)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("--model", "sings"),
            "Did you mean 'signs'? Models: other, signs; boards: rt1050, rt1060.",
        ),
        (("--board", "rt9"), "boards: rt1050, rt1060."),
        (("--model", "other", "--board", "rt1050"), "Models: other, signs"),
    ],
)
def test_a_choice_of_no_run_is_an_error(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    board = replace(BOARD, board="rt1060")
    write_nights(
        tmp_path,
        [night(0), night(3, meta=lambda m: replace(m, board=board, model="other"))],
    )
    done = invoke(["history", tmp_path, *words])
    assert done.exit_code == 2 and says in " ".join(done.stderr.split())
    assert f"{' '.join(words)}: there is no such run." in done.stderr


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "one", night(0))
    (tmp_path / "empty").mkdir()
    for places in ([tmp_path / "empty"], [tmp_path / "runs", tmp_path / "gone"]):
        with pytest.raises(InputError, match="has no run"):
            history(places)


def test_damaged_journals_are_listed(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "good", night(0))
    for name, change in (
        ("schema", "UPDATE run SET value='99' WHERE key='schema'"),
        ("began", "UPDATE run SET value='\"once\"' WHERE key='started'"),
        ("model", "UPDATE run SET value='[1]' WHERE key='model'"),
        ("label", "UPDATE images SET label=99"),
        ("text", "UPDATE images SET cycles='many'"),
        ("clock", "UPDATE run SET value='{}' WHERE key='board'"),
        ("status", "UPDATE images SET status='what'"),
    ):
        shutil.copytree(folder, tmp_path / name)
        with sqlite3.connect(tmp_path / name / JOURNAL_NAME) as database:
            database.execute(change)
    (tmp_path / "zero").mkdir()
    (tmp_path / "zero" / JOURNAL_NAME).touch()
    found = history([tmp_path])
    assert found.runs == 1
    assert {one.folder.name for one in found.unusable} == {
        "schema", "began", "model", "label", "text", "clock", "status", "zero",
    }  # fmt: skip
    text = history_text(found)
    assert all(one.reason for one in found.unusable) and "schema 99" in text
    assert "cycles of image 0 is 'many'" in text and "names class 99 of 16" in text
    json.dumps(history_document(found))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    keep=st.floats(0.1, 1),
    hits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=9),
)
def test_no_damage_is_a_crash(tmp_path: Path, keep: float, hits: list[tuple[float, int]]) -> None:
    good = tmp_path / "good"
    if not good.exists():
        write_run(good, night(0))
    whole = bytearray((good / JOURNAL_NAME).read_bytes())
    for place, value in hits:
        whole[int(place * (len(whole) - 1))] = value
    (tmp_path / "damaged").mkdir(exist_ok=True)
    (tmp_path / "damaged" / JOURNAL_NAME).write_bytes(bytes(whole[: int(keep * len(whole))]))
    found = history([tmp_path])
    assert found.runs + len(found.unusable) == 2
    assert history_text(found) and json.dumps(history_document(found))


@pytest.mark.slow
def test_a_hundred_nights_stay_a_page(tmp_path: Path) -> None:
    first = write_run(tmp_path / "000", night(0, broken))
    for number in range(1, 100):
        shutil.copytree(first, tmp_path / f"{number:03}")
    whole = history([tmp_path])
    assert whole.runs == 100 and len(history_html(whole)) < 400_000
    assert "... and 80 earlier runs" in history_text(whole)


def test_texts_that_mean_harm_stay_texts(tmp_path: Path) -> None:
    found = history([write_hostile(tmp_path)])
    assert found.runs == 2 and len(found.unusable) == 1
    page = history_html(found)
    assert page.count("<script>") == 1 and "<img" not in page and "<b onclick" not in page
