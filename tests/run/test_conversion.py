"""Original and conversion on the same images, on the real command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke
from helpers.uint8_models import uint8_net

from mcuzoo.data.images import DataSet, FilePicture, Item
from mcuzoo.data.output_form import OutputForm
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.report.models import judgement_document
from mcuzoo.run.conversion import Comparison, Judgement, make_comparison
from mcuzoo.zoo.convert.convert import convert_model
from mcuzoo.zoo.convert.weights import symmetric_weights

pytest.importorskip("ai_edge_litert")
Image = pytest.importorskip("PIL.Image")
pytest.importorskip("cv2")

UINT8_MODEL = "mobilenet_v1_0.25_128_quant.tflite"


class Answers:
    """An engine whose outputs are known beforehand."""

    def __init__(self, outputs: list[list[int]]) -> None:
        self._outputs = iter(outputs)

    def run(
        self, input: np.ndarray[tuple[int, ...], np.dtype[np.int8]]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
        return np.array(next(self._outputs), dtype=np.int8)


def judged(first: list[list[int]], second: list[list[int]], folder: Path) -> Judgement:
    """Of images that are all labelled 1."""
    from hashlib import sha256

    from mcuzoo.data.preprocess import PictureInput
    from mcuzoo.project.recipe import Recipe

    path = folder / "gray.png"
    Image.new("L", (8, 8), 90).save(path)
    digest = sha256(path.read_bytes()).hexdigest()
    items = tuple(Item(at, "gray.png", FilePicture(path), 1, digest) for at in range(len(first)))
    comparison = Comparison(
        Answers(first), Answers(second), PictureInput(Recipe(color="gray"), (1, 8, 8, 1)),
        DataSet(folder, items, ""), (1 / 256, -128), OutputForm(4),
    )  # fmt: skip
    return comparison.run()


def test_figures_of_known_outputs(tmp_path: Path) -> None:
    first = [[0, 5, 0, 0]] * 8
    second = [[0, 5, 0, 0]] + [[9, 5, 0, 0]] * 7
    judgement = judged(first, second, tmp_path)
    assert (judgement.images, judgement.agreement.equal, judgement.versus.flips.count) == (8, 1, 7)
    assert (judgement.mean_distance, judgement.agreement.largest_difference) == (7 * 9 / 4 / 8, 9)
    paired, converted = judgement.versus.paired, judgement.versus.scores
    assert paired is not None and judgement.original and converted
    assert (paired.only_first, paired.only_second) == (7, 0)
    assert (judgement.original.top1.value, converted.top1.value) == (1, 1 / 8)
    document = judgement_document(judgement)
    assert document["converted"] == {"top1": 1 / 8, "top5": 1.0}  # of four classes
    assert judgement.worse
    assert not judged(second, first, tmp_path).worse
    assert not judged(first, first, tmp_path).worse


def test_unlabelled_images_and_bad_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    images = tmp_path / "images"
    images.mkdir()
    for number in range(3):
        pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(images / f"{number}.png")
    (images / "broken.png").write_bytes(b"no picture")
    document = json.loads(signs_against_itself(tmp_path, images))
    judgement = document["images"]
    assert (judgement["images"], judgement["identical"], judgement["max_distance"]) == (3, 3, 0)
    assert judgement["original"] is None and judgement["paired"] is None
    assert len(judgement["unusable"]) == 1 and "broken.png" in judgement["unusable"][0]


def signs_against_itself(folder: Path, images: Path) -> str:
    out = folder / "signs.tflite"
    command = ["convert", "signs", str(out), "--images", str(images), "--json"]
    result = invoke(command)
    assert result.exit_code == 0, result.output
    assert load_model(out).ops
    return result.stdout


def test_the_zoo_file_on_some_of_its_images(test_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.tflite"
    source = str(test_data / "models" / UINT8_MODEL)
    images = str(test_data / "manifest_imagenet.csv")
    command = ["convert", source, str(out), "--images", images, "--limit", "10"]
    result = invoke(command)
    assert result.exit_code == 0, result.output
    assert "channels lossless: 3,681 of 3,737; weights changed: 7,639 of 463,856" in result.stdout
    assert "images: 10," in result.stdout and "exact paired test p = " in result.stdout
    assert "\nverdict: no loss" in result.stdout


@pytest.mark.full
def test_accuracy_on_the_whole_pack(test_data: Path) -> None:
    source = load_model(test_data / "models" / UINT8_MODEL)
    conversion = convert_model(source)
    from mcuzoo.zoo.registry import resolve_model

    preprocessing = resolve_model(str(test_data / "models" / UINT8_MODEL)).preprocessing
    manifest = test_data / "manifest_imagenet.csv"
    judgement = make_comparison(source, conversion, preprocessing, manifest).run()
    assert judgement.images == len(list(csv.DictReader(manifest.open()))) == 200
    converted = judgement.versus.scores
    assert judgement.original is not None and converted is not None
    published = json.loads((test_data / "golden" / "expected.json").read_text())["metrics"]
    assert judgement.original.top1.value == published["mb_uint8"]["top1"] == 0.39
    assert converted.top1.value == published["mb_u8toi8"]["top1"]
    assert abs(converted.top1.value - judgement.original.top1.value) <= 0.01
    assert not judgement.worse


def test_per_tensor_weights_would_lose_more() -> None:
    """Why the weights are rewritten per channel: one outlier costs every other channel."""
    tensor = parse_model(uint8_net(), "net").tensor(1)
    assert tensor.data is not None
    data = tensor.data.copy()
    data[0, 0, 0, 0] = 255
    from dataclasses import replace

    stretched = replace(tensor, data=data)
    assert symmetric_weights(stretched, 0).changed < symmetric_weights(stretched, None).changed
