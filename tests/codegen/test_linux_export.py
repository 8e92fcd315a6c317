"""A project for a board that runs Linux: complete, deterministic, safe, refused in good time."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.boards import LINUX_BOARDS
from helpers.hostile import HOSTILE, canaries, hostile_source, loose_text
from helpers.small_net import small_net
from helpers.small_source import small_source

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.codegen.export import export
from mcuzoo.codegen.linux.npu import VELA_FILE, VELA_REPORT
from mcuzoo.codegen.linux.project import export_linux_project
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.errors import MissingExtraError, ToolchainError
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import Manifest, checked_manifest, load_manifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.report.project import export_text
from mcuzoo.resources import firmware_dir
from mcuzoo.zoo.registry import ModelSource

needs_vela = pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")
WITHOUT_NPU = ExportOptions(no_npu=True)


def board_of(name: str) -> LinuxBoard:
    board = load_any_board(name)
    assert isinstance(board, LinuxBoard)
    return board


def choices(board: str) -> ExportOptions:
    """With the unit, and without a run of Vela, which takes a second."""
    return ExportOptions(no_npu=board == "imx93", systemd=True)


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def commands(readme: str) -> list[str]:
    """What the README says to type."""
    blocks = re.findall(r"^```\n(.*?)^```$", readme, re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def source(tmp_path: Path) -> ModelSource:
    return small_source(tmp_path / "model")


@pytest.mark.parametrize("board", LINUX_BOARDS)
def test_everything_is_there_and_listed_and_the_same_every_time(
    tmp_path: Path, source: ModelSource, board: str
) -> None:
    options = choices(board)
    made = export_linux_project(source, board_of(board), tmp_path / "p", options)
    export_linux_project(source, board_of(board), tmp_path / "other" / "q", options)
    files = contents(tmp_path / "p")
    assert files == contents(tmp_path / "other" / "q")
    assert load_manifest(tmp_path / "p") == made and made.npu is None
    assert made.files == {
        path: sha256(content).hexdigest() for path, content in files.items() if path[:6] != "mcuzoo"
    }
    agent = "agent/mcuzoo_agent.py"
    assert files[agent] == (firmware_dir() / agent).read_bytes()
    assert files["board/board.toml"].decode() == board_of(board).files["board.toml"]
    assert f"agent/mcuzoo-{board}-small.service" in files and VELA_FILE not in files
    assert "firmware/port/linux/mz_tcp.c" in files and "samples/one.jpg" in files


@needs_vela
def test_the_file_for_the_npu_and_what_vela_says_of_it(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(small_net())
    source = ModelSource("net", tmp_path / "net.tflite", Recipe())
    made = export_linux_project(source, board_of("imx93"), tmp_path / "p")
    assert made.npu is not None and load_manifest(tmp_path / "p").npu == made.npu
    report = json.loads((tmp_path / "p" / VELA_REPORT).read_text(encoding="utf-8"))
    raw = (tmp_path / "p" / VELA_FILE).read_bytes()
    assert report["sha256"] == sha256(raw).hexdigest() == made.files[VELA_FILE]
    assert report["model_sha256"] == made.model.sha256
    assert made.npu.compiler == f"Vela {report['version']}"
    assert made.npu.operators == len(report["operators"]) == 10
    assert made.npu.cpu_operators == ("DEQUANTIZE",) and made.npu.npu_operators == 9
    assert report["options"][:2] == ["--accelerator-config", "ethos-u65-256"]
    assert "9 of 10 operators, DEQUANTIZE on the CPU" in export_text(
        tmp_path / "p", board_of("imx93"), made
    )
    readme = (tmp_path / "p" / "README.md").read_text(encoding="utf-8")
    assert "9 of 10 operators" in readme and "mcuzoo verify ." in readme
    again = export_linux_project(source, board_of("imx93"), tmp_path / "q")
    assert again == made and contents(tmp_path / "q") == contents(tmp_path / "p")


def test_a_compiler_that_is_missing_is_named_before_anything_is_done(
    tmp_path: Path, source: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcuzoo.npu.program.missing_packages", lambda names: list(names))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MCUZOO_VELA", raising=False)
    monkeypatch.setattr("mcuzoo.codegen.linux.project.load_model", None)
    with pytest.raises(MissingExtraError, match="ethos-u-vela") as caught:
        export_linux_project(source, board_of("imx93"), tmp_path / "p")
    assert "pip install" in caught.value.hint and "--no-npu" in caught.value.hint
    assert not (tmp_path / "p").exists()
    monkeypatch.setattr("mcuzoo.codegen.linux.project.load_model", load_model)
    export_linux_project(source, board_of("imx93"), tmp_path / "p", WITHOUT_NPU)
    export_linux_project(source, board_of("imx8mp"), tmp_path / "q")


def test_a_model_that_vela_refuses_may_be_exported_without(
    tmp_path: Path, source: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ToolchainError("Vela failed (1): no.", "Take another.")

    monkeypatch.setattr("mcuzoo.codegen.linux.npu.compile_vela", refused)
    monkeypatch.setattr("mcuzoo.codegen.linux.npu.vela_command", lambda program: ("vela",))
    with pytest.raises(ToolchainError, match="no") as caught:
        export_linux_project(source, board_of("imx93"), tmp_path / "p")
    assert caught.value.hint.endswith("--no-npu exports without a file for the NPU.")


@pytest.mark.parametrize(
    ("board", "options", "said"),
    [
        ("imx93", ExportOptions(runtime="tflm"), "--runtime tflm: MCIMX93-EVK runs Linux"),
        ("imx93", ExportOptions(stream_input=True), "--stream-input: MCIMX93-EVK runs Linux"),
        ("imx93", ExportOptions(project="mcuxpresso"), "--project mcuxpresso"),
        ("imx93", ExportOptions(vela_optimise="speed"), "--vela-optimise: there is no 'speed'"),
        ("imx93", ExportOptions(universal=True), "imx93 .MCIMX93-EVK. runs Linux"),
        ("imx8mp", WITHOUT_NPU, "--no-npu: no compiler for the NPU of 8MPLUSLPD4-EVK"),
        ("imx8mp", ExportOptions(vela_optimise="size"), "--vela-optimise: no compiler"),
        ("rt1170", WITHOUT_NPU, "--no-npu is for boards that run Linux"),
        ("rt1170", ExportOptions(systemd=True), "--systemd is for boards that run Linux"),
        ("rt1170", ExportOptions(vela_optimise="size"), "--vela-optimise is for boards that run"),
    ],
)
def test_a_choice_that_the_board_has_not(
    tmp_path: Path, board: str, options: ExportOptions, said: str
) -> None:
    with pytest.raises(Exception, match=said) as caught:
        export("signs", board, replace(options, output=tmp_path / "p"))
    assert getattr(caught.value, "hint", "")
    assert not (tmp_path / "p").exists()


def test_where_vela_is_does_not_get_into_a_project(tmp_path: Path, source: ModelSource) -> None:
    options = ExportOptions(no_npu=True, vela_program=tmp_path / "vela", vela_time_limit=5.0)
    made = export_linux_project(source, board_of("imx93"), tmp_path / "p", options)
    assert made.provenance is not None and made.provenance.options == ("--no-npu",)


@pytest.mark.skipif(shutil.which("sh") is None, reason="no shell")
@pytest.mark.parametrize("board", LINUX_BOARDS)
def test_names_of_models_run_nothing(tmp_path: Path, board: str) -> None:
    source = hostile_source(tmp_path / "source", HOSTILE)
    made = export_linux_project(source, board_of(board), tmp_path / "p", choices(board))
    for path in (tmp_path / "p").rglob("*"):
        tame = path.suffix in (".c", ".h", ".cmake", ".txt", ".md", ".json", ".service")
        if path.is_file() and tame and "firmware" not in path.parts:
            assert not loose_text(path.read_text(encoding="utf-8")), path
    readme = (tmp_path / "p" / "README.md").read_text(encoding="utf-8")
    script = "\n".join(commands(readme))
    stubs = "".join(f"{name}() {{ :; }}\n" for name in ("ssh", "scp", "mcuzoo"))
    done = subprocess.run(["sh", "-euc", stubs + script], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0 and not done.stdout and not done.stderr
    assert not canaries(tmp_path) and made.npu is None


def test_the_readme_says_what_only_the_board_can_show(tmp_path: Path, source: ModelSource) -> None:
    export_linux_project(source, board_of("imx8mp"), tmp_path / "p")
    text = (tmp_path / "p" / "README.md").read_text(encoding="utf-8")
    typed = commands(text)
    assert any(line.endswith('?delegate=vx"') for line in typed)
    assert "only the board can show that" in text and "Vela" not in text and "systemd" not in text
    folder = "mcuzoo-imx8mp-small"
    there = [line for line in typed if line.startswith(("ssh root", "scp"))]
    assert all(folder in line for line in there)
    assert f"ssh root@$BOARD rm -r {folder}" == there[-1]


@pytest.mark.parametrize("board", LINUX_BOARDS)
def test_the_unit_is_one(tmp_path: Path, source: ModelSource, board: str) -> None:
    export_linux_project(source, board_of(board), tmp_path / "p", choices(board))
    (path,) = (tmp_path / "p" / "agent").glob("*.service")
    unit = configparser.ConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(path.read_text(encoding="utf-8"))
    words = unit["Service"]["ExecStart"].split()
    assert words[:2] == ["/usr/bin/python3", f"/opt/{path.stem}/agent/mcuzoo_agent.py"]
    assert words[2:4] == ["--listen", "3737"]
    assert words[-1] == {"imx93": "ethosu", "imx8mp": "vx"}[board]
    checker = shutil.which("systemd-analyze")
    if checker is not None:
        changed = path.read_text(encoding="utf-8").replace(words[1], "/bin/sh")
        path.write_text(changed.replace(words[0], "/bin/sh"), encoding="utf-8")
        done = subprocess.run(
            [checker, "verify", "--man=no", str(path)], capture_output=True, text=True
        )
        assert path.name not in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("file", "../../etc/passwd", "does not stay in its folder"),
        ("report", "/etc/passwd", "no relative path"),
        ("compiler", "Vela\x1b[31m", "cannot be printed"),
        ("operators", -1, "is not from 0"),
        ("cpu_operators", ["x" * 2000], "characters"),
        ("colour", 1, "unknown key"),
    ],
)
def test_what_a_manifest_says_of_the_npu_is_checked(
    tmp_path: Path, source: ModelSource, key: str, value: object, said: str
) -> None:
    export_linux_project(source, board_of("imx8mp"), tmp_path / "p")
    raw = json.loads((tmp_path / "p" / "mcuzoo.json").read_text(encoding="utf-8"))
    entry = {
        "file": VELA_FILE,
        "report": VELA_REPORT,
        "compiler": "Vela 5.2.0",
        "operators": 2,
        "npu_operators": 1,
        "cpu_operators": ["SOFTMAX"],
        "sram_bytes": 5,
    }
    right = checked_manifest({**raw, "npu": entry})
    assert isinstance(right, Manifest) and right.npu is not None
    assert right.npu.cpu_operators == ("SOFTMAX",)
    with pytest.raises(ValueError, match=said):
        checked_manifest({**raw, "npu": {**entry, key: value}})
