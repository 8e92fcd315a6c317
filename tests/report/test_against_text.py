"""Runs against runs and over time, in a terminal and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.commands import Said, finished, invoke, mcuzoo
from helpers.histories import broken, night, nights, write_nights, write_run
from helpers.page_runs import BOARD, emulated, signs_run

from mcuzoo.run.record import Row


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """before, worse, more (with other images), old, emulated; nights/ has twenty."""
    folder = tmp_path_factory.mktemp("runs")
    other = replace(BOARD, build_id="99" * 16)
    write_run(folder / "before", night(0))
    write_run(folder / "worse", night(1, broken, lambda meta: replace(meta, board=other)))
    write_run(
        folder / "more",
        night(2, meta=lambda meta: replace(meta, data_set_digest="1" * 64), images=40),
    )
    write_run(folder / "old", signs_run(32))
    write_run(folder / "emulated", emulated())
    write_nights(folder / "nights", nights())
    return folder


def said(*words: object) -> Said:
    done = invoke(words)
    assert done.exit_code == 0, done.stderr
    return done


def lines(text: str) -> dict[str, str]:
    """What stands behind each name; of the same names the last."""
    found = re.findall(r"^(\S+(?: \S+)*) {2,}(.*)$", text, re.MULTILINE)
    return dict(found)


def test_report_against(runs: Path) -> None:
    text = said("report", runs / "worse", "--against", runs / "before").stdout
    assert text.index("verdict") < text.index("\nagainst ")
    found = lines(text)
    assert found["paired"] == "32 of 32 images, by the SHA-256 of the picture"
    assert found["newly wrong"] == "16" and found["newly right"] == "0"
    assert found["accuracy"].startswith("it fell (p = ") and "of 32 images" in found["accuracy"]
    assert found["firmware build"] == "build: abababababab -> 999999999999"
    assert found["result"] == "WORSE. What changed: the firmware."
    assert "0000_stop: 0 stop -> 1 yield, is 0 stop" in text and "... and 11 more" in text


def test_report_against_itself(runs: Path) -> None:
    found = lines(said("report", runs / "before", "--against", runs / "before").stdout)
    assert found["outputs"] == "all 32 byte-equal"
    assert found["result"].startswith("no worse. Nothing that the runs record has changed")
    assert found["latency"].endswith("(as before)")


def test_names_control_no_terminal(tmp_path: Path) -> None:
    def renamed(row: Row) -> Row:
        return replace(row, file=f"{row.file}\x1b]0;b\x07\nresult  better")

    write_run(tmp_path / "before", night(0, renamed))
    write_run(tmp_path / "worse", night(1, lambda row: renamed(broken(row))))
    for words in (("report", tmp_path / "worse", "--against", tmp_path / "before"),
                  ("bisect", tmp_path / "before", tmp_path / "worse")):  # fmt: skip
        text = invoke(words).stdout
        assert "]0;b?" in text
        assert all(line.isprintable() for line in text.splitlines())
        assert not [line for line in text.splitlines() if line.startswith("result  better")]


def test_report_against_a_run_with_other_images(runs: Path) -> None:
    text = said("report", runs / "more", "--against", runs / "before").stdout
    assert "only in this run: 8, its picture is not in the other run (the first: 0032_stop)" in text
    assert "The runs have other images, and those of both are the same." in text


def test_report_against_says_what_is_not_known(runs: Path) -> None:
    text = said("report", runs / "before", "--against", runs / "old").stdout
    assert "not known in the baseline" in lines(text)["code"]
    assert "compiler (optimization)" in lines(text)["not known"]


def test_report_against_mixes_no_units(runs: Path) -> None:
    text = said("report", runs / "emulated", "--against", runs / "before").stdout
    assert "no difference, cycles and instructions are not compared" in lines(text)["latency"]


def test_report_against_as_json(runs: Path) -> None:
    words = ("report", runs / "worse", "--against", runs / "before", "--json")
    found = json.loads(said(*words).stdout)["against"]
    assert found["paired"] == found["judged"] == 32
    assert found["test"]["right_only_in_baseline"] == len(found["newly_wrong"]) == 16
    assert found["test"]["p_value"] == pytest.approx(2 / 2**16)
    first = found["newly_wrong"][0]
    assert (first["file"], first["baseline_answer"], first["answer"]) == (
        "0000_stop", {"class": 0, "name": "stop"}, {"class": 1, "name": "yield"},
    )  # fmt: skip
    assert found["changed_parts"] == ["firmware"] and len(found["regressions"]) == 3
    assert found["outputs"]["largest_step"] == max(
        one["steps"] for one in found["outputs"]["changed"]
    )
    assert {"aspect": "firmware build", "what": "build", "baseline": "ab" * 16, "run": "99" * 16,
            "differs": True} in found["compared"]  # fmt: skip
    assert "against" not in json.loads(said("report", runs / "worse", "--json").stdout)


def test_a_baseline_that_is_none(runs: Path, tmp_path: Path) -> None:
    done = invoke(("report", runs / "worse", "--against", tmp_path))
    assert done.exit_code == 2 and "holds no run" in done.stderr


def test_history(runs: Path) -> None:
    text = said("history", runs / "nights").stdout
    assert text.splitlines()[0] == "signs on rt1050"
    assert max(map(len, text.splitlines()[:-1])) <= 80
    assert re.search(r"2026-11-19 02:10  0\.2500  0\.133-0\.421  10\.667  FAIL: firmware", text)
    last = text.splitlines()[-1]
    assert last.startswith("signs on rt1050: FAIL: firmware, since 2026-11-19 02:10 (")
    assert last.endswith("night-017); changed then: firmware build")


@pytest.mark.slow
def test_history_as_json_and_page(runs: Path, tmp_path: Path) -> None:
    page = tmp_path / "history.html"
    done = said("history", runs / "nights", runs / "emulated", "--html", page, "--json")
    found = json.loads(done.stdout)
    assert found["schema"] == "history-1" and found["runs"] == 21 and not found["unusable"]
    silicon = found["series"][0]
    assert silicon["broken_since"]["run"].endswith("night-017")
    assert silicon["broken_since"]["last_good"].endswith("night-016")
    last = silicon["runs"][-1]
    assert last["code_bytes"] == 28_192 and last["verdict"] == {
        "passed": False, "broke": "firmware",
    }  # fmt: skip
    assert last["top1"]["low95"] < last["top1"]["value"] < last["top1"]["high95"]
    assert "mcuzoo bisect" in page.read_text(encoding="utf-8")
    to_stdout = finished(mcuzoo("history", runs / "nights", "--html", "-"))
    assert to_stdout.stdout.startswith("<!doctype html>") and "FAIL" in to_stdout.stderr


def test_history_of_nothing(tmp_path: Path) -> None:
    done = invoke(("history", tmp_path))
    assert done.exit_code == 2 and "has no run" in done.stderr
    assert invoke(("history",)).exit_code == 2


def test_bisect_from_the_journals(runs: Path) -> None:
    text = said("bisect", runs / "before", runs / "worse").stdout
    assert re.search(r"^firmware build DIFFERS\n  build  A  abab\w+\n         B  9999", text, re.M)
    assert re.search(r"^model +the same$", text, re.M)
    assert "layer    not known: There is no project folder '/p/signs'." in text
    assert text.splitlines()[-1] == "result   The first difference is the firmware build."


def test_bisect_of_the_same(runs: Path) -> None:
    text = said("bisect", runs / "before", runs / "before").stdout
    assert "DIFFERS" not in text and "layer" not in text
    assert text.splitlines()[-1].startswith("result   The runs are the same in all that both")
    found = json.loads(said("bisect", runs / "before", runs / "before", "--json").stdout)
    assert found["identical"] and found["first"] is found["layer"] is None


def test_bisect_says_what_is_unknown(runs: Path) -> None:
    text = said("bisect", runs / "old", runs / "before").stdout
    assert "optimization  not known: A does not record it (B: -O2)" in text
    found = json.loads(said("bisect", runs / "old", runs / "before", "--json").stdout)
    unknown = [one["what"] for one in found["compared"] if one["differs"] is None]
    assert unknown == ["input", "its version", "optimization"]


def test_bisect_of_an_unexplained_difference(runs: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "odd", night(0, broken))
    text = said("bisect", runs / "before", tmp_path / "odd").stdout
    assert "Outputs differ, and nothing that the runs record does: the board itself" in text


def test_runs_without_a_common_image(runs: Path, tmp_path: Path) -> None:
    """Nothing is said of what both have, or did not change."""

    def other(row: Row) -> Row:
        return replace(row, sha256=f"{row.index:064x}")

    write_run(tmp_path, night(1, other, lambda meta: replace(meta, data_set_digest="2" * 64)))
    text = said("bisect", runs / "before", tmp_path).stdout
    assert "images   0 in both runs" in text and "both runs have are the same" not in text
    assert text.splitlines()[-1] == "result   The first difference is the data."
    text = said("report", tmp_path, "--against", runs / "before").stdout
    assert lines(text)["result"] == "no worse. What changed: the data."
    text = said("bisect", runs / "before", runs / "more").stdout
    assert "The images that both runs have are the same ones, with the same labels." in text


def test_bisect_with_a_project_that_is_none(runs: Path, tmp_path: Path) -> None:
    done = invoke(("bisect", runs / "before", runs / "worse", "--project-a", tmp_path))
    assert done.exit_code == 2 and "is no project" in done.stderr
