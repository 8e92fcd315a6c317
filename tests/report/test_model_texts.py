"""What is said of a model that was converted, quantized or fetched."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import Said, invoke
from helpers.pages import toy_evaluation
from helpers.schemas import complaints
from helpers.tflite_builder import conv_model

from mcuzoo.data.labels import Classes
from mcuzoo.evaluate.result import Evaluation
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.project.recipe import Recipe
from mcuzoo.quantize.job import Calibration, Quantized
from mcuzoo.quantize.onnx import OnnxComparison
from mcuzoo.quantize.process import WorkerReport, WorkerRun
from mcuzoo.quantize.quantize import QuantizedFile
from mcuzoo.report.models import (
    conversion_text,
    fetch_text,
    judgement_document,
    judgement_text,
    quantization_document,
    quantization_text,
)
from mcuzoo.run.conversion import Judgement
from mcuzoo.run.score import Accuracy, Agreement, Flips, Paired, Scores, Versus
from mcuzoo.zoo.convert.report import ConversionReport, LayerChange
from mcuzoo.zoo.fetch.fetch import Converted, FetchReport

SAME = ConversionReport("int8", 2_000, 2_000, 0, 0, (), ())
LAYERS = (LayerChange(0, "CONV_2D", 8, 8, 100, 0), LayerChange(4, "CONV_2D", 16, 10, 1_200, 30))


def test_a_conversion_without_a_change_says_so() -> None:
    assert conversion_text(SAME, Path("out.tflite")).splitlines() == [
        "out.tflite: 2,000 bytes, from 2,000",
        "weights and activations are INT8 and aligned as they were",
    ]


def test_a_conversion_names_what_it_changed() -> None:
    report = replace(SAME, source_dtype="uint8", tensors_shifted=9, layers=LAYERS)
    found = conversion_text(report, Path("out.tflite")).splitlines()[1:]
    assert found == [
        "tensors shifted from UINT8 to INT8: 9",
        "channels lossless: 18 of 24; weights changed: 30 of 1,300",
        "  op 4 CONV_2D: 6 of 16 channels rescaled, 30 of 1,200 weights changed",
    ]
    report = replace(SAME, misaligned_constants=3, ends_removed=("QUANTIZE at the input",))
    assert conversion_text(report, Path("out.tflite")).splitlines()[1:] == [
        "constants aligned to 16 bytes: 3 were not",
        "removed: QUANTIZE at the input",
    ]


def scores(correct: int, top5: int | None = 95) -> Scores:
    return Scores(Accuracy(correct, 100), None if top5 is None else Accuracy(top5, 100))


def judgement(paired: Paired, after: int) -> Judgement:
    versus = Versus(Flips(12, 100), Agreement(100, 60, 7), scores(after), paired)
    return Judgement(100, 100, 0.25, scores(80), versus.agreement or Agreement(0, 0, 0), versus, ())


def test_a_conversion_that_costs_accuracy_is_told_from_chance() -> None:
    worse = judgement_text(judgement(Paired(12, 0), 68)).splitlines()
    assert worse[0] == "images: 100, equal outputs 60, other top-1 12"
    assert worse[1] == "output distance: mean 0.2500, max 7 steps of the int8 output"
    assert worse[2].startswith("original:  top-1 0.8000 (") and worse[2].endswith("top-5 0.9500")
    assert worse[3].startswith("converted: top-1 0.6800 (")
    # Two times (1/2)^12: a small chance is none of 0.000.
    assert worse[4] == "right only before: 12, only after: 0; exact paired test p = 4.9e-04"
    assert worse[5] == "verdict: the conversion costs accuracy"
    chance = judgement_text(judgement(Paired(1, 0), 79)).splitlines()
    assert chance[-1] == "verdict: no loss of accuracy that 100 images could show"
    assert chance[-2].endswith("p = 1.000")


def test_a_conversion_on_images_without_labels_has_no_accuracy() -> None:
    agreement = Agreement(3, 3, 0)
    none = Judgement(3, 0, 0.0, None, agreement, Versus(Flips(0, 100), agreement, None, None), ())
    assert judgement_text(none).splitlines()[-1] == (
        "accuracy: not known, the images are not labelled"
    )
    document = judgement_document(none)
    assert document["original"] is document["converted"] is document["paired"] is None


@pytest.fixture(scope="module")
def quantized() -> Quantized:
    weights = np.ones((3, 4, 4, 3), np.int8)
    raw = conv_model((1, 4, 4, 3), weights, None, padding="VALID", input_zero_point=-128)
    model = parse_model(raw, "net")
    report = WorkerReport("2.16.1", 1_500_000_000)
    return Quantized(
        source=Path("net.keras"),
        float_model=parse_model(raw, "float"),
        int8_model=model,
        program=build_program(model),
        preprocessing=Recipe(),
        classes=Classes(3),
        calibration=Calibration(np.zeros((5, 4, 4, 3), np.float32), ("x.png: no picture",)),
        run=WorkerRun(report, 12.34),
        warnings=(),
    )


def quantization(quantized: Quantized, scored: Evaluation | None = None) -> list[str]:
    return quantization_text(Path("my net.tflite"), quantized, scored).splitlines()


def test_a_quantization_says_what_it_made_and_what_to_do_next(quantized: Quantized) -> None:
    found = quantization(quantized)
    assert f"sha256 {quantized.int8_model.sha256}" in found[0] and " 1 ops, " in found[0]
    assert found[2:] == [
        "calibrated on 5 images",
        "TensorFlow 2.16.1: 12.3 s, 1.50 GB at the most",
        "next: mcuzoo export 'my net.tflite' --board rt1170",
    ]


def test_weights_that_are_not_trainings_own_are_told(quantized: Quantized) -> None:
    onnx = OnnxComparison(20, 3e-7, 20, 18)
    report = replace(quantized.run.report, stored=("float16", "int8"), onnx=onnx)
    found = quantization(replace(quantized, run=replace(quantized.run, report=report)))
    assert found[2].startswith("weights    float16 and int8 in the source: ")
    assert found[3] == (
        "onnx       float within 3.0e-07 of the ONNX file's outputs; same class as it: float 20, "
        "INT8 18 of 20 images"
    )


@pytest.mark.parametrize(
    ("paired", "chance", "p"),
    [
        (Paired(12, 0), "more than chance", "4.9e-04"),
        (Paired(2, 1), "no more than chance", "1.000"),
    ],
)
def test_the_cost_of_a_quantization(
    quantized: Quantized, paired: Paired, chance: str, p: str
) -> None:
    versus = Versus(Flips(14, 100), None, scores(68, 90), paired)
    scored = replace(toy_evaluation(), scores=scores(80), comparison=versus)
    found = quantization(quantized, scored)[3:6]
    assert found[0] == "top-1      0.8000 -> 0.6800 (100 images)"
    assert found[1] == "top-5      0.9500 -> 0.9000 (100 images)"
    assert found[2].strip() == f"{chance} (paired exact test, p = {p})"
    few = replace(scored, scores=scores(80, None), comparison=replace(versus, paired=None))
    found = quantization(quantized, few)
    assert found[3].startswith("top-1 ") and found[4].startswith("TensorFlow ")


def test_the_cost_of_a_quantization_without_labels(quantized: Quantized) -> None:
    scored = replace(
        toy_evaluation(), n=40, scores=None, comparison=Versus(Flips(3, 100), None, None, None)
    )
    assert quantization(quantized, scored)[3] == "top-1 differs on 3 of 40 images, without labels"


def test_a_quantization_as_a_document(quantized: Quantized) -> None:
    found = quantization_document(Path("net.tflite"), quantized, None)
    assert found["input"] == {"scale": pytest.approx(0.05), "zero_point": -128}
    assert found["calibration_images"] == 5 and found["skipped"] == ["x.png: no picture"]
    assert found["score"] is None and found["onnx"] is None and found["seconds"] == 12.34
    assert found["ops"] == ["CONV_2D"] and found["bytes"] == quantized.int8_model.bytes


def quantizing(monkeypatch: pytest.MonkeyPatch, made: QuantizedFile, *words: str) -> Said:
    """The command, with TensorFlow's work done already."""
    monkeypatch.setattr(import_module("mcuzoo.quantize.quantize"), "quantize", lambda *_: made)
    return invoke(("quantize", "net.keras", made.output, "--calibration", "photos", *words))


def test_the_command_keeps_warnings_out_of_its_summary(
    quantized: Quantized, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = replace(quantized, warnings=("The input is odd.",), notes=("the recipe is a guess",))
    made = QuantizedFile(tmp_path / "net.tflite", told, None)
    said = quantizing(monkeypatch, made)
    assert said.exit_code == 0
    assert said.stdout == quantization_text(made.output, told, None)
    assert said.stderr.splitlines() == [
        "the recipe is a guess",
        "warning: x.png: no picture",
        "warning: The input is odd.",
    ]
    said = quantizing(monkeypatch, made, "--json")
    document = json.loads(said.stdout)
    assert not complaints(document) and document["warnings"] == ["The input is odd."]
    assert said.stderr == "the recipe is a guess\n"


FETCHED = FetchReport(
    model="net", role="int8", path="/cache/net.tflite", sha256="ab" * 32, bytes=12_345,
    trust="registry", fetched=True, source="https://example.org/net.tflite", licence="MIT",
    converted=None, ready="/cache/net.tflite",
)  # fmt: skip


def test_a_fetched_model_is_ready_for_a_board() -> None:
    assert fetch_text(FETCHED).splitlines() == [
        "/cache/net.tflite: int8, 12,345 bytes, fetched",
        f"  sha256 {'ab' * 32}; its hash is the one on record",
        "  source https://example.org/net.tflite; licence MIT",
        "next: mcuzoo fit net --board rt1050",
    ]
    again = fetch_text(replace(FETCHED, fetched=False, trust="remembered"))
    assert "bytes, at hand\n" in again and "the one it had the first time" in again


def test_a_hash_that_nobody_recorded_is_told() -> None:
    assert "trusted this first time and remembered" in fetch_text(replace(FETCHED, trust="learnt"))


def test_a_fetched_uint8_model_is_converted() -> None:
    made = Converted("/cache/net-int8.tflite", "cd" * 32, replace(SAME, layers=LAYERS).as_dict())
    found = fetch_text(replace(FETCHED, role="uint8", converted=made)).splitlines()
    assert found[3] == "/cache/net-int8.tflite: int8, 2,000 bytes, ready for TFLite-Micro"
    assert found[4] == "  channels lossless 18 of 24; weights changed 30 of 1,300"


@pytest.mark.parametrize("role", ["keras", "fp32"])
def test_a_fetched_float_model_is_to_be_quantized(role: str) -> None:
    report = replace(FETCHED, role=role, ready=None)  # type: ignore[arg-type]
    assert fetch_text(report).endswith("next: mcuzoo quantize net OUT.tflite --calibration DIR\n")
