"""Whole published models on the host's engines, against golden outputs and against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.engines import assert_equals_tflm
from helpers.examples import examples
from helpers.small_net import small_net
from numpy.typing import NDArray

from mcuzoo.engines.litert import LitertEngine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.engines.tflm import TflmEngine
from mcuzoo.errors import InputError, ModelError, UsageError
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.zoo.registry import resolve_model

GOLDEN = [
    ("mobilenet_v1_0.25_128_quant_int8", "imagenet_inputs_u8", "mb_nxp_int8_ref_softmax"),
    ("derived_mobilenet_u8toi8", "imagenet_inputs_u8", "mb_u8toi8_ref_softmax"),
    ("derived_deepface_emotion_int8io", "fer_inputs_u8", "fer_derived_int8io_tflm_softmax"),
    ("emotion_uint8_float32", "fer_inputs_u8", "fer_zoo_int8_tflm_softmax"),
]


def int8_inputs(test_data: Path, name: str) -> NDArray[np.int8]:
    pixels: NDArray[np.uint8] = np.load(test_data / "golden" / f"{name}.npy")
    return (pixels.astype(np.int16) - 128).astype(np.int8)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "inputs", "golden"), GOLDEN)
def test_every_golden_output(test_data: Path, model: str, inputs: str, golden: str) -> None:
    engine = ReferenceEngine(load_model(test_data / "models" / f"{model}.tflite"))
    images = int8_inputs(test_data, inputs)
    expected = np.load(test_data / "golden" / f"{golden}.npy")
    assert len(images) >= 100
    for image, scores in zip(images[: examples(100)], expected, strict=False):
        np.testing.assert_array_equal(engine.run(image), scores)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "inputs"), [(model, inputs) for model, inputs, _ in GOLDEN])
def test_tflm_engine_agrees(test_data: Path, model: str, inputs: str) -> None:
    pytest.importorskip("tflite_micro")
    loaded = load_model(test_data / "models" / f"{model}.tflite")
    ours, theirs = ReferenceEngine(loaded), TflmEngine(loaded)
    for image in int8_inputs(test_data, inputs)[:5]:
        np.testing.assert_array_equal(ours.run(image), theirs.run(image))


def test_bundled_signs_equal_tflm() -> None:
    pytest.importorskip("tflite_micro")
    assert_equals_tflm(resolve_model("signs").path.read_bytes())


def test_litert_reference_kernels_agree_on_mobilenet(test_data: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    loaded = load_model(test_data / "models" / "mobilenet_v1_0.25_128_quant_int8.tflite")
    ours, theirs = ReferenceEngine(loaded), LitertEngine(loaded)
    for image in int8_inputs(test_data, "imagenet_inputs_u8")[:10]:
        np.testing.assert_array_equal(ours.run(image), theirs.run(image))


def test_litert_rounds_fully_connected_once_where_tflm_rounds_twice(test_data: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    loaded = load_model(test_data / "models" / "derived_deepface_emotion_int8io.tflite")
    engine = LitertEngine(loaded)
    images = int8_inputs(test_data, "fer_inputs_u8")
    golden = test_data / "golden"
    litert = np.load(golden / "fer_derived_int8io_ref_softmax.npy")
    tflm = np.load(golden / "fer_derived_int8io_tflm_softmax.npy")
    differing = np.flatnonzero((litert != tflm).any(axis=1))
    assert len(differing) > 0
    for index in differing[:3]:
        np.testing.assert_array_equal(engine.run(images[index]), litert[index])


def test_layers_end_in_the_output() -> None:
    engine = ReferenceEngine(parse_model(small_net(), "small"))
    values = np.random.default_rng(3).integers(-128, 128, (1, 4, 4, 2), dtype=np.int8)
    layers = engine.run_layers(values)
    assert [op.name for op, _ in layers] == [step.op.name for step in engine.program.steps]
    for op, output in layers:
        assert output.shape == engine.program.model.tensor(op.outputs[0]).shape
    np.testing.assert_array_equal(layers[-1][1].reshape(-1), engine.run(values))


def test_running_leaves_no_trace() -> None:
    engine = ReferenceEngine(parse_model(small_net(), "small"))
    values = np.random.default_rng(4).integers(-128, 128, 32, dtype=np.int8)
    before = values.copy()
    first = engine.run(values)
    engine.run(np.zeros(32, np.int8))
    np.testing.assert_array_equal(engine.run(values), first)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("values", [np.zeros(31, np.int8), np.zeros(32, np.uint8)])
def test_wrong_input_is_refused(values: NDArray[np.int8]) -> None:
    engine = ReferenceEngine(parse_model(small_net(), "small"))
    with pytest.raises(InputError, match=r"int8 \[1, 4, 4, 2\]"):
        engine.run(values)


def test_float_model_is_refused(test_data: Path) -> None:
    model = load_model(test_data / "models" / "derived_deepface_emotion_fp32.tflite")
    with pytest.raises(ModelError, match="not quantized"):
        ReferenceEngine(model)


def test_unknown_resolver_is_refused() -> None:
    with pytest.raises(UsageError, match="no LiteRT resolver"):
        LitertEngine(parse_model(small_net(), "small"), resolver="fast")
