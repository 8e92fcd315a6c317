"""The bundled model on both emulated boards, by both compilers: one command each."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.boards import BOARDS, REPRESENTATIVES
from helpers.commands import invoke

from mcuzoo.errors import ToolchainError
from mcuzoo.toolchain.find import find_compiler

BuiltProject = Callable[..., Path]


def test_signs(built_project: BuiltProject, signs: Path, tmp_path: Path) -> None:
    """The photographs of test_run_golden are rt1170's."""
    board = "rt1050"
    project, run = built_project(board), tmp_path / "run"
    done = invoke(("run-serial", "--port", f"emulator://{project}", "--project", project,
               "--images", signs, "--out", run, "--json"))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["board"]["board"], document["board"]["emulated"]) == (board, True)
    assert document["images"]["done"] == 10
    assert document["reference"] == {"compared": 10, "equal": 10, "largest_difference": 0}
    assert document["accuracy"]["top1"]["correct"] >= 6
    assert document["latency"]["unit"] == "instructions" and document["latency"]["counted"] == 1
    # One instruction, SMLAD, does two of 13.3 million multiply-accumulates.
    assert document["latency"]["median"] > 6_600_000
    assert document["verdict"]["passed"]

    table = tmp_path / "run.csv"
    reported = invoke(("report", run, "--csv", table))
    assert reported.exit_code == 0 and "10 of 10 outputs byte-equal" in reported.stdout
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["cycles"]) for row in rows] == [True] + [False] * 9


SIBLINGS = [
    pytest.param(name, marks=pytest.mark.full if name == "rt1064" else ())
    for name in BOARDS
    if name not in REPRESENTATIVES
]


@pytest.mark.parametrize("board", SIBLINGS)
def test_a_sibling_board_boots_and_every_byte_is_right(
    built_project: BuiltProject, signs: Path, tmp_path: Path, board: str
) -> None:
    """In every run of the tests, on one image; test_signs has more of them."""
    project = built_project(board)
    done = invoke(("run-serial", "--port", f"emulator://{project}?count=0", "--project", project,
               "--images", signs, "--limit", 1, "--out", tmp_path / "run", "--json"))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["board"]["board"] == board
    assert document["reference"] == {"compared": 1, "equal": 1, "largest_difference": 0}


@pytest.mark.full
def test_gcc_and_zig_firmware_give_the_same_outputs(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    outputs = {}
    for compiler in ("gcc", "zig"):
        try:
            find_compiler(compiler)
        except ToolchainError as error:
            pytest.skip(error.message)
        project, run = built_project("rt1050", compiler=compiler), tmp_path / compiler
        done = invoke(("run-serial", "--port", f"emulator://{project}", "--project", project,
                   "--images", signs, "--limit", 2, "--out", run, "--no-reference"))  # fmt: skip
        assert done.exit_code == 0, done.stderr
        file = tmp_path / f"{compiler}.npy"
        assert invoke(("report", run, "--outputs", file)).exit_code == 0
        outputs[compiler] = np.load(file)
    assert outputs["gcc"].shape == (2, 16)
    np.testing.assert_array_equal(outputs["gcc"], outputs["zig"])


def test_board_that_runs_another_model(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    wrong = f"emulator://{built_project('rt1050')}"
    done = invoke(("run-serial", "--port", wrong, "--project", built_project("rt1170"),
               "--images", signs, "--out", tmp_path / "run"))  # fmt: skip
    assert done.exit_code == 4
    assert "The board at this port is a rt1050, the project has rt1170." in done.stderr
    assert not (tmp_path / "run").exists()
