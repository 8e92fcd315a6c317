"""The published models on the pack: their accuracies, and outputs equal to the golden ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcuzoo.evaluate.model import evaluate_model
from mcuzoo.evaluate.options import EvaluateOptions
from mcuzoo.evaluate.result import Evaluation
from mcuzoo.report.evaluation import evaluation_document

pytest.importorskip("ai_edge_litert")


def measured(test_data: Path, model: str, data: str, **options: object) -> Evaluation:
    path = str(test_data / "models" / f"{model}.tflite")
    chosen = EvaluateOptions(remember=False, **options)  # type: ignore[arg-type]
    return evaluate_model(path, test_data / data, chosen)


@pytest.mark.parametrize(
    ("model", "golden", "top1", "top5"),
    [
        pytest.param(
            "mobilenet_v1_0.25_128_quant_int8",
            "mb_nxp_int8_ref_softmax",
            0.395,
            0.695,
            marks=pytest.mark.full,
        ),
        pytest.param(
            "mobilenet_v1_0.25_128_quant",
            "mb_uint8_ref_softmax",
            0.390,
            0.680,
            marks=pytest.mark.full,
        ),
    ],
)
def test_mobilenet(
    test_data: Path, tmp_path: Path, model: str, golden: str, top1: float, top5: float
) -> None:
    path = tmp_path / "outputs.npy"
    found = measured(test_data, model, "manifest_imagenet.csv", outputs=path, jobs=1)
    assert (found.n, found.bad) == (200, ())
    document = evaluation_document(found)
    assert (document["top1"], document["top5"]) == (top1, top5)
    outputs = np.load(path)
    expected = np.load(test_data / "golden" / f"{golden}.npy")
    if expected.dtype == np.uint8:
        expected = (expected.astype(np.int16) - 128).astype(np.int8)
    np.testing.assert_array_equal(outputs, expected)


def test_tiny_resnet(test_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "outputs.npy"
    found = measured(test_data, "pretrainedResnet_quant", "cifar10", outputs=path, jobs=1)
    assert found.scores is not None
    assert (found.n, found.scores.top1.value) == (200, 0.71)
    golden = np.load(test_data / "golden" / "resnet8_int8_tflm_softmax.npy")
    # Folders sorted by name are in the manifest's order.
    np.testing.assert_array_equal(np.load(path), golden)


@pytest.mark.full
def test_emotions_in_tflms_arithmetic_and_in_litert(test_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "outputs.npy"
    found = measured(
        test_data,
        "emotion_uint8_float32",
        "manifest_fer.csv",
        outputs=path,
        against="litert-ref",
        jobs=1,
    )
    golden = test_data / "golden"
    np.testing.assert_array_equal(np.load(path), np.load(golden / "fer_zoo_int8_tflm_softmax.npy"))
    other = found.comparison
    assert found.scores is not None and other is not None and other.scores is not None
    assert other.agreement is not None and other.paired is not None
    assert round(found.scores.top1.value, 4) == 0.5486
    assert round(other.scores.top1.value, 4) == 0.5514
    assert (other.agreement.equal, other.agreement.largest_difference) == (327, 19)
    theirs = np.load(golden / "fer_zoo_int8_ref_softmax.npy").argmax(axis=1)
    assert other.flips.count == np.count_nonzero(np.load(path).argmax(axis=1) != theirs)
    assert other.paired.only_second - other.paired.only_first == 1
    assert [one.name for one in found.per_class][5:] == ["surprise", "neutral"]
    assert sum(count for _, _, count in found.confusion) == 350


def test_float_model_beside_its_int8_form(test_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "outputs.npy"
    found = measured(
        test_data,
        "derived_deepface_emotion_fp32",
        "fer",
        outputs=path,
        limit=21,
        against_model=str(test_data / "models" / "derived_deepface_emotion_int8io.tflite"),
    )
    assert (found.model.kind, found.model.engine) == ("float32", "litert-ref")
    assert found.against is not None and found.against.kind == "int8"
    assert found.comparison is not None and found.comparison.agreement is None
    assert {one.top1.total for one in found.per_class} == {3}
    # The folders come in the order of their names, the golden outputs in that of the classes.
    golden = np.load(test_data / "golden" / "fer_derived_fp32_softmax.npy")
    for row in np.load(path):
        assert np.abs(golden - row).max(axis=1).min() < 1e-6
