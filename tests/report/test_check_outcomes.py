"""JUnit and the other files of compare, rig check, doctor-data and doctor-image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke
from helpers.pages import toy_comparison
from junitparser import Error, Failure, JUnitXml, Skipped
from PIL import Image

from mcuzoo.compare.comparison import compare_trials
from mcuzoo.compare.trial import Answers
from mcuzoo.doctor_data.diagnosis import Claim as Asked
from mcuzoo.doctor_data.findings import Finding, Part, Verdict
from mcuzoo.report.check_outcomes import check_outcomes, comparison_outcomes, finding_claim
from mcuzoo.report.junit import junit_text
from mcuzoo.rig.boards import RigBoard
from mcuzoo.rig.check import BoardCheck
from mcuzoo.run.verdict import Broke


def kinds(xml: bytes) -> dict[str, dict[str, object]]:
    """Of each suite each case with the kind of its result; None: passed."""
    return {
        suite.name: {
            case.name: next((type(one) for one in case.result), None) for case in suite
        }
        for suite in JUnitXml.fromstring(xml)
    }  # fmt: skip


def test_each_project_of_a_comparison_is_a_suite() -> None:
    first, second = comparison_outcomes(toy_comparison())
    assert (first.passed, second.passed) == (True, False)
    assert second.headline == "the firmware broke" and second.group == "mcuzoo.compare.second"
    (claim,) = second.claims
    assert claim.text == "1 of 2 outputs are byte-equal to those of host."
    assert "is the first whose output differs" in claim.details[0]
    assert {one.name: one.value for one in second.measures}["arena_bytes"] == 1000
    found = kinds(junit_text((first, second)).encode())
    assert [*found.values()] == [{"bit-exactness": None}, {"bit-exactness": Failure}]


@pytest.mark.parametrize(("max_flips", "holds"), [(None, None), (0, False), (1, True)])
def test_a_delegate_in_a_comparison_is_judged_by_its_flips(
    max_flips: int | None, holds: bool | None
) -> None:
    first, second = (column.trial for column in toy_comparison().columns)
    flipped = Answers(np.array([[1, 2, 3], [1, 2, 3]], np.int8), second.answers.crcs)
    delegate = replace(second, answers=flipped, delegate="vx")
    compared = compare_trials([first, delegate], [2, 0], [first.answers] * 2, max_flips)
    _, outcome = comparison_outcomes(compared)
    assert outcome.passed is holds
    (claim,) = outcome.claims
    assert (claim.name, claim.part, claim.holds) == ("flips", Broke.DELEGATE, holds)
    assert "second by vx: 1 of 2 answers are not the host's" in claim.text


def test_each_board_of_a_rig_is_a_suite() -> None:
    well = BoardCheck(RigBoard("a", "rt1050", "/dev/a"), 115200, pings=9, resent=1, power="works")
    ill = BoardCheck(
        RigBoard("b", "rt1060", "/dev/b"), 115200, findings=("It says nothing.", "More.")
    )
    good, bad = check_outcomes((well, ill), Path("rig.toml"))
    assert good.passed and [claim.name for claim in good.claims] == ["handshake", "link", "power"]
    assert bad.headline == "the rig broke" and bad.reasons == ("It says nothing.",)
    assert bad.claims[0].details == ill.findings and bad.file == Path("rig.toml")


@pytest.mark.parametrize(
    ("part", "verdict", "holds"),
    [
        (Part.COLOR, Verdict.CONTRADICTED, False),
        (Part.RESIZE, Verdict.CONTRADICTED, None),
        (Part.COLOR, Verdict.AGREES, True),
        (Part.COLOR, Verdict.SILENT, None),
    ],
)
def test_a_part_of_a_recipe_fails_where_the_command_does(
    part: Part, verdict: Verdict, holds: bool | None
) -> None:
    finding = Finding(part, verdict, "rgb" if part is Part.COLOR else "bilinear", ("bgr",))
    assert finding_claim(Asked(finding)).holds is holds
    assert finding.fails is (holds is False)


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 40), (200, 30, 30)).save("a.png")
    return "a.png"


def test_the_tensor_of_a_picture(picture: str) -> None:
    look = ("doctor-image", picture, "--model", "signs", "--junit", "x.xml")
    assert invoke((*look, "--save", "right.npy")).exit_code == 0
    assert [*kinds(Path("x.xml").read_bytes()).values()] == [{"tensor": Skipped}]
    assert invoke((*look, "--tensor", "right.npy", "--summary", "x.md")).exit_code == 0
    assert [*kinds(Path("x.xml").read_bytes()).values()] == [{"tensor": None}]
    assert Path("x.md").read_text(encoding="utf-8").startswith("### ✅ pass: a.png for signs")
    np.save("wrong.npy", np.load("right.npy")[..., ::-1])
    assert invoke((*look, "--tensor", "wrong.npy")).exit_code == 1
    assert [*kinds(Path("x.xml").read_bytes()).values()] == [{"tensor": Failure}]


@pytest.mark.parametrize(
    ("words", "case"),
    [
        (("compare", "gone", "other"), "compare"),
        (("rig", "check", "gone.toml"), "rig"),
        (("doctor-data", "signs", "--data", "gone"), "doctor-data"),
        (("doctor-image", "gone.png"), "doctor-image"),
    ],
)
def test_what_stopped_a_command_is_in_its_files(
    words: tuple[str, ...], case: str, picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    said = invoke((*words, "--junit", "x.xml", "--codequality", "q.json"))
    assert said.exit_code == 2, said.stderr
    assert [*kinds(Path("x.xml").read_bytes()).values()] == [{case: Error}]
    assert f"### ❌ no {case}" in Path("step.md").read_text(encoding="utf-8")
    assert f"mcuzoo-{case}" in Path("q.json").read_text(encoding="utf-8")


def test_a_scan_judges_nothing(picture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcuzoo.rig.find_board.list_serial_ports", list)
    monkeypatch.setattr("mcuzoo.rig.find_board.known_ports.__defaults__", (list,))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    assert invoke(("rig", "scan", "--junit", "x.xml")).exit_code == 2
    assert not Path("x.xml").exists()
