"""`mcuzoo init`, and its workflows: every step of them is run as a runner would.

What is another thing here than on a runner:
- `uses:` steps are left out: checkout and Python are there, artifacts are looked at in place;
- a step that installs mcuzoo by pip only puts this mcuzoo on the path;
- `mcuzoo flash`, which needs a probe, is left out, and the boards of the rig are emulated.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import junitparser
import pytest
import yaml
from helpers.boards import board_text
from helpers.commands import invoke
from helpers.configured import refused, taken

from mcuzoo.budgets import BUDGETS
from mcuzoo.config.source import shared_parameters

GITHUB = Path(".github", "workflows", "mcuzoo.yml")
GITLAB = Path(".gitlab-ci.yml")
RIG = """[boards.left]
board = "rt1170"
port = "emulator://firmware"
[boards.other]
board = "rt1050"
port = "emulator://gone"
"""


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def test_what_is_written_is_what_is_taken() -> None:
    assert invoke(["init", "--board", "rt1050"]).exit_code == 0
    export = taken("export")
    assert (export["models"], export["board"], export["runtime"], export["project"]) == (
        (("signs",), "rt1050", "aot", "cmake")
    )
    assert taken("run-serial")["port"] == ("emulator://firmware",)
    assert taken("run-serial", "--rig", "r.toml")["filter"] == ("board=rt1050",)


def test_a_board_that_runs_linux_has_neither_runtime_nor_flash() -> None:
    assert invoke(["init", "--board", "i.MX 93", "--github", "--gitlab"]).exit_code == 0
    export = taken("export")
    assert (export["board"], export["runtime"], export["project"]) == ("imx93", None, None)
    assert taken("run-serial", "--rig", "r.toml")["filter"] == ("board=imx93",)
    for path in (GITHUB, GITLAB):
        text = path.read_text(encoding="utf-8")
        assert "mcuzoo flash" not in text and "mcuzoo[demo,report,npu]" in text
    at = [step.split()[1] for step in steps(read(GITHUB), "hardware") if step[:7] == "mcuzoo "]
    assert at == ["export", "build", "rig", "run-serial", "report"]
    assert invoke(["init", "other", "--board", "imx8mp", "--github"]).exit_code == 0
    assert "npu" not in ("other" / GITHUB).read_text(encoding="utf-8")
    Path("mine.toml").write_text(board_text("imx93"), encoding="utf-8")
    assert invoke(["init", ".", "--board", "mine.toml", "--gitlab"]).exit_code == 2
    Path("mcuzoo.toml").unlink()
    assert invoke(["init", "--board", "mine.toml"]).exit_code == 0
    assert taken("export")["runtime"] is None


def test_every_key_is_there_and_what_is_commented_out_may_be_let_in() -> None:
    invoke(["init"])
    text = Path("mcuzoo.toml").read_text(encoding="utf-8")
    for key in (*shared_parameters(), *BUDGETS):
        assert re.search(rf"^(# )?{key} = ", text, re.MULTILINE), key
    all_in = re.sub(r"^# (?=[a-z0-9_]+ = )", "", text, flags=re.MULTILINE)
    assert all_in != text
    Path("mcuzoo.toml").write_text(all_in, encoding="utf-8")
    said = invoke(["config"])
    assert said.exit_code == 0, said.stderr


def test_the_model_is_the_one_that_is_there() -> None:
    Path("my model.tflite").touch()
    said = invoke(["init"])
    assert "my model.tflite" in Path("mcuzoo.toml").read_text(encoding="utf-8")
    assert said.stdout.startswith("written mcuzoo.toml\n")
    Path("mcuzoo.toml").unlink()
    Path("other.tflite").touch()
    assert "--model 'my model.tflite'" in refused("init")


def test_names_are_quoted() -> None:
    name = 'models/a "b" \\ ü {{ x }} \x07.tflite'
    assert invoke(["init", "--model", name]).exit_code == 0
    assert taken("inspect")["model"] == name.replace("\x07", "_")
    assert "no board 'rt1999'" in refused("init", "x", "--board", "rt1999")


def test_a_name_that_no_model_has_is_refused() -> None:
    assert "Did you mean 'signs'?" in refused("init", "--model", "sings")
    assert not Path("mcuzoo.toml").exists()
    Path("folder").mkdir()
    assert invoke(["init", "--model", "folder"]).exit_code == 0


def test_nothing_is_ever_written_over() -> None:
    Path("mcuzoo.toml").write_text("# mine\n", encoding="utf-8")
    GITLAB.symlink_to("elsewhere")
    assert "are there already" in refused("init", "--gitlab")
    said = invoke(["init", "--github", "--gitlab"])
    assert said.exit_code == 0 and "kept    mcuzoo.toml" in said.stdout
    assert Path("mcuzoo.toml").read_text(encoding="utf-8") == "# mine\n"
    assert not Path("elsewhere").exists() and GITHUB.is_file()
    assert "are there already" in refused("init", "--github", "--gitlab")


def test_the_workflows_are_careful() -> None:
    assert invoke(["init", "deep/er", "--github", "--gitlab"]).exit_code == 0
    github, gitlab = read("deep/er" / GITHUB), read("deep/er" / GITLAB)
    assert github["permissions"] == {"contents": "read"}
    for job in github["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}
    assert "pull_request" in github["jobs"]["hardware"]["if"]
    text = ("deep/er" / GITHUB).read_text(encoding="utf-8")
    assert "secrets" not in text and "pull_request_target" not in text
    # An expression in a script could be a script: variables go by the environment.
    assert not [step for step in steps(github, "hardware") if "${{" in step]
    assert all(gitlab[name]["timeout"] for name in ("emulated", "hardware"))
    assert "merge_request_event" in gitlab["hardware"]["rules"][0]["if"]


def steps(workflow: dict[str, Any], job: str) -> list[str]:
    return [step["run"] for step in workflow["jobs"][job]["steps"] if "run" in step]


def script(pipeline: dict[str, Any], job: str) -> list[str]:
    return [*pipeline[job]["script"], *pipeline[job]["after_script"]]


@pytest.fixture
def runner(tmp_path: Path, configured_folder: Path) -> Iterator[Path]:
    """An empty folder with what init writes, and a program mcuzoo in .venv/bin and on the path."""
    assert invoke(["init", "--github", "--gitlab"]).exit_code == 0
    (tmp_path / "rig.toml").write_text(
        RIG.replace("emulator://firmware", f"emulator://{configured_folder}/firmware"),
        encoding="utf-8",
    )
    programs = configured_folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "mcuzoo").write_text(f'#!/bin/sh\nexec {sys.executable} -m mcuzoo "$@"\n')
    (programs / "mcuzoo").chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    yield configured_folder
    shutil.rmtree(configured_folder)


def run_steps(folder: Path, lines: Sequence[str], rig: Path | None = None) -> list[str]:
    """Run the steps one after the other, each in a shell of its own; those that were run."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("MCUZOO_")}
    environment["PATH"] = f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    if rig is not None:
        environment["MCUZOO_RIG"] = str(rig)
    run = []
    for line in lines:
        if "pip install" in line or "-m venv" in line or " flash " in f"{line} ":
            continue
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", line],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=250,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        run.append(line)
    return run


needs_a_build = [
    pytest.mark.full,
    pytest.mark.pages,
    pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are lines of bash"),
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="builds a firmware"),
]


def require_emulator() -> None:
    for package in ("unicorn", "cv2", "PIL", "matplotlib"):
        pytest.importorskip(package)


def found(folder: Path) -> junitparser.JUnitXml:
    assert (folder / "run.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    return junitparser.JUnitXml.fromfile(str(folder / "junit.xml"))


class TestSteps:
    """The workflows, step by step."""

    pytestmark = needs_a_build

    def test_github(self, runner: Path) -> None:
        require_emulator()
        workflow = read(runner / GITHUB)
        run = run_steps(runner, steps(workflow, "emulated"))
        assert len(run) == 6
        results = found(runner)
        assert results.tests > 3 and not results.failures
        kept = workflow["jobs"]["emulated"]["steps"][-1]["with"]["path"].split()
        assert len(kept) == 5 and all((runner / name).exists() for name in kept)

    def test_github_with_boards(self, runner: Path, tmp_path: Path) -> None:
        require_emulator()
        run = run_steps(runner, steps(read(runner / GITHUB), "hardware"), tmp_path / "rig.toml")
        assert len(run) == 5
        results = found(runner)
        assert results.tests > 3 and not results.failures

    def test_gitlab(self, runner: Path, tmp_path: Path) -> None:
        require_emulator()
        pipeline = read(runner / GITLAB)
        run = run_steps(runner, script(pipeline, "emulated"), tmp_path / "rig.toml")
        assert len(run) == 6
        assert not found(runner).failures
        kept = pipeline["emulated"]["artifacts"]
        assert all((runner / name).exists() for name in kept["paths"])
        assert kept["reports"].keys() == {"junit", "metrics", "codequality"}
        assert all((runner / name).is_file() for name in kept["reports"].values())
        for name in ("run", "firmware"):
            shutil.rmtree(runner / name)
        run = run_steps(runner, script(pipeline, "hardware"), tmp_path / "rig.toml")
        assert len(run) == 5 and (runner / "summary.md").is_file()
