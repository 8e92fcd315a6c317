"""What a CI system gets of a run: JUnit's XML, read by a reader of others, and Markdown."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.page_runs import (
    EVIL,
    PageRun,
    broken_firmware,
    broken_rig,
    emulated,
    hostile,
    several_boards,
    signs_run,
    unlabelled,
)
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from mcuzoo.errors import (
    BoardSilentError,
    FitError,
    InputError,
    UsageError,
    WrongFirmwareError,
)
from mcuzoo.report import ci, junit
from mcuzoo.report.ci import STEP_SUMMARY, write_outcomes, write_stopped
from mcuzoo.report.claims import claims_of
from mcuzoo.report.options import CiFiles
from mcuzoo.report.run_outcome import run_outcome
from mcuzoo.run.record import BuildFacts
from mcuzoo.run.summary import RunSummary


def too_weak() -> PageRun:
    return signs_run(
        meta=lambda meta: replace(meta, settings=replace(meta.settings, min_top1=0.99))
    )


KINDS: dict[str, tuple[Callable[[], PageRun], set[str]]] = {
    "passed": (signs_run, set()),
    "model": (too_weak, {"accuracy"}),
    "firmware": (broken_firmware, {"bit-exactness", "firmware"}),
    "rig": (broken_rig, {"answers"}),
    "boards": (several_boards, {"bit-exactness", "boards"}),
    "unlabelled": (unlabelled, set()),
    "emulated": (emulated, set()),
}


def junit_text(summary: RunSummary) -> str:
    return junit.junit_text((run_outcome(summary, Path("runs/x")),))


def markdown_text(summary: RunSummary, folder: Path) -> str:
    return ci.markdown_text((run_outcome(summary, folder),))


def cases(text: str) -> dict[str, TestCase]:
    (suite,) = JUnitXml.fromstring(text.encode())
    return {case.name: case for case in suite}


def kinds(case: TestCase) -> list[type]:
    return [type(result) for result in case.result]


@pytest.mark.parametrize("kind", KINDS)
def test_a_claim_fails_exactly_if_the_verdict_does(kind: str) -> None:
    make, failing = KINDS[kind]
    summary = make().summary
    found = claims_of(summary)
    assert {claim.name for claim in found if claim.holds is False} == failing
    assert bool(failing) is not summary.verdict.passed
    broke = {claim.part for claim in found if claim.holds is False}
    assert summary.verdict.broke is None or summary.verdict.broke in broke


@pytest.mark.parametrize("kind", KINDS)
def test_junit_is_read_by_another_reader(kind: str) -> None:
    make, failing = KINDS[kind]
    summary = make().summary
    read = cases(junit_text(summary))
    assert {name for name, case in read.items() if Failure in kinds(case)} == failing
    assert Skipped in kinds(read["latency"]) and {"handshake", "link", "labels"} <= read.keys()
    for name in failing:
        (failure,) = read[name].result
        assert failure.type in ("model", "firmware", "rig")
        assert failure.message.startswith(f"{failure.type}: ")
    whole = JUnitXml.fromstring(junit_text(summary).encode())
    assert (whole.tests, whole.failures, whole.errors) == (len(read), len(failing), 0)


def test_a_run_shows_that_the_flash_holds_the_build() -> None:
    summary = signs_run(4).summary
    build = BuildFacts(code_bytes=1, flash_bytes=2, compiler="gcc 12", optimization="-O2")
    meta = replace(summary.meta, build=build)
    found = {claim.name: claim for claim in claims_of(replace(summary, meta=meta))}
    assert found["flash"].holds and meta.board.build_id[:8] in found["flash"].text
    strange = replace(meta, build=BuildFacts())
    found = {claim.name: claim for claim in claims_of(replace(summary, meta=strange))}
    assert found["flash"].holds is None


def test_a_failure_names_the_images() -> None:
    (failure,) = cases(junit_text(broken_firmware().summary))["bit-exactness"].result
    assert "off by up to 3 steps" in failure.text and "op 3-4 CONV_2D" in failure.text


def test_texts_from_outside_stay_texts() -> None:
    summary = hostile().summary
    evil = replace(summary, meta=replace(summary.meta, model=f"{EVIL}\0\x1b\udc80"))
    (suite,) = JUnitXml.fromstring(junit_text(evil).encode())
    assert EVIL in suite.name and "\0" not in suite.name
    text = markdown_text(evil, Path("runs/x"))
    assert not re.search(r"(?<!\\)<", text) and "| accuracy |" in text


def test_markdown_has_the_verdict_and_each_claim() -> None:
    summary = broken_rig().summary
    text = markdown_text(summary, Path("runs/x"))
    assert text.startswith("### ❌ the rig broke: signs on rt1050")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == len(claims_of(summary)) + 1
    assert "mcuzoo report runs/x --html run.html" in text


def test_a_file_is_replaced_and_githubs_is_added_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run_outcome(signs_run(4).summary, tmp_path)
    own, theirs = tmp_path / "own.md", tmp_path / "theirs.md"
    monkeypatch.setenv(STEP_SUMMARY, str(theirs))
    for file in (own, theirs):
        file.write_text("before\n")
        write_outcomes((outcome,), CiFiles(summary=file))
    assert "before" not in own.read_text(encoding="utf-8")
    assert theirs.read_text(encoding="utf-8").startswith("before\n### ✅ pass")
    with pytest.raises(InputError, match="cannot be written"):
        write_outcomes((outcome,), CiFiles(junit=tmp_path / "gone" / "x.xml"))


@pytest.mark.parametrize("folder", [None, Path("nothing-here")])
def test_without_a_run_there_is_one_error(folder: Path | None, tmp_path: Path) -> None:
    xml, brief = tmp_path / "x.xml", tmp_path / "x.md"
    figures, quality = tmp_path / "x.txt", tmp_path / "x.json"
    files = CiFiles(junit=xml, summary=brief, metrics=figures, codequality=quality)
    write_stopped(BoardSilentError("No answer.", "Look."), files, run=folder)
    (result,) = cases(xml.read_text(encoding="utf-8"))["handshake"].result
    assert isinstance(result, Error) and result.message == "rig: No answer."
    assert "No answer." in brief.read_text(encoding="utf-8")
    assert figures.read_text(encoding="utf-8") == "# EOF\n"
    (finding,) = json.loads(quality.read_text(encoding="utf-8"))
    assert finding["description"] == "BoardSilentError: No answer."
    assert finding["check_name"] == "mcuzoo-handshake" and len(finding["fingerprint"]) == 64
    write_stopped(WrongFirmwareError("Another build.", "Flash it."), CiFiles(junit=xml), run=folder)
    (result,) = cases(xml.read_text(encoding="utf-8"))["flash"].result
    assert isinstance(result, Error) and result.message == "firmware: Another build."
    write_stopped(UsageError("<&", "x"), CiFiles(junit=xml), run=folder)
    tree = ElementTree.fromstring(xml.read_text(encoding="utf-8"))
    assert tree.get("errors") == "1"


def test_a_model_that_stopped_a_run_is_the_models_fault(tmp_path: Path) -> None:
    xml = tmp_path / "x.xml"
    write_stopped(FitError("No room.", "Look."), CiFiles(junit=xml))
    (result,) = cases(xml.read_text(encoding="utf-8"))["handshake"].result
    assert isinstance(result, Error) and result.message == "model: No room."
