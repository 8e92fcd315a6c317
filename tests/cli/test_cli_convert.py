from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import invoke
from helpers.uint8_models import uint8_net

from mcuzoo.graph.model import DType
from mcuzoo.graph.read import load_model
from mcuzoo.zoo.registry import resolve_model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "uint8.tflite"
    path.write_bytes(uint8_net(float_ends=True))
    return path


def convert(*words: object) -> Any:
    return invoke(["convert", *map(str, words)])


def test_the_hint_of_a_uint8_model_names_the_command(source: Path) -> None:
    source.write_bytes(uint8_net())
    result = invoke(["fit", str(source), "--board", "rt1050"])
    assert result.exit_code == 2
    assert "mcuzoo convert IN.tflite OUT.tflite" in result.stderr


def test_json_and_file(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.tflite"
    result = convert(source, out, "--io", "int8", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    model = load_model(out)
    assert document["sha256"] == model.sha256 and document["bytes"] == out.stat().st_size
    assert (document["channels"], document["weights"]) == (6, 108)
    assert sorted(document["ends_removed"]) == ["DEQUANTIZE 7", "QUANTIZE 0"]
    assert model.tensor(model.inputs[0]).dtype is DType.INT8
    assert {path.name for path in tmp_path.iterdir()} == {"uint8.tflite", "int8.tflite"}


def test_text(source: Path, tmp_path: Path) -> None:
    result = convert(source, tmp_path / "int8.tflite")
    assert result.exit_code == 0
    assert "channels lossless: 6 of 6; weights changed: 0 of 108" in result.stdout
    assert "tensors shifted from UINT8 to INT8: 8" in result.stdout


def test_what_cannot_be_done_leaves_no_file(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    same = convert(source, source)
    assert same.exit_code == 2 and source.read_bytes() == before
    assert convert(source, tmp_path).exit_code == 2
    assert convert(source, tmp_path / "none" / "out.tflite").exit_code == 2
    assert convert(source, tmp_path / "out.tflite", "--io", "float").exit_code == 2
    assert convert(source, tmp_path / "out.tflite", "--limit", "3").exit_code == 2
    assert convert(source, tmp_path / "out.tflite", "--images", tmp_path / "no").exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["uint8.tflite"]


def test_an_existing_file_is_replaced_as_a_whole(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.tflite"
    out.write_bytes(b"old")
    assert convert(source, out).exit_code == 0
    first = out.read_bytes()
    assert convert(source, out).exit_code == 0
    assert out.read_bytes() == first != b"old"


def test_the_recipe_beside_a_model_is_kept(source: Path, tmp_path: Path) -> None:
    """A conversion has no metadata of its own, and another name."""
    source.with_suffix(".mcuzoo.toml").write_text('[preprocessing]\nfit = "letterbox"\n')
    out = tmp_path / "int8.tflite"
    result = convert(source, out, "--io", "int8")
    assert result.exit_code == 0 and "int8.mcuzoo.toml" in result.stderr
    before, after = (resolve_model(str(path)) for path in (source, out))
    assert after.recipe_source == "beside" and after.preprocessing.fit == "letterbox"
    assert after.preprocessing == before.preprocessing


def test_options_of_a_recipe_need_images(source: Path, tmp_path: Path) -> None:
    result = convert(source, tmp_path / "out.tflite", "--crop", "0.5")
    assert result.exit_code == 2 and "need --images" in result.stderr
