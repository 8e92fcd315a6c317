from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import tflite_builder as build
from helpers.commands import invoke
from helpers.small_net import small_net


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_net())
    return path


def test_table(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = invoke(["inspect", str(model)])
    assert result.exit_code == 0
    assert "small: " in result.stdout and "aot runs it" in result.stdout
    row = next(line for line in result.stdout.splitlines() if "DEPTHWISE_CONV_2D" in line)
    assert row.split() == [
        "1", "DEPTHWISE_CONV_2D", "1x4x4x4", "int8", "3x3/1", "SAME", "RELU6", "4", "576", "40",
        "64", "yes", "yes",
    ]  # fmt: skip


def test_json(model: Path) -> None:
    result = invoke(["inspect", str(model), "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["name"] == "small" and len(document["ops"]) == 10


def test_reasons_are_listed(tmp_path: Path) -> None:
    tensors = [build.T(name, (1, 4), scale=0.1) for name in "ab"]
    path = tmp_path / "floor.tflite"
    path.write_bytes(build.build_model(tensors, [build.O("FLOOR", (0,), (1,))], [0], [1]))
    result = invoke(["inspect", str(path)])
    assert result.exit_code == 0
    assert "op 0 FLOOR, aot: the ahead-of-time runtime has no such op" in result.stdout


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    tensors = [build.T("\x1b[31mred[bold]", (1, 4), scale=0.1), build.T("b", (1, 4), scale=0.1)]
    path = tmp_path / "named.tflite"
    path.write_bytes(build.build_model(tensors, [build.O("RELU", (0,), (1,))], [0], [1]))
    result = invoke(["inspect", str(path)])
    assert "\x1b" not in result.stdout and "?[31mred[bold]" in result.stdout


@pytest.mark.parametrize(
    ("argument", "message", "hint"),
    [
        ("absent.tflite", "no model 'absent.tflite'", "path of a .tflite"),
        ("sings", "no model 'sings'", "Did you mean 'signs'?"),
    ],
)
def test_missing_model(argument: str, message: str, hint: str) -> None:
    result = invoke(["inspect", argument])
    assert result.exit_code == 2
    assert message in result.stderr and hint in result.stderr


def test_damaged_model_as_json(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(model.read_bytes()[:300])
    result = invoke(["inspect", str(path), "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"] == "ModelError"
    assert "damaged" in result.stderr
