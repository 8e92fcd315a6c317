"""A recipe and labels through the commands: what is said, what flags change, what is refused."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.commands import Said, invoke
from helpers.tflite_builder import conv_model
from numpy.typing import NDArray
from PIL import Image

CLASSES = 12
SIDE = 8


@pytest.fixture(scope="module")
def patterns() -> NDArray[np.uint8]:
    """A picture of each class, [classes, SIDE, SIDE, 3]."""
    random = np.random.default_rng(7)
    return random.integers(0, 256, (CLASSES, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture
def model(tmp_path: Path, patterns: NDArray[np.uint8]) -> Path:
    """Tells the patterns apart: each class has the most in common with its own."""
    weights = (patterns.astype(np.int16) - 128).clip(-127, 127).astype(np.int8)
    path = tmp_path / "patterns.tflite"
    path.write_bytes(
        conv_model(
            (1, SIDE, SIDE, 3), weights, None, padding="VALID", input_scale=1 / 128,
            weight_scales=(1 / 128,), output_scale=1.0,
        )
    )  # fmt: skip
    return path


def write(folder: Path, patterns: NDArray[np.uint8], names: list[str], each: int = 5) -> Path:
    random = np.random.default_rng(1)
    for name, pattern in zip(names, patterns, strict=True):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            noisy = pattern + random.normal(0, 20, pattern.shape)
            picture = noisy.clip(0, 255).astype(np.uint8)
            Image.fromarray(picture).save(folder / name / f"{number}.png")
    return folder


def evaluate(*words: object) -> Said:
    return invoke(["evaluate", *words, "--jobs", "1", "--no-remember"])


def document(*words: object) -> dict[str, Any]:
    said = evaluate(*words, "--json")
    assert said.exit_code == 0, said.output
    found: dict[str, Any] = json.loads(said.stdout)
    return found


IN_TEXT_ORDER = sorted(map(str, range(CLASSES)))


def test_folders_in_the_order_of_keras(
    tmp_path: Path, model: Path, patterns: NDArray[np.uint8]
) -> None:
    """Class 2 of a model that Keras trained is folder 10."""
    data = write(tmp_path / "data", patterns, IN_TEXT_ORDER)
    refused = evaluate(model, "--data", data)
    assert refused.exit_code == 2
    assert "Keras" in refused.stderr and "0 1 10 11 2 3" in refused.stderr
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(IN_TEXT_ORDER))
    found = document(model, "--data", data, "--labels", labels)
    assert found["top1"] == 1.0
    assert found["label_mapping"] == f"read as class names ({labels})"


def test_folders_in_the_order_of_numbers(
    tmp_path: Path, model: Path, patterns: NDArray[np.uint8]
) -> None:
    data = write(tmp_path / "data", patterns, list(map(str, range(CLASSES))), each=2)
    said = evaluate(model, "--data", data)
    assert said.exit_code == 0 and "top-1       1.0000" in said.stdout
    assert "numbers read as class indices" in said.stdout and "sorts folders as text" in said.stdout
    wide = [f"{number:02d}" for number in range(CLASSES)]
    found = document(model, "--data", write(tmp_path / "wide", patterns, wide, each=2))
    assert found["label_mapping"] == "numbers read as class indices"


def test_folders_give_their_names_where_the_model_has_none(
    tmp_path: Path, model: Path, patterns: NDArray[np.uint8]
) -> None:
    data = write(tmp_path / "data", patterns, [f"class {n:02d}" for n in range(CLASSES)], each=1)
    found = document(model, "--data", data)
    assert found["label_mapping"].startswith("folders numbered in the order of their names")
    assert [one["name"] for one in found["per_class"]] == [f"class {n:02d}" for n in range(CLASSES)]


def test_a_model_nobody_described_is_told_so(
    tmp_path: Path, model: Path, patterns: NDArray[np.uint8]
) -> None:
    data = write(tmp_path / "data", patterns, [f"{n:02d}" for n in range(CLASSES)], each=2)
    said = evaluate(model, "--data", data)
    assert said.stderr.startswith("note: nothing says how this model sees pictures")
    (line,) = (line for line in said.stdout.splitlines() if line.startswith("pictures"))
    assert len(line) <= 80
    assert document(model, "--data", data)["recipe"]["source"] == "default"
    flagged = evaluate(model, "--data", data, "--crop", "0.9")
    assert "note:" not in flagged.stderr and "central 0.9 of each side" in flagged.stdout
    model.with_suffix(".mcuzoo.toml").write_text("[preprocessing]\ncrop = 0.4\n")
    found = document(model, "--data", data)
    assert (found["recipe"]["source"], found["recipe"]["crop"]) == ("beside", 0.4)
    assert found["top1"] < 0.5
    mended = document(model, "--data", data, "--crop", "1")
    assert (mended["recipe"]["source"], mended["top1"]) == ("beside+flags", 1.0)


def turned(path: Path) -> None:
    """Store the picture a quarter turned, with the orientation that turns it back."""
    with Image.open(path) as picture:
        stored = picture.transpose(Image.Transpose.ROTATE_90)
        exif = picture.getexif()
        exif[0x0112] = 6
        whole = BytesIO()
        stored.save(whole, "png", exif=exif)
    path.write_bytes(whole.getvalue())


def test_pictures_that_exif_turns_are_counted(
    tmp_path: Path, model: Path, patterns: NDArray[np.uint8]
) -> None:
    data = write(tmp_path / "data", patterns, [f"{n:02d}" for n in range(CLASSES)], each=2)
    for path in data.glob("*/0.png"):
        turned(path)
    found = document(model, "--data", data)
    assert (found["turned"], found["top1"]) == (CLASSES, 1.0)
    assert f"{CLASSES} as their EXIF orientation says" in evaluate(model, "--data", data).stdout
    ignored = document(model, "--data", data, "--no-exif")
    assert ignored["turned"] == 0 and ignored["top1"] < 1.0


def test_clipped_values_are_told(tmp_path: Path, model: Path, patterns: NDArray[np.uint8]) -> None:
    data = write(tmp_path / "data", patterns, [f"{n:02d}" for n in range(CLASSES)], each=2)
    said = evaluate(model, "--data", data, "--normalize", "torch")
    assert "beyond what int8 can take" in said.stdout
    assert "is the normalization right?" in said.stderr
    exact = document(model, "--data", data)
    assert exact["clipped"] == 0.0


def test_an_option_that_is_no_recipe(model: Path, tmp_path: Path) -> None:
    said = evaluate(model, "--data", tmp_path, "--resize", "bilinnear")
    assert said.exit_code == 2 and "Did you mean 'bilinear'" in said.stderr
    said = evaluate(model, "--data", tmp_path, "--color", "gray")
    assert said.exit_code == 2 and "Say --color rgb" in said.stderr


def test_doctor_image_knows_a_normalized_recipe(
    tmp_path: Path, model: Path, patterns: NDArray[np.uint8]
) -> None:
    picture, tensor = tmp_path / "one.png", tmp_path / "tensor.npy"
    whole = np.asarray(Image.fromarray(patterns[0]).resize((20, 16), Image.Resampling.BICUBIC))
    Image.fromarray(whole).save(picture)
    flags = ("--recipe", "unit", "--fit", "letterbox", "--resize", "pillow:bilinear")
    words = ("doctor-image", picture, "--model", model, *flags)
    made = invoke([*words, "--save", tensor])
    assert made.exit_code == 0, made.output
    assert "letterbox" in made.stdout
    right = invoke([*words, "--tensor", tensor])
    assert right.exit_code == 0 and "nothing wrong with it" in right.stdout, right.output
    plain = tmp_path / "plain.npy"
    unnormalized = ("doctor-image", picture, "--model", model, *flags[2:])
    assert invoke([*unnormalized, "--save", plain]).exit_code == 0
    wrong = invoke([*words, "--tensor", plain])
    assert wrong.exit_code == 1 and "not-normalized" in wrong.stdout
