"""--junit and --summary of run-serial and report, also where a run does not come to its end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import invoke
from helpers.fake_board import MANIFEST, FakeBoard, write_images
from junitparser import Error, Failure, JUnitXml

from mcuzoo.errors import BoardSilentError
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState
from mcuzoo.project.manifest import write_manifest

PORT = "/dev/toy"


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeBoard:
    """A board of the project in the current folder, with six images."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "samples", 6)
    write_manifest(replace(MANIFEST, samples="samples/manifest.csv"), tmp_path)
    fake = FakeBoard()

    def opened(cls: type[Session], /, url: str, baud: int, *, state: LinkState, **_: Any) -> Any:
        return fake.open(state)

    monkeypatch.setattr(Session, "open", classmethod(opened))
    return fake


def run(*more: str) -> int:
    words = ("run-serial", "--port", PORT, "--no-reference", "-o", "run", "--junit", "run.xml")
    return invoke((*words, *more)).exit_code


def results() -> dict[str, list[type]]:
    (suite,) = JUnitXml.fromstring(Path("run.xml").read_bytes())
    return {case.name: [type(result) for result in case.result] for case in suite}


def test_a_run_leaves_both_files_and_report_the_same(board: FakeBoard) -> None:
    assert run("--summary", "run.md") == 0
    assert Failure not in {kind for found in results().values() for kind in found}
    first = Path("run.xml").read_bytes(), Path("run.md").read_bytes()
    done = invoke(("report", "run", "--junit", "run.xml", "--summary", "run.md"))
    assert done.exit_code == 0
    assert (Path("run.xml").read_bytes(), Path("run.md").read_bytes()) == first


def test_github_names_the_summary(board: FakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    assert run("--min-top1", "1.0") == 1
    assert "the model broke" in Path("step.md").read_text(encoding="utf-8")
    assert [name for name, found in results().items() if Failure in found] == ["accuracy"]
    Path("step.md").write_text("before\n", encoding="utf-8")
    for words in (("report", "run"), ("build", "gone"), ("flash", "gone")):
        invoke(words)
    headings = [
        line.partition(":")[0]
        for line in Path("step.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(("#", "before"))
    ]
    assert headings == ["before", "### ❌ the model broke", "### ❌ no build", "### ❌ no flash"]


def test_a_board_that_falls_silent_fails_the_answers(board: FakeBoard) -> None:
    board.failures = {n: BoardSilentError("No answer.", "Look.") for n in range(3, 99)}
    assert run() == 3
    assert [name for name, found in results().items() if Failure in found] == ["answers"]


def test_a_board_that_never_spoke_is_an_error(board: FakeBoard) -> None:
    board.refusals = {n: BoardSilentError("No answer.", "Look.") for n in range(1, 99)}
    assert run() == 3
    assert results() == {"handshake": [Error]}


def test_a_run_that_cannot_begin_is_an_error(board: FakeBoard) -> None:
    assert run("--images", "absent") == 2
    assert results() == {"handshake": [Error]}


def test_a_budget_fails_the_run_and_report_judges_again(board: FakeBoard) -> None:
    assert run("--max-arena-bytes", "1") == 1
    assert [name for name, found in results().items() if Failure in found] == ["arena"]
    report = ("report", "run", "--json")
    said = invoke(report)
    assert said.exit_code == 0 and json.loads(said.stdout)["verdict"]["exit_code"] == 1
    (budget,) = json.loads(said.stdout)["verdict"]["budgets"]
    assert (budget["name"], budget["bound"], budget["holds"]) == ("max_arena_bytes", 1, False)
    assert invoke((*report, "--max-arena-bytes", "999999999")).exit_code == 0
    assert invoke((*report, "--max-mismatches", "0")).exit_code == 1  # its own budgets still count
    again = ("--max-arena-bytes", "999999999", "--max-mismatches", "0")
    assert invoke((*report, *again)).exit_code == 0  # nothing was compared: it cannot be judged
    assert invoke((*report, *again, "--strict-budgets")).exit_code == 1


@pytest.mark.parametrize("value", ["nan", "-0.5", "1.5", "inf"])
@pytest.mark.parametrize("command", [("run-serial", "--port", PORT), ("report", "run")])
def test_what_is_no_budget_is_a_usage_error(
    command: tuple[str, ...], value: str, board: FakeBoard
) -> None:
    done = invoke((*command, "--min-top1", value))
    assert done.exit_code == 2 and "--min-top1" in done.stderr


def test_annotations_leave_stdout_alone(board: FakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    words = ("run-serial", "--port", PORT, "--no-reference", "-o", "run", "--json")
    done = invoke((*words, "--max-arena-bytes", "1"))
    assert done.exit_code == 1 and json.loads(done.stdout)["verdict"]["broke"] == "firmware"
    lines = [line for line in done.stderr.splitlines() if line.startswith("::")]
    (line,) = [line for line in lines if line.startswith("::error ")]
    assert "title=firmware%3A arena" in line and "max_arena_bytes 1 does not hold" in line


def test_every_file_at_once(board: FakeBoard) -> None:
    assert run("--metrics", "m.txt", "--codequality", "q.json", "--max-arena-bytes", "1") == 1
    assert "mcuzoo_arena_bytes{" in Path("m.txt").read_text(encoding="utf-8")
    (finding,) = json.loads(Path("q.json").read_text(encoding="utf-8"))
    assert finding["check_name"] == "mcuzoo-arena"
