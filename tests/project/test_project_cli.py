"""mcuzoo fit, export and build from the command line: data on stdout, verdicts as exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.small_source import small_source
from helpers.tflite_builder import pool_model
from typer.testing import CliRunner

from mcuzoo.cli.main import app
from mcuzoo.project.manifest import load_manifest

runner = CliRunner()


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(small_source(tmp_path / "model").path)


@pytest.fixture
def huge(tmp_path: Path) -> str:
    path = tmp_path / "huge.tflite"
    path.write_bytes(pool_model("MAX_POOL_2D", (1, 1024, 1024, 3)))
    return str(path)


def test_fit_says_yes(model: str) -> None:
    done = runner.invoke(app, ["fit", model, "--board", "rt1050"])
    assert done.exit_code == 0, done.output
    assert "verdict: fits" in done.stdout
    assert "peak at op 0 CONV_2D" in done.stdout


def test_fit_says_no_by_region(huge: str) -> None:
    done = runner.invoke(app, ["fit", huge, "--board", "rt1050"])
    assert done.exit_code == 1, done.output
    assert "verdict: DOES NOT FIT" in done.stdout
    assert "ocram" in done.stdout and "next:" in done.stdout


def test_fit_as_json(huge: str) -> None:
    done = runner.invoke(app, ["fit", huge, "--board", "rt1050", "--json"])
    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert [region["region"] for region in report["regions"] if not region["fits"]] == ["ocram"]


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
    done = runner.invoke(app, [command, model, *arguments])
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert done.stderr.startswith("error: ") and "\nhint: " in done.stderr


ALONE = ("--runtime", "aot", "--project", "cmake")


def test_export_to_its_default_folder(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = runner.invoke(app, ["export", model, "--board", "rt1170"])
    assert done.exit_code == 0, done.output
    manifest = load_manifest(tmp_path / "mcuzoo-rt1170-small")
    assert (manifest.board, manifest.runtime) == ("rt1170", "tflm")
    assert manifest.project == "mcuxpresso"
    assert "next: mcuzoo build mcuzoo-rt1170-small --sdk MCUXSDK" in done.stdout


def test_export_as_json(model: str, tmp_path: Path) -> None:
    done = runner.invoke(
        app, ["export", model, "--board", "rt1170", "-o", str(tmp_path / "p"), "--json"]
    )
    assert json.loads(done.stdout)["build_id"] == load_manifest(tmp_path / "p").build_id


def test_export_of_what_does_not_fit(huge: str, tmp_path: Path) -> None:
    done = runner.invoke(app, ["export", huge, "--board", "rt1050", "-o", str(tmp_path / "p")])
    assert done.exit_code == 1
    assert "ocram needs" in done.stderr


def test_build_of_no_project(tmp_path: Path) -> None:
    done = runner.invoke(app, ["build", str(tmp_path / "none"), "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"] == "ProjectError"


def test_build_measures_against_the_plan(model: str, tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    project = str(tmp_path / "p")
    assert (
        runner.invoke(app, ["export", model, "-b", "rt1050", "-o", project, *ALONE]).exit_code == 0
    )
    done = runner.invoke(app, ["build", project, "--compiler", "zig", "-O", "s"])
    assert done.exit_code == 0, done.output
    assert "-Os" in done.stdout and "planned" in done.stdout and "dtcm" in done.stdout
    entry = runner.invoke(app, ["build", project, "--compiler", "zig", "--json"])
    assert json.loads(entry.stdout)["optimization"] == "-O2"


def test_build_with_a_level_that_is_none(tmp_path: Path) -> None:
    done = runner.invoke(app, ["build", str(tmp_path), "-O", "9"])
    assert done.exit_code == 2
    assert "One of" in done.stderr
