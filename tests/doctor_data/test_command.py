"""`mcuzoo doctor-data` on the bundled model, and on other people's where they are at hand."""

from __future__ import annotations

import csv
import json
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.commands import invoke
from helpers.shared import built_once
from PIL import Image

import mcuzoo
from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.draw import draw_sign
from mcuzoo.doctor_data.options import DoctorDataOptions

PER_CLASS = 6


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of drawn signs, 6 of each class."""

    def draw(folder: Path) -> None:
        for label, name in enumerate(CLASS_NAMES):
            (folder / name).mkdir()
            for number in range(PER_CLASS):
                picture = Image.fromarray(draw_sign(label, 7, number))
                picture.save(folder / name / f"{number}.png")

    return built_once(tmp_path_factory, "doctor_data_signs", draw)


def doctor(*words: object, code: int = 0) -> dict[str, Any]:
    said = invoke(["doctor-data", *words, "--json"])
    assert said.exit_code == code, said.output
    found: dict[str, Any] = json.loads(said.stdout)
    assert found["fails"] == (code == 1)
    return found


def contradicted(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Grave findings by part."""
    return {
        one["part"]: one
        for one in found["findings"]
        if one["verdict"] == "contradicted" and one["grave"]
    }


@pytest.mark.slow
def test_the_bundled_model_is_not_contradicted(signs: Path) -> None:
    found = doctor("signs", "--data", signs)
    agrees = {one["part"] for one in found["findings"] if one["verdict"] == "agrees"}
    assert {"label order", "colour", "normalization", "orientation"} <= agrees
    assert found["data"]["n"] == PER_CLASS * len(CLASS_NAMES)
    assert found["correct_as_declared"] > 0.9 * found["data"]["n"]
    assert found["input"]["clipped"] == 0 and not found["warnings"] and not found["outputs"]


@pytest.mark.slow
def test_wrong_colours_and_numbers_and_what_mends_them(signs: Path) -> None:
    wrong = ["signs", "--data", signs, "--recipe", "signs", "--color", "bgr", "--normalize", "raw"]
    found = doctor(*wrong, code=1)
    assert set(contradicted(found)) == {"colour", "normalization"}
    assert contradicted(found)["colour"]["better"] == ["rgb"]
    assert contradicted(found)["colour"]["flags"] == ["--color", "rgb"]
    assert found["input"]["clipped"] > 0.9 and any("clipped" in text for text in found["warnings"])
    mended = doctor("signs", "--data", signs, *found["mend"])
    assert not contradicted(mended)


@pytest.mark.slow
def test_labels_in_another_order_and_the_file_that_mends_them(signs: Path, tmp_path: Path) -> None:
    """The file of names is in the order of the alphabet, the outputs are not."""
    wrong, right = tmp_path / "wrong.txt", tmp_path / "right.txt"
    wrong.write_text("\n".join(sorted(CLASS_NAMES)) + "\n")
    words = ["signs", "--data", signs, "--labels", wrong]
    found = doctor(*words, "--save-labels", right, code=1)
    assert set(contradicted(found)) == {"label order"}
    assert right.read_text().split() == list(CLASS_NAMES)
    shown = [one["name"] for one in found["outputs"]]
    assert shown == list(CLASS_NAMES) and all(one["sure"] for one in found["outputs"])
    assert not contradicted(doctor("signs", "--data", signs, "--labels", right))
    text = invoke(["doctor-data", *words]).stdout
    assert "--save-labels labels.txt" in text.splitlines()[-1]


@pytest.mark.slow
def test_pictures_that_lie_on_their_side(signs: Path, tmp_path: Path) -> None:
    """Stored turned, with the orientation in EXIF: right by default, wrong without."""
    rows = [("file", "label")]
    for label, name in enumerate(CLASS_NAMES):
        for number in range(PER_CLASS):
            picture = Image.open(signs / name / f"{number}.png").transpose(
                Image.Transpose.ROTATE_90
            )
            exif = Image.Exif()
            exif[0x0112] = 6  # to be turned clockwise
            file = f"{label}_{number}.jpg"
            picture.save(tmp_path / file, quality=95, exif=exif)
            rows.append((file, str(label)))
    with (tmp_path / "manifest.csv").open("w", newline="") as table:
        csv.writer(table).writerows(rows)
    found = doctor("signs", "--data", tmp_path, "--exif")
    parts = {one["part"]: one for one in found["findings"]}
    assert found["data"]["turned_by_exif"] == len(rows) - 1
    assert parts["EXIF orientation"]["verdict"] == "agrees"
    ignored = {
        one["part"]: one for one in doctor("signs", "--data", tmp_path, "--no-exif")["findings"]
    }
    assert ignored["EXIF orientation"]["verdict"] == "contradicted"
    assert ignored["EXIF orientation"]["flags"] == ["--exif"]
    assert "clockwise" in ignored["orientation"]["better"][0]


@pytest.mark.slow
def test_pictures_of_the_inputs_size_say_nothing_of_the_resize(signs: Path, tmp_path: Path) -> None:
    for name in CLASS_NAMES:
        (tmp_path / name).mkdir()
        for number in range(PER_CLASS):
            picture = Image.open(signs / name / f"{number}.png")
            picture.resize((128, 128)).save(tmp_path / name / f"{number}.png")
    found = doctor("signs", "--data", tmp_path, "--crop", "1")
    assert "resize" not in {one["part"] for one in found["findings"]}
    assert "letterbox" not in {one["part"] for one in found["findings"]}


@pytest.mark.slow
def test_the_text(signs: Path) -> None:
    said = invoke(["doctor-data", "signs", "--data", signs, "--color", "bgr"])
    assert said.exit_code == 1
    lines = said.stdout.splitlines()
    assert any(
        line.startswith("contradicted  colour: not bgr; rgb fits better (z ") for line in lines
    )
    assert "your pictures cannot tell" in " ".join(said.stdout.split())
    assert lines[-1] == f"next: mcuzoo doctor-data signs --data {signs}"
    assert max(map(len, lines[:-1])) <= 80
    assert "%" not in said.stdout


def test_the_verb(signs: Path) -> None:
    done: list[tuple[int, int | None]] = []
    found = mcuzoo.doctor_data(
        "signs", signs, DoctorDataOptions(limit=32), lambda *counts: done.append(counts)
    )
    assert found.n == 32 and not found.fails and done[-1] == (32, 32)
    assert any("tell little" in warning for warning in found.warnings)


def test_without_litert_the_reference_answers(signs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("mcuzoo.doctor_data.doctor")
    monkeypatch.setattr(module, "missing_packages", list)
    found = mcuzoo.doctor_data("signs", signs, DoctorDataOptions(limit=3))
    assert found.engine == "reference" and found.n == 3 and not found.fails


@pytest.mark.slow
def test_damaged_pictures_are_left_out_and_said(signs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "signs"
    shutil.copytree(signs, folder)
    (folder / "stop" / "0.png").write_bytes(b"no picture")
    said = invoke(["doctor-data", "signs", "--data", folder, "--limit", "96"])
    assert said.exit_code == 0 and "unusable: stop/0.png" in said.stderr
    assert "95 of " in said.stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["signs", "--data", "{flat}"], "No picture of"),
        (["signs", "--data", "{nowhere}"], "There is no data set"),
        (["signs", "--data", "signs", "--color", "pink"], "pink"),
        (["signs", "--data", "signs", "--color", "gray"], "gray"),
    ],
    ids=["unlabelled", "absent", "no-colour", "gray-for-rgb"],
)
def test_what_cannot_be_asked(words: list[str], what: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8, 3), np.uint8))
    places = {"flat": tmp_path, "nowhere": tmp_path / "nowhere"}
    said = invoke(["doctor-data", *(word.format(**places) for word in words)])
    assert said.exit_code == 2 and what in said.stderr and "hint: " in said.stderr


OTHERS = [
    pytest.param(
        "mobilenet_v1_0.25_128_quant_int8.tflite",
        "manifest_imagenet.csv",
        {"colour"},
        marks=pytest.mark.full,
    ),
    ("pretrainedResnet_quant.tflite", "manifest_cifar10.csv", {"colour"}),
    ("derived_deepface_emotion_int8io.tflite", "manifest_fer.csv", set()),
]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "data", "parts"), OTHERS, ids=["mobilenet", "resnet", "faces"])
def test_other_peoples_models(test_data: Path, model: str, data: str, parts: set[str]) -> None:
    """None is contradicted as it is; wrong colours are."""
    path = test_data / "models" / model
    words: list[object] = [path, "--data", test_data / data]
    assert not contradicted(doctor(*words))
    if parts:
        assert set(contradicted(doctor(*words, "--color", "bgr", code=1))) == parts


def test_known_label_orders_of_other_peoples_models(test_data: Path, tmp_path: Path) -> None:
    """CIFAR-10's labels counted from 1, as far as there is an output."""
    with (test_data / "manifest_cifar10.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    shifted = tmp_path / "shifted.csv"
    with shifted.open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(("file", "label"))
        for row in rows:
            if int(row["label"]) < 9:
                writer.writerow((test_data / row["file"], int(row["label"]) + 1))
    path = test_data / "models" / "pretrainedResnet_quant.tflite"
    labels = tmp_path / "labels.txt"
    found = doctor(path, "--data", shifted, "--save-labels", labels, code=1)
    assert "one lower" in contradicted(found)["label order"]["better"][0]
    assert labels.read_text().split("\n")[:9] == [str(number) for number in range(1, 10)]
    assert not contradicted(doctor(path, "--data", shifted, "--labels", labels))


@pytest.mark.slow
def test_numbered_folders_of_keras(signs: Path, tmp_path: Path) -> None:
    """Keras sorted the folders 0, 1, 10, 11, ... as text; their numbers are no outputs."""
    as_text = sorted(map(str, range(len(CLASS_NAMES))))
    for number, name in zip(as_text, CLASS_NAMES, strict=True):
        shutil.copytree(signs / name, tmp_path / "data" / number)
    labels = tmp_path / "labels.txt"
    words = ["signs", "--data", tmp_path / "data"]
    found = doctor(*words, "--save-labels", labels, code=1)
    assert "as text" in contradicted(found)["label order"]["better"][0]
    assert labels.read_text().split() == as_text
    assert not contradicted(doctor(*words, "--labels", labels))
