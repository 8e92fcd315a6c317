"""`mcuzoo fit` on boards that run Linux."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers.commands import invoke

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
        ("--board", "imx93"),
    ],
)
def test_options_of_the_other_kind_of_board_are_refused(given: tuple[str, ...]) -> None:
    result = invoke(["fit", *given])
    assert result.exit_code == 2 and not result.stdout
    assert "boards with" in result.stderr or "no model was named" in result.stderr


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
