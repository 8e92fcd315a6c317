"""`mcuzoo fit` on boards that run Linux."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.small_net import small_net

from mcuzoo.extras import VELA, missing_packages

needs_vela = pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")


@needs_vela
def test_the_document_names_version_options_and_operators(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    asked = ("fit", "signs", "--board", "imx93", "--json", "--max-cpu-ops", "0")
    result = invoke([*asked, "--summary", str(summary)])
    document = json.loads(result.stdout)
    assert result.exit_code == 0 and document["schema"] == "fit-linux-1" and document["fits"]
    assert document["vela"]["options"][:2] == ["--accelerator-config", "ethos-u65-256"]
    assert len(document["vela"]["operators"]) == 31
    assert document["budgets"][0]["holds"] is True
    assert "31 operators on the NPU" in summary.read_text()


@pytest.mark.parametrize(
    "given",
    [
        ("signs", "--board", "imx93", "--runtime", "aot"),
        ("signs", "--board", "imx93", "--measure"),
        ("--universal", "--board", "imx93"),
        ("signs", "--board", "imx8mp", "--html", "page.html"),
        ("signs", "--board", "rt1170", "--vela-optimise", "size"),
        ("signs", "signs", "--board", "rt1170"),
        ("--board", "imx93"),
    ],
)
def test_options_of_the_other_kind_of_board_are_refused(given: tuple[str, ...]) -> None:
    result = invoke(["fit", *given])
    assert result.exit_code == 2 and not result.stdout
    told = ("boards with", "no model was named", "2 models, and rt1170 takes one")
    assert any(words in result.stderr for words in told)


def test_several_models_have_a_line_each(tmp_path: Path) -> None:
    small = tmp_path / "small.tflite"
    small.write_bytes(small_net())
    asked = ["fit", "signs", str(small), "--board", "imx8mp"]
    text = invoke(asked).stdout
    assert "2 models on imx8mp" in text and "small " in text and " fits" in text
    document = json.loads(invoke([*asked, "--json"]).stdout)
    assert document["schema"] == "fit-linux-many-1"
    assert [one["agent"]["runs"] for one in document["models"]] == [True, True]


def test_one_of_several_that_does_not_fit_fails(tmp_path: Path) -> None:
    small = tmp_path / "small.tflite"
    small.write_bytes(small_net())
    tight = ("--board", "imx8mp", "--max-arena-bytes", "20000")
    result = invoke(["fit", "signs", str(small), *tight])
    assert result.exit_code == 1 and "a budget" in result.stdout


def test_a_vela_that_fails_is_a_fault_of_the_toolchain(tmp_path: Path) -> None:
    program = tmp_path / "vela"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "print('5.0.0') if '--version' in sys.argv else sys.exit('Error: no such op')\n"
    )
    program.chmod(0o755)
    result = invoke(["fit", "signs", "--board", "imx93", "--vela-program", str(program)])
    assert result.exit_code == 5 and not result.stdout
    assert "Vela failed (1): Error: no such op" in result.stderr
