"""JUnit and the other files of the commands that are no run: fit, build, evaluate, profile, try,
flash; read by a reader of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.schemas import complaints
from helpers.tflite_builder import pool_model
from junitparser import Error, Failure, JUnitXml, Skipped

from mcuzoo.errors import FlashError, WrongFirmwareError
from mcuzoo.flash.flash import Flashed
from mcuzoo.flash.rig import BoardFlashed
from mcuzoo.report.flash import rig_document
from mcuzoo.report.junit import junit_text
from mcuzoo.report.outcome import Outcome
from mcuzoo.report.outcomes import flash_outcome, rig_outcomes
from mcuzoo.report.schemas import labelled
from mcuzoo.rig.boards import RigBoard


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*words: object) -> tuple[int, dict[str, object]]:
    """The exit code, and each case of the first suite with the kind of its result; None: passed."""
    Path("x.xml").unlink(missing_ok=True)
    said = invoke((*words, "--junit", "x.xml"))
    assert Path("x.xml").is_file(), said.output
    return said.exit_code, cases(Path("x.xml").read_bytes())


def cases(xml: bytes) -> dict[str, object]:
    suite = next(iter(JUnitXml.fromstring(xml)))
    return {case.name: next((type(one) for one in case.result), None) for case in suite}


@pytest.mark.slow
def test_fit(here: Path) -> None:
    fit = ("fit", "signs", "--board", "rt1050", "--runtime", "aot")
    assert ran(*fit) == (0, {"fit": None})
    within = ("--max-arena-bytes", 99_999, "--max-flash-bytes", 999_999)
    assert ran(*fit, *within) == (0, {"fit": None, "arena": None, "flash-size": None})
    beyond = ("--max-arena-bytes", 10, "--max-flash-bytes", 10)
    assert ran(*fit, *beyond) == (1, {"fit": None, "arena": Failure, "flash-size": Failure})
    huge = here / "huge.tflite"
    huge.write_bytes(pool_model("MAX_POOL_2D", (1, 4096, 4096, 3)))
    assert ran("fit", huge, *fit[2:], "--max-arena-bytes", 10) == (
        1,
        {"fit": Failure, "arena": Failure},
    )
    assert ran("fit", "signs", "--board", "rt9") == (2, {"fit": Error})


def test_fit_of_a_universal_firmware(here: Path) -> None:
    fit = ("fit", "--universal", "--board", "rt1170")
    assert ran(*fit, "signs", "--max-arena-bytes", 10) == (1, {"fit": None, "arena": Failure})
    assert ran(*fit, "--max-flash-bytes", 10) == (1, {"fit": None, "flash-size": Failure})


@pytest.mark.parametrize("value", ["nan", "-1"])
@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "signs", "--data", "signs", "--min-top1"),
        ("profile", "gone", "--max-latency-ms"),
    ],
)
def test_what_is_no_budget(words: Sequence[str], value: str, here: Path) -> None:
    said = invoke((*words, value))
    assert said.exit_code == 2 and f"{words[-1]}: {float(value):g}" in said.stderr.replace(".0", "")


@pytest.mark.slow
def test_evaluate(here: Path) -> None:
    evaluate = ("evaluate", "signs", "--data", "signs", "--limit", 32, "--jobs", 1, "--no-remember")
    assert ran(*evaluate) == (0, {"accuracy": Skipped})
    assert ran(*evaluate, "--min-top1", 0.1) == (0, {"accuracy": None})
    assert ran(*evaluate, "--min-top1", 1) == (1, {"accuracy": Failure})
    asked = ("--max-mismatches", 0)
    unknown = {"bit-exactness": Skipped, "accuracy": Skipped}
    assert ran(*evaluate, *asked) == (0, unknown)
    assert ran(*evaluate, *asked, "--strict-budgets")[0] == 1


@pytest.mark.full
def test_build_and_profile(here: Path) -> None:
    export = ("export", "signs", "--board", "rt1170", "--runtime", "aot", "--project", "cmake")
    assert invoke((*export, "-o", "p")).exit_code == 0
    assert ran("profile", "p") == (2, {"profile": Error})  # it is not built
    assert ran("build", "p") == (0, {"build": None})
    asked = ("--max-latency-ms", 1, "--max-instructions", 10)
    code, found = ran("profile", "p", *asked)
    assert (code, found) == (1, {"layers": None, "latency": Skipped, "instructions": Failure})
    assert ran("profile", "p", "--max-latency-ms", 1, "--strict-budgets")[0] == 1
    assert ran("profile", "p", "--max-instructions", 99_999_999)[0] == 0
    source = next(Path("p").rglob("*.c"))
    source.write_text("#error no\n")
    assert ran("build", "p") == (5, {"build": Error})


DONE = Flashed(
    project="hello", board="rt1170", build_id="ab" * 16, via="pyocd", why="the only one",
    probe=None, start=0x3000_0000, size=1000, sha256="cd" * 32, erased=(0x3000_0000, 0x3004_0000),
    checked="its boot header is sound", steps=(), compared="read back and compared", done=True,
)  # fmt: skip


def results(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    suites = JUnitXml.fromstring(junit_text(outcomes).encode())
    return [
        {case.name: next((type(one) for one in case.result), None) for case in suite}
        for suite in suites
    ]


def test_flash() -> None:
    whole = {"boot-header": None, "flash": None, "handshake": Skipped}
    assert results([flash_outcome(DONE)]) == [whole]
    assert results([flash_outcome(replace(DONE, compared=""))]) == [{**whole, "flash": Skipped}]
    dry = flash_outcome(replace(DONE, done=False, compared=""))
    assert results([dry]) == [{"boot-header": None, "flash": Skipped}]


def test_a_rig_has_a_suite_per_board() -> None:
    board = RigBoard("b1", "rt1170", "/dev/ttyACM0")
    flashed = [
        BoardFlashed(board, DONE, None),
        BoardFlashed(replace(board, name="b2"), None, FlashError("Half of it.", "Look.")),
        BoardFlashed(replace(board, name="b3"), None, WrongFirmwareError("Other.", "Look.")),
    ]
    assert not complaints(labelled("flash-rig", rig_document(flashed)))
    found = rig_outcomes(flashed)
    assert [outcome.passed for outcome in found] == [True, False, False]
    assert [outcome.failed[0].part.value for outcome in found[1:]] == ["rig", "firmware"]
    assert results(found)[1] == {"flash": Failure}
    assert len({outcome.group for outcome in found}) == 3
