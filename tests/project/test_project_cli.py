"""mcuzoo fit, export and build from the command line: data on stdout, verdicts as exit codes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from helpers.boards import REPRESENTATIVES_FIRST
from helpers.commands import invoke
from helpers.small_source import small_source
from helpers.tflite_builder import pool_model
from helpers.tflite_file import O, T, build_model

from mcuzoo.project.manifest import load_manifest
from mcuzoo.resources import boards_dir


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(small_source(tmp_path / "model").path)


@pytest.fixture
def huge(tmp_path: Path) -> str:
    path = tmp_path / "huge.tflite"
    path.write_bytes(pool_model("MAX_POOL_2D", (1, 4096, 4096, 3)))
    return str(path)


def test_fit_says_yes(model: str) -> None:
    done = invoke(["fit", model, "--board", "rt1050"])
    assert done.exit_code == 0, done.output
    assert "verdict: fits" in done.stdout
    assert "peak at op 0 CONV_2D" in done.stdout


def test_fit_says_no_by_region(huge: str) -> None:
    done = invoke(["fit", huge, "--board", "rt1050"])
    assert done.exit_code == 1, done.output
    assert "verdict: DOES NOT FIT" in done.stdout
    assert "ocram" in done.stdout and "next:" in done.stdout


def test_fit_as_json(huge: str) -> None:
    done = invoke(["fit", huge, "--board", "rt1050", "--json"])
    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert [region["region"] for region in report["regions"] if not region["fits"]] == ["sdram"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["--board", "rt1051"], 2, "Did you mean 'rt1050'"),
        (["--board", "rt1050", "--runtime", "tfml"], 2, "Did you mean 'tflm'"),
        (["--board", "rt1050", "--weights", "rom"], 2, "--weights takes auto, flash, ram, dtcm"),
        (["--board", "rt1050", "--arena-region", "dtc"], 2, "Did you mean 'dtcm'"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "export"])
def test_wrong_options(
    command: str, arguments: list[str], exit_code: int, said: str, model: str
) -> None:
    done = invoke([command, model, *arguments])
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert done.stderr.startswith("error: ") and "\nhint: " in done.stderr


ALONE = ("--runtime", "aot", "--project", "cmake")


def test_export_to_its_default_folder(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoke(["export", model, "--board", "rt1170"])
    assert done.exit_code == 0, done.output
    manifest = load_manifest(tmp_path / "mcuzoo-rt1170-small")
    assert (manifest.board, manifest.runtime) == ("rt1170", "tflm")
    assert manifest.project == "mcuxpresso"
    assert "next: mcuzoo build mcuzoo-rt1170-small --sdk MCUXSDK" in done.stdout


def test_export_as_json(model: str, tmp_path: Path) -> None:
    done = invoke(["export", model, "--board", "rt1170", "-o", str(tmp_path / "p"), "--json"])
    assert json.loads(done.stdout)["build_id"] == load_manifest(tmp_path / "p").build_id


def test_export_of_what_does_not_fit(huge: str, tmp_path: Path) -> None:
    done = invoke(["export", huge, "--board", "rt1050", "-o", str(tmp_path / "p")])
    assert done.exit_code == 1
    assert "sdram needs" in done.stderr


def test_build_of_no_project(tmp_path: Path) -> None:
    done = invoke(["build", str(tmp_path / "none"), "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"] == "ProjectError"


@pytest.mark.slow
def test_build_measures_against_the_plan(model: str, tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    project = str(tmp_path / "p")
    assert invoke(["export", model, "-b", "rt1050", "-o", project, *ALONE]).exit_code == 0
    done = invoke(["build", project, "--compiler", "zig", "-O", "s"])
    assert done.exit_code == 0, done.output
    assert "-Os" in done.stdout and "planned" in done.stdout and "dtcm" in done.stdout
    entry = invoke(["build", project, "--compiler", "zig", "--json"])
    assert json.loads(entry.stdout)["optimization"] == "-O2"


def test_build_with_a_level_that_is_none(tmp_path: Path) -> None:
    done = invoke(["build", str(tmp_path), "-O", "9"])
    assert done.exit_code == 2
    assert "One of" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("board", REPRESENTATIVES_FIRST)
@pytest.mark.parametrize("options", [(), ALONE])
def test_fit_says_what_export_makes(board: str, options: tuple[str, ...], tmp_path: Path) -> None:
    """With the same options, or with none: on the largest model at hand every region counts."""
    words = ["signs", "--board", board, *options]
    said = invoke(["fit", *words, "--json"])
    assert said.exit_code == 0, said.output
    fit = json.loads(said.stdout)
    done = invoke(["export", *words, "-o", str(tmp_path / "p")])
    assert done.exit_code == 0, done.output
    made = load_manifest(tmp_path / "p")
    assert (fit["runtime"], fit["project"]) == (made.runtime, made.project)
    assert fit["arena_bytes"] == made.plan.arena_bytes
    assert fit["placement"]["arena_region"] == made.plan.arena_region
    assert fit["constant_bytes"] == made.plan.constant_bytes


def test_fit_tells_of_the_other_runtime_unless_one_is_named(model: str) -> None:
    plain = invoke(["fit", model, "--board", "rt1050"])
    assert "runtime tflm, project mcuxpresso" in plain.stdout
    assert "with --runtime aot: fits, its arena" in plain.stdout
    named = invoke(["fit", model, "--board", "rt1050", "--runtime", "aot", "--json"])
    assert json.loads(named.stdout)["other_runtime"] is None


def test_fit_says_why_the_other_runtime_does_not_run_it(tmp_path: Path) -> None:
    """Five dimensions are TFLM's alone."""
    path = tmp_path / "deep.tflite"
    shape = (1, 1, 1, 1, 8)
    tensors = [
        T("image", (1, 8), scale=0.1),
        T("deep", shape, scale=0.1),
        T("axis", (1,), "int32", data=np.array([0], np.int32)),
        T("sum", shape, scale=0.1),
        T("flat", (1, 8), scale=0.1),
    ]
    ops = [
        O("RESHAPE", (0,), (1,), {"new_shape": list(shape)}),
        O("SUM", (1, 2), (3,), {"keep_dims": True}),
        O("RESHAPE", (3,), (4,), {"new_shape": [1, 8]}),
    ]
    path.write_bytes(build_model(tensors, ops, [0], [4]))
    done = invoke(["fit", str(path), "--board", "rt1050"])
    assert done.exit_code == 0, done.output
    assert "with --runtime aot: does not run it: Op 1 SUM" in " ".join(done.stdout.split())


def test_a_board_that_the_sdk_does_not_know_is_judged_stand_alone(
    model: str, tmp_path: Path
) -> None:
    text = (boards_dir() / "rt1050.toml").read_text()
    start, end = text.index("[sdk]"), text.index("# What the emulator wants")
    own = tmp_path / "own.toml"
    own.write_text(text[:start] + text[end:])
    done = invoke(["fit", model, "--board", str(own)])
    assert done.exit_code == 0, done.output
    assert "project cmake" in done.stdout
    refused = invoke(["fit", model, "--board", str(own), "--project", "mcuxpresso"])
    assert refused.exit_code == 2 and "[sdk]" in refused.stderr


def test_weights_are_pinned_and_the_manifest_says_why(tmp_path: Path, model: str) -> None:
    words = ["--board", "rt1050", "--runtime", "aot", "--pin", "0=ocram"]
    told = invoke(["fit", model, *words, "--json"])
    assert told.exit_code == 0, told.stderr
    entries = json.loads(told.stdout)["constants"]
    assert {(entry["region"], entry["why"]) for entry in entries} == {("ocram", "pinned")}
    project = tmp_path / "pinned"
    made = invoke(["export", model, *words, "--project", "cmake", "-o", str(project), "--json"])
    assert made.exit_code == 0, made.stderr
    plan = load_manifest(project).plan
    assert [asdict(entry) for entry in plan.constants] == entries
    assert plan.constant_bytes_in("ocram") == plan.constant_bytes
    wrong = invoke(["fit", model, *words[:4], "--pin", "0=ocrm"])
    assert wrong.exit_code == 2 and "Did you mean 'ocram'?" in wrong.stderr
