from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from helpers import tflite_builder as build

from mcuzoo.errors import InputError, ModelError
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.places import model_folders
from mcuzoo.zoo.registry import resolve_model
from mcuzoo.zoo.signs.classes import CLASS_NAMES

MOBILENET = "mobilenet_v1_0.25_128"
MOBILENET_FILE = "mobilenet_v1_0.25_128_quant_int8.tflite"


@pytest.fixture(autouse=True)
def no_models_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MCUZOO_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_bundled_signs() -> None:
    source = resolve_model("signs")
    model = load_model(source.path)
    assert source.labels == CLASS_NAMES
    assert model.tensor(model.outputs[0]).shape[-1] == len(CLASS_NAMES)
    assert source.preprocessing == Preprocessing("rgb", 0.875, "bilinear", -128)


def test_mobilenet_is_found_by_name_and_hash(
    test_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    decoy = tmp_path / "decoy"
    decoy.mkdir()
    (decoy / MOBILENET_FILE).write_bytes(b"something else")
    monkeypatch.setenv("MCUZOO_MODELS", f"{decoy}{os.pathsep}{test_data / 'models'}")
    source = resolve_model(MOBILENET)
    assert source.path == test_data / "models" / MOBILENET_FILE
    assert source.name == MOBILENET
    assert source.labels is not None and len(source.labels) == 1001
    assert source.labels[0] == "background"


def test_mobilenet_is_found_in_the_cache(test_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "mcuzoo" / "models"
    folder.mkdir(parents=True)
    shutil.copy(test_data / "models" / MOBILENET_FILE, folder)
    source = resolve_model(MOBILENET)
    assert source.path == folder / MOBILENET_FILE
    assert source.labels is None


def test_missing_file_says_which_and_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(tmp_path))
    with pytest.raises(InputError) as raised:
        resolve_model(MOBILENET)
    assert MOBILENET_FILE in raised.value.message
    assert str(tmp_path) in raised.value.message
    assert "MCUZOO_MODELS" in raised.value.hint


def test_file_of_another_content_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / MOBILENET_FILE).write_bytes(b"not the model")
    monkeypatch.setenv("MCUZOO_MODELS", str(tmp_path))
    with pytest.raises(InputError, match="another content"):
        resolve_model(MOBILENET)


def test_misspelt_name_is_corrected() -> None:
    with pytest.raises(InputError) as raised:
        resolve_model("sings")
    assert "'signs'" in raised.value.hint
    assert all(name in raised.value.message for name in catalog())


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(3, Preprocessing("rgb", 0.875)), (1, Preprocessing("gray", 1.0))],
)
def test_preprocessing_of_a_path_follows_from_the_input(
    tmp_path: Path, channels: int, expected: Preprocessing
) -> None:
    path = tmp_path / "mine.tflite"
    path.write_bytes(build.pool_model("MAX_POOL_2D", (1, 8, 8, channels)))
    source = resolve_model(str(path))
    assert (source.name, source.path) == ("mine", path)
    assert source.preprocessing == expected


def test_path_of_something_else_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.tflite"
    path.write_bytes(b"PK\x03\x04 a zip file")
    with pytest.raises(ModelError, match="no TFLite model"):
        resolve_model(str(path))


def test_folders_are_searched_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(
        "MCUZOO_MODELS", os.pathsep.join([str(tmp_path / "a"), "", str(tmp_path / "b")])
    )
    folders = model_folders()
    assert folders[:2] == (tmp_path / "a", tmp_path / "b")
    assert folders[2] == tmp_path / "cache" / "mcuzoo" / "models"
