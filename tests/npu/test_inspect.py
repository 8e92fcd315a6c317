"""What is in a file that Vela compiled."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.small_net import small_net

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.graph.read import parse_model
from mcuzoo.npu.file import parse_vela
from mcuzoo.npu.inspect import inspect_vela, is_vela_file
from mcuzoo.npu.vela import compile_vela
from mcuzoo.report.inspection_vela import vela_inspection_text

pytestmark = pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network, whose DEQUANTIZE stays on the CPU."""
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard)
    path = tmp_path_factory.mktemp("vela") / "small_vela.tflite"
    path.write_bytes(compile_vela(parse_model(small_net(), "small"), board).raw)
    return path


def test_text(compiled: Path) -> None:
    result = invoke(["inspect", str(compiled)])
    assert result.exit_code == 0
    assert "op 0 for ethos-u65-256, architecture 1." in result.stdout
    assert "left to the CPU: 1 DEQUANTIZE" in result.stdout
    assert " CONV, " in result.stdout and " DEPTHWISE, " in result.stdout
    assert "fault" not in result.stdout


def test_json(compiled: Path) -> None:
    document = json.loads(invoke(["inspect", str(compiled), "--json"]).stdout)
    assert document["schema"] == "inspect-vela-1"
    (npu,) = document["npu_ops"]
    assert npu["accelerator"] == "ethos-u65-256" and npu["faults"] == []
    assert sum(npu["operations"].values()) > 8
    assert [op["name"] for op in document["cpu_ops"]] == ["DEQUANTIZE"]
    assert document["inputs"] == [{"name": "image", "dtype": "int8", "shape": [1, 4, 4, 2]}]


def test_what_the_stream_cannot_be_is_told(compiled: Path) -> None:
    """And what the file says steers no terminal."""
    raw = bytearray(compiled.read_bytes())
    start = raw.index(b"COP1")
    raw[start + 4 * 8 : start + 4 * 9] = b"\xff\xff\xff\xff"
    found = inspect_vela(parse_vela(bytes(raw), "bad\x1b[31m"))
    assert found.npu_ops[0].faults
    text = vela_inspection_text(replace(found, faults=("\x1bx",)), 80)
    assert "  fault: word " in text and "fault: ?x" in text and "\x1b" not in text


def test_a_version_is_read_where_there_is_one(compiled: Path) -> None:
    file = parse_vela(compiled.read_bytes(), "small")
    said = replace(file, model=replace(file.model, description="Vela 3.12.1.dev5+g8 Optimised"))
    assert inspect_vela(said).version == "3.12.1.dev5+g8"
    assert "compiled by Vela 3.12.1.dev5+g8" in vela_inspection_text(inspect_vela(said), 80)
    silent = replace(file, model=replace(file.model, description="Vela Optimised"))
    assert inspect_vela(silent).version is None


def test_a_damaged_file_is_an_error(compiled: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut_vela.tflite"
    raw = compiled.read_bytes()
    cut.write_bytes(raw[: raw.index(b"ethos-u") + 40])
    assert is_vela_file(cut)
    result = invoke(["inspect", str(cut)])
    assert result.exit_code == 2 and str(cut) in result.stderr


def test_other_files_are_none(tmp_path: Path) -> None:
    plain = tmp_path / "plain.tflite"
    plain.write_bytes(small_net())
    assert not is_vela_file(plain)
    assert not is_vela_file(tmp_path) and not is_vela_file(tmp_path / "none")
