from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import tflite_builder as build

from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.errors import InputError, ModelError
from mcuzoo.graph.read import load_model
from mcuzoo.project.recipe import Recipe, of_values
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.convert.convert import convert_model
from mcuzoo.zoo.find import file_sha256, model_folders
from mcuzoo.zoo.registry import Origin, resolve_model

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
    assert source.preprocessing == Recipe(color="rgb", crop=0.875)


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
    [(3, Recipe()), (1, Recipe(color="gray", **of_values(0.0, 1.0)))],
)
def test_preprocessing_of_a_path_follows_from_the_input(
    tmp_path: Path, channels: int, expected: Recipe
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


def only(folder: Path, source: Path, name: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(source, folder / (name or source.name)))


def test_a_uint8_file_is_converted_on_the_way(
    test_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    uint8 = only(tmp_path / "mine", test_data / "models" / "mobilenet_v1_0.25_128_quant.tflite")
    monkeypatch.setenv("MCUZOO_MODELS", str(uint8.parent))
    source = resolve_model(MOBILENET)
    assert source.path.parent == tmp_path / "cache" / "mcuzoo" / "models"
    assert source.note is not None and "converted now from the UINT8 file" in source.note
    converted = convert_model(load_model(uint8)).model
    assert source.path.read_bytes() == converted.raw
    written = source.path.stat().st_mtime_ns
    again = resolve_model(MOBILENET)
    assert again.path.stat().st_mtime_ns == written and again.note and "now" not in again.note
    source.path.write_bytes(b"rotten")
    assert resolve_model(MOBILENET).path.read_bytes() == converted.raw
    # NXP's file is another network and goes first where it is at hand.
    nxp = only(uint8.parent, test_data / "models" / MOBILENET_FILE)
    assert resolve_model(MOBILENET).path == nxp


def test_a_file_is_known_by_its_hash_whatever_its_name(test_data: Path, tmp_path: Path) -> None:
    face = only(tmp_path, test_data / "models" / "emotion_uint8_float32.tflite", "x.tflite")
    source = resolve_model(str(face))
    assert source.preprocessing == Recipe(color="gray", **of_values(0.0, 1.0))
    assert source.labels is not None and source.labels[3] == "happy"


def test_a_file_of_the_right_name_must_have_the_right_shapes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(tmp_path))
    for name, model in (
        ("deepface_emotion_int8.tflite", "deepface_emotion"),
        ("mobilenet_v1_0.5_160_quant.tflite", "mobilenet_v1_0.5_160"),
    ):
        only(tmp_path, resolve_model("signs").path, name)
        with pytest.raises(InputError, match=f"is not {model}: it takes"):
            resolve_model(model)


def test_labels_that_are_none_are_passed_over(
    test_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only(tmp_path / "mine", test_data / "models" / MOBILENET_FILE)
    monkeypatch.setenv("MCUZOO_MODELS", str(tmp_path / "mine"))
    for content in (b"\xff\xfe" * 2000, b"a\n" * 1000, b"x\n" * (1 << 20)):
        (tmp_path / "mine" / "labels.txt").write_bytes(content)
        assert resolve_model(MOBILENET).labels is None
    (tmp_path / "mine" / "labels.txt").write_bytes(b"name\n" * 1001)
    assert resolve_model(MOBILENET).labels == ("name",) * 1001


def test_pictures_belong_to_the_model_or_there_are_none(
    test_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    by_name = resolve_model("signs")
    copied = resolve_model(str(only(tmp_path, by_name.path, "copy.tflite")))
    assert copied.name == "copy" and copied.samples == by_name.samples is not None
    assert copied.labels == by_name.labels
    for file in ("mobilenet_v1_0.25_128_quant_int8.tflite", "emotion_uint8_float32.tflite"):
        assert resolve_model(str(test_data / "models" / file)).samples is None
    unknown = tmp_path / "mine.tflite"
    unknown.write_bytes(build.pool_model("MAX_POOL_2D", (1, 8, 8, 3)))
    assert (resolve_model(str(unknown)).samples, resolve_model(str(unknown)).labels) == (None, None)


def test_labels_beside_a_known_file_and_beside_its_conversion(
    test_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    nxp = only(mine, test_data / "models" / MOBILENET_FILE, "other-name.tflite")
    (mine / "labels.txt").write_text("name\n" * 1001)
    assert resolve_model(str(nxp)).labels == ("name",) * 1001
    nxp.unlink()
    only(mine, test_data / "models" / "mobilenet_v1_0.25_128_quant.tflite")
    monkeypatch.setenv("MCUZOO_MODELS", str(mine))
    converted = resolve_model(MOBILENET).path
    assert resolve_model(str(converted)).labels == ("name",) * 1001
    # The note beside it speaks for the very file that was written, for no other.
    converted.write_bytes(build.pool_model("MAX_POOL_2D", (1, 8, 8, 3)))
    assert resolve_model(str(converted)).labels is None


def test_the_origin_of_a_file(
    test_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    signs = resolve_model("signs")
    assert signs.origin.licence == "Apache-2.0" and "train_signs.py" in signs.origin.source
    assert (signs.origin.url, signs.origin.converted_from) == ("", "")
    assert resolve_model(str(only(tmp_path, signs.path, "copy.tflite"))).origin == signs.origin

    uint8 = only(tmp_path / "mine", test_data / "models" / "mobilenet_v1_0.25_128_quant.tflite")
    monkeypatch.setenv("MCUZOO_MODELS", str(uint8.parent))
    converted = resolve_model(MOBILENET)
    assert converted.origin.url.startswith("https://download.tensorflow.org/models/mobilenet_v1")
    assert converted.origin.converted_from == file_sha256(uint8)
    # Known by the note that lies beside it.
    assert resolve_model(str(converted.path)).origin == converted.origin
    # The file itself was not converted.
    assert resolve_model(str(uint8)).origin == replace(converted.origin, converted_from="")

    unknown = tmp_path / "mine.tflite"
    unknown.write_bytes(build.pool_model("MAX_POOL_2D", (1, 8, 8, 3)))
    assert resolve_model(str(unknown)).origin == Origin()
