from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.small_net import small_net

from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.inspect import inspect_model


@pytest.mark.parametrize(
    ("name", "macs", "params"),
    [
        ("mobilenet_v1_0.25_128_quant_int8", 13_570_304, 467_593),
        ("mobilenet_v1_0.25_128_quant", 13_570_304, 467_593),
        ("derived_deepface_emotion_int8io", 28_835_840, 1_485_831),
        ("derived_deepface_emotion_fp32", 28_835_840, 1_485_831),
    ],
)
def test_published_figures(test_data: Path, name: str, macs: int, params: int) -> None:
    inspection = inspect_model(load_model(test_data / "models" / f"{name}.tflite"))
    assert (inspection.macs, inspection.params) == (macs, params)
    assert sum(op.macs for op in inspection.ops) == macs


def test_small_network() -> None:
    inspection = inspect_model(parse_model(small_net(), "small"))
    by_name = {op.name: op for op in inspection.ops}
    assert by_name["CONV_2D"].macs == 4 * 4 * 4 * 3 * 3 * 2
    assert by_name["DEPTHWISE_CONV_2D"].macs == 4 * 4 * 4 * 3 * 3
    assert by_name["FULLY_CONNECTED"].macs == 5 * 16
    assert by_name["ADD"].macs == 0
    assert by_name["CONV_2D"].params == 4 * 3 * 3 * 2 + 4
    assert by_name["CONV_2D"].weight_scales == 4
    # The convolutions share one bias: it is stored, and counted, once.
    assert inspection.params == 4 * 3 * 3 * 2 + 4 + 3 * 3 * 4 + 5 * 16
    assert inspection.constant_bytes == 72 + 16 + 36 + 32 + 8 + 80
    assert [runtime.runs for runtime in inspection.runtimes] == [True, True]


def test_json_keys() -> None:
    document = json.loads(json.dumps(inspect_model(parse_model(small_net(), "s")).as_dict()))
    assert {"sha256", "bytes", "ops", "macs", "params", "inputs", "outputs"} <= set(document)
    assert {"index", "name", "macs"} <= set(document["ops"][0])
    assert document["inputs"][0]["shape"] == [1, 4, 4, 2]
    assert document["inputs"][0]["dtype"] == "int8"
    assert document["outputs"][0]["dtype"] == "float32"


def test_verdict_names_what_is_not_covered() -> None:
    """The ahead-of-time runtime takes four dimensions."""
    shape = (1, 1, 1, 1, 4)
    tensors = [
        build.T("in", (1, 4), scale=0.1),
        build.T("a", shape, scale=0.1),
        build.T("axis", (1,), "int32", data=np.array([0], np.int32)),
        build.T("b", shape, scale=0.1),
        build.T("out", (1, 4), scale=0.1),
        build.T("c", (1, 4), scale=0.1),
    ]
    ops = [
        build.O("RESHAPE", (0,), (1,), {"new_shape": list(shape)}),
        build.O("SUM", (1, 2), (3,), {"keep_dims": True}),
        build.O("RESHAPE", (3,), (5,), {"new_shape": [1, 4]}),
        build.O("FLOOR_MOD", (5,), (4,)),
    ]
    inspection = inspect_model(parse_model(build.build_model(tensors, ops, [0], [4]), "case"))
    aot, tflm = inspection.runtimes
    assert not aot.runs and aot.reason is not None and aot.reason.startswith("Op 1 SUM")
    # TFLM has both; a project of mcuzoo's has the first.
    assert not tflm.runs and tflm.reason is not None and tflm.reason.startswith("Op 3 FLOOR_MOD: ")
    assert inspection.ops[1].aot is not None and inspection.ops[1].tflm is None


def test_whole_model_reason(test_data: Path) -> None:
    model = load_model(test_data / "models" / "mobilenet_v1_0.25_128_quant.tflite")
    aot, tflm = inspect_model(model).runtimes
    assert aot.reason is not None and aot.reason.startswith("The model is UINT8")
    assert tflm.reason == aot.reason
    assert sum(op.tflm is not None for op in inspect_model(model).ops) == 30
