"""The zoo's UINT8 file: the figures of its conversion, and byte-equal engines on its images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.same_model import assert_same_graph, misaligned

from mcuzoo.engines.litert import LitertEngine
from mcuzoo.engines.litert_uint8 import LitertUint8Engine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.engines.tflm import TflmEngine
from mcuzoo.errors import ModelError
from mcuzoo.graph.read import load_model
from mcuzoo.zoo.convert.convert import convert_model
from mcuzoo.zoo.convert.report import Conversion

SAMPLE = 12


@pytest.fixture(scope="module")
def conversion(test_data: Path) -> Conversion:
    return convert_model(load_model(test_data / "models" / "mobilenet_v1_0.25_128_quant.tflite"))


def test_figures(conversion: Conversion) -> None:
    report = conversion.report
    assert (report.lossless_channels, report.channels) == (3681, 3737)
    assert (report.weights_changed, report.weights) == (7639, 463_856)
    assert report.misaligned_constants == 44 and misaligned(conversion.model) == []
    versions = {op.name: op.version for op in conversion.model.ops}
    assert versions == {
        "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "AVERAGE_POOL_2D": 2, "RESHAPE": 1, "SOFTMAX": 2,
    }  # fmt: skip


def test_the_graph_is_that_of_an_independent_rewrite(
    test_data: Path, conversion: Conversion
) -> None:
    other = load_model(test_data / "models" / "derived_mobilenet_u8toi8.tflite")
    assert_same_graph(conversion.model, other)


def test_engines_agree_byte_for_byte(test_data: Path, conversion: Conversion) -> None:
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("tflite_micro")
    inputs = np.load(test_data / "golden" / "imagenet_inputs_u8.npy")[:SAMPLE]
    golden = np.load(test_data / "golden" / "mb_u8toi8_ref_softmax.npy")
    model = conversion.model
    engines = LitertEngine(model), TflmEngine(model), ReferenceEngine(model)
    for image, expected in zip(inputs, golden, strict=False):
        values = (image.astype(np.int16) - 128).astype(np.int8)
        for engine in engines:
            np.testing.assert_array_equal(engine.run(values), expected.reshape(-1))


def test_the_original_runs_as_published(test_data: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    model = load_model(test_data / "models" / "mobilenet_v1_0.25_128_quant.tflite")
    engine = LitertUint8Engine(model)
    inputs = np.load(test_data / "golden" / "imagenet_inputs_u8.npy")[:SAMPLE]
    golden = np.load(test_data / "golden" / "mb_uint8_ref_softmax.npy")
    for image, expected in zip(inputs, golden, strict=False):
        output = engine.run((image.astype(np.int16) - 128).astype(np.int8))
        np.testing.assert_array_equal(output.astype(np.int16) + 128, expected.reshape(-1))


def test_a_published_int8_file_with_float_ends(test_data: Path) -> None:
    source = load_model(test_data / "models" / "emotion_uint8_float32.tflite")
    cut = convert_model(source, "int8")
    assert cut.report.ends_removed and misaligned(cut.model) == []
    before, after = ReferenceEngine(source), ReferenceEngine(cut.model)
    image = np.random.default_rng(4).integers(-128, 128, (48, 48, 1), dtype=np.int8)
    np.testing.assert_array_equal(before.run(image), after.run(image))


def test_a_published_float_file_is_refused(test_data: Path) -> None:
    source = load_model(test_data / "models" / "derived_deepface_emotion_fp32.tflite")
    with pytest.raises(ModelError, match="not quantized") as raised:
        convert_model(source)
    assert "Quantize the float model" in raised.value.hint
