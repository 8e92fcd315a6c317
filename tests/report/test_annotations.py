"""Annotations on GitHub, as its runner reads them; GitLab's reports."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.page_runs import PageRun, broken_firmware, hostile, signs_run

from mcuzoo.quoting import workflow_command
from mcuzoo.report.annotations import MOST, annotation_lines
from mcuzoo.report.gitlab import codequality_text, metrics_text
from mcuzoo.report.outcome import Outcome
from mcuzoo.report.run_outcome import run_outcome


def outcome(run: PageRun) -> Outcome:
    return run_outcome(run.summary, Path("runs/x"))


def read(line: str) -> tuple[str, dict[str, str], str]:
    """What GitHub's runner reads in a line: command, properties, data (ActionCommand.cs)."""
    found = re.fullmatch(r"::([a-z]+) ([^:]*)::(.*)", line)
    assert found is not None, line

    def back(text: str, escapes: str) -> str:
        for char in escapes:
            text = text.replace(f"%{ord(char):02X}", char)
        return text.replace("%25", "%")

    properties = dict(pair.split("=", 1) for pair in found[2].split(","))
    return (
        found[1],
        {name: back(value, "\r\n:,") for name, value in properties.items()},
        back(found[3], "\r\n"),
    )


def test_what_is_written_is_read_back() -> None:
    line = workflow_command("error", "50 % off: a, b\nnext::line", "title: of, it %0A", "a,b:c.py")
    assert "\n" not in line
    kind, properties, data = read(line)
    assert (kind, data) == ("error", "50 % off: a, b\nnext::line")
    assert properties == {"file": "a,b:c.py", "title": "title: of, it %0A"}
    assert "\x1b" not in workflow_command("error", "\x1b[2J", "x")


def test_each_broken_claim_is_an_error() -> None:
    found = [read(line) for line in annotation_lines((outcome(broken_firmware()),))]
    errors = [(properties["title"], data) for kind, properties, data in found if kind == "error"]
    assert [title.split(",")[0] for title, _ in errors] == [
        "firmware: firmware",
        "firmware: bit-exactness",
    ]
    assert "off by up to 3 steps" in errors[1][1] and "\n" in errors[1][1]


def test_a_pass_is_one_notice_and_warnings_are_few() -> None:
    (line,) = annotation_lines((outcome(signs_run(4)),))
    assert line.startswith("::notice title=signs on rt1050::pass; ")
    many = replace(outcome(signs_run(4)), warnings=("look",) * 99)
    assert sum(line.startswith("::warning") for line in annotation_lines((many,))) == MOST


def test_a_file_of_the_repository_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = tmp_path / "repo" / "p" / "mcuzoo.json", tmp_path / "mcuzoo.json"
    inside.parent.mkdir(parents=True)
    inside.touch()
    outside.touch()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "repo"))
    for file, named in (
        (inside, True),
        (outside, False),
        (tmp_path / "gone", False),
        (None, False),
    ):
        (line,) = annotation_lines((replace(outcome(signs_run(4)), file=file),))
        assert ("file=p/mcuzoo.json" in line) is named


def test_texts_from_outside_stay_texts() -> None:
    for line in annotation_lines((outcome(hostile()),)):
        kind, properties, _ = read(line)
        assert kind in ("error", "warning") and "\n" not in line and properties["title"]
    metrics = metrics_text((outcome(hostile()),))
    samples = [line for line in metrics.splitlines() if not line.startswith("#")]
    assert samples and all(
        re.fullmatch(r'\w+\{\w+="[^"\s]*",\w+="[^"\s]*"\} [0-9.]+', s) for s in samples
    )
    assert json.loads(codequality_text((outcome(hostile()),)))


@pytest.mark.parametrize("words", [("run-serial", "--resume", "gone"), ("fit", "gone.tflite")])
def test_an_error_is_an_annotation_on_github(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = () if words[0] == "run-serial" else ("--board", "rt1050")
    assert "::error" not in invoke((*words, *board)).stderr
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = invoke((*words, *board))
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("::")]
    kind, properties, data = read(line)
    assert kind == "error" and "exit code 2" in properties["title"] and "gone" in data
    assert "::" not in done.stdout


def test_findings_of_code_quality_are_gitlabs() -> None:
    """https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format"""
    assert json.loads(codequality_text((outcome(signs_run(4)),))) == []
    first, second = json.loads(codequality_text((outcome(broken_firmware()),)))
    for one in (first, second):
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert one["description"] and one["check_name"] and one["location"]["lines"]["begin"] == 1
        assert not one["location"]["path"].startswith(("/", "./"))
    assert first["fingerprint"] != second["fingerprint"]
    again = json.loads(codequality_text((outcome(broken_firmware()),)))
    assert [one["fingerprint"] for one in again] == [first["fingerprint"], second["fingerprint"]]


def test_metrics_are_lines_of_name_labels_and_number() -> None:
    lines = metrics_text((outcome(signs_run(16)),)).splitlines()
    assert lines[-1] == "# EOF"
    samples = [line for line in lines if not line.startswith("#")]
    values = {}
    for line in samples:
        found = re.fullmatch(r'(mcuzoo_\w+)\{model="signs",board="rt1050"\} ([0-9.]+)', line)
        assert found is not None, line
        assert f"# TYPE {found[1]} gauge" in lines
        values[found[1]] = float(found[2])
    assert values["mcuzoo_top1"] == 0.75 and values["mcuzoo_mismatches"] == 0
    assert values["mcuzoo_latency_max_ms"] == pytest.approx(7_006_000 / 600e6 * 1000)
    assert "mcuzoo_flash_bytes" not in values  # not known of this run: no figure, not a 0
