"""The journal: what was recorded is there, whatever happened after."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import examples
from helpers.fake_board import HELLO
from helpers.journals import create_journal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.data.images import FilePicture, Item
from mcuzoo.errors import InputError, UsageError
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.connected_board import board_facts
from mcuzoo.run.journal import JOURNAL_NAME, LOCK_NAME, Journal, read_meta, read_run
from mcuzoo.run.record import BuildFacts, InputFacts, Row, RunMeta, Settings, Status, WrongLayer
from mcuzoo.run.score import Answer

SETTINGS = Settings("/p", "/dev/x", 115200, "/d.csv", None, None, True, False, min_top1=0.5)
META = RunMeta(
    tool_version="1",
    started="2025-01-01T00:00:00+00:00",
    model="toy",
    classes=3,
    class_names=("a", "b", "ü"),
    output_scale=1 / 256,
    output_zero_point=-128,
    preprocessing=Recipe(color="gray", crop=1.0),
    data_set_digest="d" * 64,
    board=board_facts(HELLO),
    settings=SETTINGS,
)
ITEMS = tuple(Item(index, f"{index}.jpg", FilePicture(Path(f"/{index}.jpg")), index, "e" * 64)
              for index in (0, 2, 5, 6))  # fmt: skip
DONE = Row(
    2, "2.jpg", 2, "e" * 64, Status.DONE, np.array([-128, 0, 127], np.int8), 2, 0.99, 2**40,
    2**32 - 1, 2, 0, 0.25, None,
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "one"
    create_journal(folder, META, ITEMS)
    return folder


def test_new_run_is_all_pending(run: Path) -> None:
    meta, rows = read_run(run)
    assert meta == META
    assert rows == tuple(Row(i.index, i.file, i.label, i.sha256) for i in ITEMS)


def test_row_comes_back_as_recorded(run: Path) -> None:
    with Journal(run) as journal:
        journal.record(DONE)
        row = read_run(run)[1][1]  # readable while it is written
    assert row.output is not None and DONE.output is not None
    assert row.output.dtype == np.int8
    assert row.output.tolist() == DONE.output.tolist()
    assert replace(row, output=None) == replace(DONE, output=None)


def test_finished_image_cannot_be_recorded_twice(run: Path) -> None:
    with Journal(run) as journal:
        journal.record(DONE)
        for again in (DONE, replace(DONE, status=Status.LOST)):
            with pytest.raises(InputError, match="finished already"):
                journal.record(again)
        with pytest.raises(InputError, match="unknown"):
            journal.record(replace(DONE, index=3))
    assert read_run(run)[1][1].status is Status.DONE


def test_lost_image_may_be_recorded_again(run: Path) -> None:
    with Journal(run) as journal:
        journal.record(replace(DONE, status=Status.LOST, output=None, error="silent"))
        journal.record(DONE)
    assert read_run(run)[1][1].error is None


def test_settings_can_change(run: Path) -> None:
    changed = replace(SETTINGS, port="/dev/y", min_top1=None)
    with Journal(run) as journal:
        journal.update_settings(changed)
    assert read_run(run)[0] == replace(META, settings=changed)


def test_second_writer_is_refused(run: Path) -> None:
    with Journal(run), pytest.raises(UsageError, match="Another mcuzoo process"):
        Journal(run)
    with Journal(run) as journal:
        journal.record(DONE)


def test_second_run_in_the_same_folder(run: Path) -> None:
    with pytest.raises(UsageError, match="holds a run already") as caught:
        create_journal(run, META, ITEMS)
    assert f"--resume {run}" in caught.value.hint


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot hold a run"):
        create_journal(tmp_path / "file" / "run", META, ITEMS)


def test_no_run(tmp_path: Path) -> None:
    for use in (read_run, Journal):
        with pytest.raises(InputError, match="holds no run"):
            use(tmp_path)


def test_leftover_of_a_crashed_start_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / f".{JOURNAL_NAME}.new").write_bytes(b"half a file")
    (tmp_path / f".{JOURNAL_NAME}.new-journal").write_bytes(b"half a journal")
    create_journal(tmp_path, META, ITEMS)
    assert len(read_run(tmp_path)[1]) == len(ITEMS)
    assert {path.name for path in tmp_path.iterdir()} == {JOURNAL_NAME, LOCK_NAME}


def test_half_a_commit_is_undone(run: Path, tmp_path: Path) -> None:
    """What a crash in mid-commit leaves: some pages written, and SQLite's own journal beside."""
    with Journal(run) as journal:
        journal.record(DONE)
    database = sqlite3.connect(run / JOURNAL_NAME, isolation_level=None)
    database.execute("PRAGMA cache_size=1")
    database.execute("PRAGMA cache_spill=1")
    database.execute("BEGIN")
    database.execute("UPDATE images SET status='done', output=zeroblob(200000)")
    torn = tmp_path / "torn"
    shutil.copytree(run, torn)
    database.close()
    assert (torn / f"{JOURNAL_NAME}-journal").stat().st_size > 0
    assert (torn / JOURNAL_NAME).stat().st_size > (run / JOURNAL_NAME).stat().st_size
    _, rows = read_run(torn)
    assert [row.status for row in rows] == [Status.PENDING, Status.DONE, *[Status.PENDING] * 2]
    assert rows[1].top1 == DONE.top1


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    keep=st.floats(0, 1), hits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=5)
)
def test_damaged_journal_is_read_or_named(
    run: Path, keep: float, hits: list[tuple[float, int]]
) -> None:
    whole = bytearray((run / JOURNAL_NAME).read_bytes())
    for place, value in hits:
        whole[int(place * (len(whole) - 1))] = value
    folder = run.parent / "damaged"
    folder.mkdir(exist_ok=True)
    (folder / JOURNAL_NAME).write_bytes(bytes(whole[: int(keep * len(whole))]))
    try:
        read_run(folder)
    except InputError as error:
        assert str(folder / JOURNAL_NAME) in error.message


def test_newer_schema_is_refused(run: Path) -> None:
    with sqlite3.connect(run / JOURNAL_NAME) as database:
        database.execute("UPDATE run SET value='99' WHERE key='schema'")
    with pytest.raises(InputError, match="schema 99"):
        read_run(run)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE run SET value='[1]' WHERE key='model'", "model: Input should be a valid string"),
        ("UPDATE run SET value='null' WHERE key='started'", "started: "),
        ("UPDATE run SET value='[\"a\"]' WHERE key='class_names'", "1 names of 3 classes"),
        ("UPDATE run SET value='3' WHERE key='link'", "journal"),
        ("UPDATE run SET value=json_set(value, '$.cpuid', 'x') WHERE key='board'", "board.cpuid: "),
        ("UPDATE run SET value=json_set(value, '$.ports', 7) WHERE key='settings'", "settings.por"),
        ("UPDATE images SET cycles='many' WHERE id=2", "cycles of image 2 is 'many'"),
        ("UPDATE images SET score=x'00' WHERE id=2", "score of image 2 is b"),
        ("UPDATE images SET output='text' WHERE id=2", "output of image 2 is 'text'"),
        ("UPDATE images SET top1=3 WHERE id=2", "image 2 names class 3 of 3"),
        ("UPDATE images SET label=-1 WHERE id=2", "image 2 names class -1 of 3"),
        ("UPDATE images SET top1=NULL WHERE id=2", "image 2 is done and has no answer"),
        ("UPDATE images SET second='{}' WHERE id=2", "Answer"),
    ],
)
def test_values_of_a_wrong_kind_are_named(run: Path, statement: str, fault: str) -> None:
    with Journal(run) as journal:
        journal.record(DONE)
    read_run(run)
    with sqlite3.connect(run / JOURNAL_NAME) as database:
        assert database.execute(statement).rowcount == 1
    with pytest.raises(InputError, match="cannot be used") as raised:
        read_run(run)
    assert fault in raised.value.message and "\n" not in raised.value.message


def make_old(run: Path) -> None:
    """As mcuzoo wrote it before schema 2, with the recipe of that time."""
    recipe = (
        '{"color": "gray", "crop": 1.0, "resize": "bilinear", "pixel_offset": -128, '
        '"float_low": 0.0, "float_high": 1.0}'
    )
    with sqlite3.connect(run / JOURNAL_NAME) as database:
        for column in (
            "rank", "second", "dtype", "turned", "clipped", "board", "host_top1", "cpu_top1",
            "cpu_difference",
        ):  # fmt: skip
            database.execute(f"ALTER TABLE images DROP COLUMN {column}")
        database.executescript("DROP TABLE boards; DROP TABLE others;")
        database.execute("UPDATE run SET value='1' WHERE key='schema'")
        database.execute("UPDATE run SET value=? WHERE key='preprocessing'", (recipe,))
        database.execute(
            "DELETE FROM run WHERE key IN "
            "('recipe_source', 'label_mapping', 'elapsed_s', 'input', 'build')"
        )


def test_a_run_of_an_older_version_is_read_and_resumed(run: Path) -> None:
    with Journal(run) as journal:
        journal.record(DONE)
    make_old(run)
    row = read_run(run)[1][1]
    assert (row.status, row.top1, row.rank, row.label_rank) == (Status.DONE, 2, None, 0)
    recipe = read_run(run)[0].preprocessing
    assert (recipe.color, recipe.exif, recipe.real(0), recipe.real(255)) == (
        "gray", False, (0.0,), (1.0,),
    )  # fmt: skip
    with Journal(run) as journal:
        journal.record(Row(0, "0.jpg", 0, "e" * 64, Status.DONE, top1=1, score=0.5, rank=3))
    meta, rows = read_run(run)
    assert replace(meta, preprocessing=META.preprocessing) == META
    assert [row.label_rank for row in rows[:2]] == [3, 0]


def test_what_schema_5_brought_is_absent_from_a_run_before_it(run: Path) -> None:
    with Journal(run) as journal:
        journal.record(replace(DONE, host_top1=1))
    before = read_run(run)
    with sqlite3.connect(run / JOURNAL_NAME) as database:
        for column in ("host_top1", "cpu_top1", "cpu_difference"):
            database.execute(f"ALTER TABLE images DROP COLUMN {column}")
        database.execute("UPDATE run SET value='4' WHERE key='schema'")
        database.execute("DELETE FROM run WHERE key IN ('input', 'build')")
    meta, rows = read_run(run)
    assert (meta.input, meta.build, rows[1].host_top1) == (None, None, None)
    assert meta == replace(before[0], input=None, build=None) and rows[1].top1 == 2
    with Journal(run) as journal:
        journal.record(Row(0, "0.jpg", 0, "e" * 64, Status.DONE, top1=1, score=0.5, host_top1=2))
    assert read_run(run)[1][0].host_top1 == 2


def test_what_a_delegate_gave_comes_back(run: Path, tmp_path: Path) -> None:
    """Of schema 6: the delegate's name, and the answer of the board's own CPU."""
    known = replace(
        META,
        board=replace(META.board, delegate="ethosu"),
        wrong_layer=WrongLayer("x.jpg", "3", "CONV_2D", "op 3", "npu"),
    )
    create_journal(tmp_path / "npu", known, ITEMS)
    row = replace(DONE, reference_difference=7, host_top1=1, cpu_top1=1, cpu_difference=6)
    with Journal(tmp_path / "npu") as journal:
        journal.record(row)
    meta, rows = read_run(tmp_path / "npu")
    assert meta == known and meta.delegates == ("ethosu",)
    assert (rows[1].cpu_top1, rows[1].cpu_difference) == (1, 6)


def test_a_run_of_schema_5_knows_no_delegate(run: Path) -> None:
    with Journal(run) as journal:
        journal.record(replace(DONE, host_top1=1))
    board, wrong = asdict(META.board), asdict(WrongLayer("x.jpg", "3", "CONV_2D", "op 3"))
    del board["delegate"], wrong["part"]
    with sqlite3.connect(run / JOURNAL_NAME) as database:
        for column in ("cpu_top1", "cpu_difference"):
            database.execute(f"ALTER TABLE images DROP COLUMN {column}")
        database.execute("UPDATE run SET value='5' WHERE key='schema'")
        for key, value in (("board", board), ("wrong_layer", wrong)):
            database.execute("REPLACE INTO run VALUES (?, ?)", (key, json.dumps(value)))
    meta, rows = read_run(run)
    assert meta.delegates == () and meta.wrong_layer is not None
    assert (meta.wrong_layer.part, rows[1].host_top1, rows[1].cpu_top1) == ("firmware", 1, None)
    with Journal(run) as journal:
        journal.record(Row(0, "0.jpg", 0, "e" * 64, Status.DONE, top1=1, score=0.5, cpu_top1=2))
    assert read_run(run)[1][0].cpu_top1 == 2


def test_what_is_known_of_input_and_build_comes_back(run: Path, tmp_path: Path) -> None:
    known = replace(
        META,
        input=InputFacts((1, 8, 8, 3), 1 / 128, -3),
        build=BuildFacts(1024, 30_000, 2_000, 36_000, "gcc 12.2.1", "-O2"),
    )
    create_journal(tmp_path / "known", known, ITEMS)
    assert read_meta(tmp_path / "known") == known == read_run(tmp_path / "known")[0]


def test_outputs_and_answers_of_an_evaluation_come_back(run: Path) -> None:
    output = np.array([0.25, -1.5], np.float32)
    kept = replace(DONE, output=output, rank=1, second=Answer(4, None, -0.5))
    with Journal(run) as journal:
        journal.record(kept)
        row = journal.rows[1]
    assert row.output is not None and row.output.dtype == np.float32
    assert row.output.tolist() == output.tolist()
    assert replace(row, output=None) == replace(kept, output=None)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from mcuzoo.run.journal import Journal
from mcuzoo.run.journal import LOCK_NAME
from mcuzoo.run.record import Row, Status
with Journal(Path(sys.argv[1]), sys.argv[3]) as journal:
    for index in range(int(sys.argv[2])):
        output = np.full(1001, index % 100, np.int8)
        journal.record(Row(index, f"{index}.jpg", None, None, Status.DONE, output, 0))
        print(index, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("sync", ["FULL", "OFF"])
def test_kill_leaves_every_recorded_image(tmp_path: Path, sync: str) -> None:
    items = tuple(
        Item(index, f"{index}.jpg", FilePicture(Path("x")), None, None) for index in range(5000)
    )
    create_journal(tmp_path, META, items)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), "5000", sync],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) == 40:
            break
    os.kill(writer.pid, signal.SIGKILL)
    said = [40, *(int(line) for line in writer.stdout.read().split())]
    writer.wait()
    rows = read_run(tmp_path)[1]
    done = [row.index for row in rows if row.status is Status.DONE]
    assert done == list(range(len(done)))
    assert said[-1] + 1 <= len(done) <= said[-1] + 2
    with Journal(tmp_path) as journal:  # the dead writer's lock is gone
        journal.record(replace(rows[len(done)], status=Status.DONE))
