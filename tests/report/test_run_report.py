"""A run as text, JSON, CSV and .npy."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from helpers.fake_board import HELLO

from mcuzoo.errors import InputError, UsageError
from mcuzoo.link.state import LinkState
from mcuzoo.link.use import LineUse
from mcuzoo.project.recipe import Recipe
from mcuzoo.report.run import (
    CSV_COLUMNS,
    csv_text,
    outputs_array,
    run_document,
    summary_text,
    write_csv,
    write_outputs,
)
from mcuzoo.run.connected_board import board_facts
from mcuzoo.run.record import Row, RunMeta, Settings, Status
from mcuzoo.run.summary import summarize

META = RunMeta(
    "1", "2025", "toy", 6, ("a", "b", "c", "d", "e", "f"), 1 / 256, -128, Recipe(crop=0.875), "d",
    board_facts(HELLO), Settings("/p", "/dev/x", 1, "/d", None, None, True, False),
)  # fmt: skip
DONE = Row(
    3, "x, y.jpg", 0, "aa", Status.DONE, np.array([9, 1, 1, 1, 1, -128], np.int8), 0, 137 / 256,
    6_000_000, 0x0A0B0C0D, 1, 0, 0.25, None,
)  # fmt: skip
BAD = Row(5, "b.jpg", 1, None, Status.BAD_IMAGE, seconds=0.1, error="no image")
ROWS = (DONE, replace(DONE, index=4, file="c.jpg", label=None, cycles=None), BAD)


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(META, ROWS))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert {"file", "label", "top1", "score", "cycles", "input_crc32"} <= set(CSV_COLUMNS)
    first = rows[0]
    assert (first["file"], first["label"], first["top1"]) == ("x, y.jpg", "0", "0")
    assert float(first["score"]) == 137 / 256
    assert int(first["input_crc32"], 16) == 0x0A0B0C0D
    assert (first["cycles"], first["label_name"], first["status"]) == ("6000000", "a", "done")
    assert rows[1]["cycles"] == rows[1]["label"] == rows[1]["label_name"] == ""
    assert (rows[2]["score"], rows[2]["top1"], rows[2]["error"]) == ("", "", "no image")


def test_outputs(tmp_path: Path) -> None:
    file = tmp_path / "outputs.npy"
    write_outputs(file, ROWS[:2], partial=False)
    stored = np.load(file, allow_pickle=False)
    assert stored.dtype == np.int8 and stored.shape == (2, 6)
    np.testing.assert_array_equal(stored[0], DONE.output)


def test_missing_outputs_are_an_error_unless_partial(tmp_path: Path) -> None:
    file = tmp_path / "outputs.npy"
    with pytest.raises(InputError, match=r"1 of 3 images have no output, the first is b\.jpg"):
        write_outputs(file, ROWS, partial=False)
    assert not file.exists()
    write_outputs(file, ROWS, partial=True)
    assert np.load(file).shape == (2, 6)
    with pytest.raises(InputError, match="No image of this run"):
        outputs_array([BAD])


def test_files_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "run.csv"
    file.write_text("before")
    write_csv(file, META, ROWS)
    assert file.read_text() == csv_text(META, ROWS)
    assert [path.name for path in tmp_path.iterdir()] == ["run.csv"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_csv(tmp_path / "gone" / "run.csv", META, ROWS)
    with pytest.raises(UsageError, match="is a folder"):
        write_csv(tmp_path / "folder", META, ROWS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "run.csv"]


def test_document_is_json_and_whole() -> None:
    document = json.loads(json.dumps(run_document(Path("runs/1"), summarize(META, ROWS))))
    assert document["run"] == "runs/1"
    assert document["images"] == {
        "total": 3, "done": 2, "bad_image": 1, "lost": 0, "fault": 0, "pending": 0,
    }  # fmt: skip
    assert document["accuracy"]["top1"]["correct"] == document["accuracy"]["top1"]["total"] == 1
    assert 0 < document["accuracy"]["top1"]["low95"] < document["top1"] == 1.0
    assert document["reference"] == {"compared": 2, "equal": 2, "largest_difference": 0}
    assert document["latency"]["unit"] == "cycles" and document["latency"]["counted"] == 1
    assert document["latency"]["median_ms"] == pytest.approx(10.0)
    assert document["classes"][0]["name"] == "a"
    assert document["failed"][0]["file"] == "b.jpg"
    assert document["verdict"]["passed"] is True and document["verdict"]["exit_code"] == 0
    assert document["board"]["build_id"] == HELLO.build_id


def test_text_of_a_good_run() -> None:
    text = summary_text(summarize(META, ROWS[:1]))
    lines = dict(line.split("  ", 1) for line in text.splitlines())
    assert text.splitlines()[-1].split() == ["verdict", "pass"]
    assert "10.00 ms at 600 MHz" in text and "1 of 1 images counted" in text
    assert "1 of 1 outputs byte-equal" in text
    assert "1.0000 (1 of 1; 95 % interval 0.207 to 1.000)" in text
    assert "4.00 images/s" in text
    assert set(lines) >= {"model", "board", "images", "verdict"}


def test_text_says_what_was_not_measured() -> None:
    row = replace(DONE, label=None, cycles=None, reference_difference=None, seconds=None)
    text = summary_text(summarize(META, [row]))
    assert "no labels" in text and "not compared" in text
    assert text.count("not measured") == 2


def test_text_of_an_emulated_run_gives_no_milliseconds() -> None:
    meta = replace(META, board=replace(META.board, agent="emulator", count_unit="instructions"))
    text = summary_text(summarize(meta, ROWS[:1]))
    assert "6,000,000 instructions, which are not time" in text
    assert " ms " not in text and "rt1050, emulated" in text


def test_text_names_what_failed() -> None:
    bad = tuple(replace(BAD, index=n, file=f"{n}.jpg") for n in range(10, 17))
    unequal = replace(DONE, reference_difference=3)
    text = summary_text(summarize(META, (unequal, *bad)))
    assert "10.jpg: bad_image: no image" in text and "16.jpg" not in text
    assert "... and 2 more" in text
    assert "x, y.jpg: off by up to 3 steps" in text
    assert text.splitlines()[-1].endswith("FAIL: firmware")


LINE_USE: dict[str, object] = {
    "bytes_to_board": 0, "bytes_from_board": 0, "tensor_bytes_per_second": None,
    "share_of_line": None, "bauds": [], "why_no_other_baud": None, "why_not_ahead": None,
    "seconds": {"line": 0.0, "inference": 0.0, "host": 0.0, "images": 0.0}, "bound_by": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("use", "not_ahead", "bound"),
    [
        (LineUse(2, 50_000, 900, 49_000, 4.3, 4.4, 0.05, 0.0), "", "the line to the board"),
        (LineUse(2, 50_000, 900, 49_000, 0.2, 2.2, 2.0, 0.0), "", "inference"),
        (LineUse(2, 50_000, 900, 49_000, 0.2, 0.3, 0.02, 1.0), "", "the host"),
        (LineUse(2, 50_000, 900, 49_000, 0.2, 0.9, 0.02, 0.0), "older", "round trips"),
    ],
)  # fmt: skip
def test_a_run_ends_with_what_bounds_it(use: LineUse, not_ahead: str, bound: str) -> None:
    link = LinkState(rates_used=(115_200, 921_600), use=use, not_ahead=not_ahead)
    text = summary_text(summarize(replace(META, link=link), ROWS))
    assert "50,000 bytes to the board, 900 from it" in text
    assert f"{use.up_share:.1%}".replace("%", " %") + " of the line at 115,200 and 921,600" in text
    (line,) = [line for line in text.splitlines() if line.startswith("bound by")]
    assert bound in line
    assert ("waits for the result of the one before" in text) == bool(not_ahead)
    found = run_document(Path("r"), summarize(replace(META, link=link), ROWS))["line"]
    assert isinstance(found, dict) and found["share_of_line"] == use.up_share
    assert LinkState.of(asdict(link)) == link


def test_what_the_line_lost_is_a_line_of_text_and_a_part_of_the_document() -> None:
    link = LinkState(
        frames_sent=4000, frames_resent=23, bad_frames=5, board_bad_frames=7, board_lost_bytes=2,
        reconnects=1, chunk_bytes=512, smallest_chunk_bytes=128,
    )  # fmt: skip
    summary = summarize(replace(META, link=link), ROWS)
    told = summary_text(summary, columns=200).splitlines()
    (line,) = [line for line in told if line.startswith("line")]
    assert line.split("  ", 1)[1].strip() == (
        "23 of 4,000 frames sent again, 5 damaged from the board, 7 to it, 2 bytes lost in its "
        "receiver, 1 reconnect, chunks down to 128 bytes"
    )
    found = run_document(Path("r"), summary)["line"]
    assert isinstance(found, dict)
    assert {**found, **LINE_USE} == found
    assert {name: found[name] for name in found if name not in LINE_USE} == {
        "frames_sent": 4000, "frames_resent": 23, "bad_frames_at_host": 5,
        "bad_frames_at_board": 7, "bytes_lost_by_board": 2, "images_resent": summary.resent,
        "reconnects": 1, "chunk_bytes": 512, "smallest_chunk_bytes": 128,
    }  # fmt: skip


@pytest.mark.parametrize("link", [None, LinkState(frames_sent=900)])
def test_a_clean_line_is_not_talked_about(link: LinkState | None) -> None:
    summary = summarize(replace(META, link=link), ROWS)
    assert not [line for line in summary_text(summary).splitlines() if line.startswith("line")]
    assert (run_document(Path("r"), summary)["line"] is None) == (link is None)


def test_names_and_reasons_control_no_terminal() -> None:
    name = "a\x1b]0;b\x07\nverdict     pass.jpg"
    bad = replace(BAD, file=name, error=f"{name} cannot be decoded")
    unlike = replace(DONE, index=6, file=name, reference_difference=3)
    facts = replace(META.board, toolchain="gcc\x1b[2J")
    text = summary_text(summarize(replace(META, board=facts), (DONE, bad, unlike)))
    assert all(line.isprintable() for line in text.splitlines())
    assert [line for line in text.splitlines() if line.startswith("verdict")] == [
        "verdict     FAIL: firmware"
    ]
