"""What each runtime refuses, and that what the check accepts the engine can prepare."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.small_net import CONVOLUTION, POOL, small_net
from helpers.tflite_builder import O, T

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.coverage import check_aot, check_tflm, judge

IMAGE = (1, 6, 6, 4)


def one_op(name: str, inputs: list[T], output: T, **options: Any) -> bytes:
    """`inputs[0]` is the graph's input."""
    numbers = tuple(range(len(inputs)))
    op = O(name, numbers, (len(inputs),), options)
    return build.build_model([*inputs, output], [op], [0], [len(inputs)])


def constant(shape: tuple[int, ...], dtype: str = "int8", **changes: Any) -> T:
    scale = changes.pop("scale", 0.01 if dtype != "int32" else None)
    return T("constant", shape, dtype, scale, data=np.ones(shape, dtype), **changes)


def int8(*shape: int, **changes: Any) -> T:
    return T("tensor", shape, **{"scale": 0.1, **changes})


IMAGE_TENSOR = int8(*IMAGE)


def conv(weights: T, output: T = IMAGE_TENSOR, source: T = IMAGE_TENSOR, **options: Any) -> bytes:
    return one_op("CONV_2D", [source, weights], output, **{**CONVOLUTION, **options})


GOOD = constant((4, 3, 3, 4))
DEPTHWISE = {**CONVOLUTION, "depth_multiplier": 1}
ONE_BY_ONE = {**POOL, "stride_h": 1, "stride_w": 1, "filter_width": 1, "filter_height": 1}

REFUSED = {
    "grouped convolution": (conv(constant((4, 3, 3, 2))), "grouped"),
    "batch of two": (conv(GOOD, int8(2, 6, 6, 4), int8(2, 6, 6, 4)), "not .1, height"),
    "output too large": (conv(GOOD, int8(1, 7, 6, 4)), r"not \[1, 6, 6, 4\]"),
    "stride of zero": (conv(GOOD, stride_h=0), "its window is"),
    "weights with zero point": (conv(constant((4, 3, 3, 4), zero_point=3)), "zero point"),
    "scales along the inputs": (
        conv(constant((4, 3, 3, 4), scale=[0.1] * 4, axis=3)),
        "scales along axis 3",
    ),
    "TANH fused": (conv(GOOD, fused_activation_function="TANH"), "TANH"),
    "scales far apart": (conv(constant((4, 3, 3, 4), scale=1e7), int8(*IMAGE, scale=1e-7)), "far"),
    "scale of nothing": (conv(GOOD, int8(*IMAGE, scale=1e-12)), "has the scale 1e-12"),
    "int16 output": (conv(GOOD, T("t", IMAGE, "int16", 0.1)), "is int16, not int8"),
    "bias of another length": (
        one_op(
            "CONV_2D", [int8(*IMAGE), GOOD, constant((3,), "int32")], int8(*IMAGE), **CONVOLUTION
        ),
        "holds 3 values, not 4",
    ),
    "depth multiplier that lies": (
        one_op(
            "DEPTHWISE_CONV_2D",
            [int8(*IMAGE), constant((1, 3, 3, 8))],
            int8(1, 6, 6, 8),
            **DEPTHWISE,
        ),
        "depth multiplier 1",
    ),
    "dense of another depth": (
        one_op("FULLY_CONNECTED", [int8(1, 10), constant((3, 7))], int8(1, 3)),
        "7 columns does not fit",
    ),
    "dense with too many outputs": (
        one_op("FULLY_CONNECTED", [int8(1, 7), constant((3, 7))], int8(1, 4)),
        r"has the shape \[1, 4\]",
    ),
    "shuffled dense": (
        one_op("FULLY_CONNECTED", [int8(1, 7), constant((3, 7))], int8(1, 3), weights_format=1),
        "shuffled",
    ),
    "pool that rescales": (
        one_op("MAX_POOL_2D", [int8(*IMAGE)], int8(*IMAGE, scale=0.2), **ONE_BY_ONE),
        "unlike the input",
    ),
    "addends that do not broadcast": (
        one_op("ADD", [int8(1, 4), constant((1, 3))], int8(1, 4)),
        "does not broadcast",
    ),
    "sum of tiny scale": (
        one_op("ADD", [int8(1, 4), constant((1, 4))], int8(1, 4, scale=1.5e-7)),
        "too small",
    ),
    "mean over an axis too many": (
        one_op(
            "MEAN", [int8(1, 4), T("axes", (1,), "int32", data=np.array([2], "int32"))], int8(1, 1)
        ),
        "names the axes",
    ),
    "mean of five dimensions": (
        one_op("MEAN", [int8(1, 1, 1, 1, 4), constant((1,), "int32")], int8(1, 1, 1, 4)),
        "5 dimensions",
    ),
    "negative padding": (
        one_op(
            "PAD",
            [int8(1, 4), T("p", (2, 2), "int32", data=np.array([[0, 0], [-1, 1]], "int32"))],
            int8(1, 4),
        ),
        "holds",
    ),
    "softmax of another scale": (
        one_op("SOFTMAX", [int8(1, 4)], int8(1, 4, scale=0.01, zero_point=-128), beta=1.0),
        "1/256",
    ),
    "softmax of long rows": (
        one_op("SOFTMAX", [int8(1, 5000)], int8(1, 5000, scale=1 / 256, zero_point=-128), beta=1.0),
        "longer than 4095",
    ),
    "softmax without beta": (
        one_op("SOFTMAX", [int8(1, 4)], int8(1, 4, scale=1 / 256, zero_point=-128), beta=0.0),
        "too small for beta",
    ),
    "relu to another shape": (one_op("RELU", [int8(1, 4)], int8(4, 1)), r"not \[1, 4\]"),
    "relu with a scale per channel": (
        one_op("RELU", [int8(1, 4)], int8(1, 4, scale=[0.1] * 4, axis=1)),
        "scale per channel",
    ),
    "op of no kernel": (one_op("FLOOR", [int8(1, 4)], int8(1, 4)), "no such op"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_the_aot_runtime(case: str) -> None:
    raw, reason = REFUSED[case]
    model = parse_model(raw, "case")
    (uncovered,) = check_aot(model)
    assert uncovered.op is model.ops[0]
    assert re.search(reason, uncovered.reason)


def test_weights_must_be_constant() -> None:
    tensors = [int8(*IMAGE), int8(4, 3, 3, 4, scale=0.01), int8(*IMAGE), int8(4, 3, 3, 4)]
    ops = [O("RESHAPE", (0,), (3,)), O("RELU", (3,), (1,)), O("CONV_2D", (0, 1), (2,), CONVOLUTION)]
    model = parse_model(build.build_model(tensors, ops, [0], [2]), "case")
    reasons = {item.op.name: item.reason for item in check_aot(model)}
    assert reasons["CONV_2D"] == "is not a constant"


def test_error_names_op_tensor_and_the_next_step() -> None:
    tensors = [int8(1, 4), int8(1, 4), int8(1, 4)]
    ops = [O("FLOOR", (0,), (1,)), O("LOGISTIC", (1,), (2,))]
    program = build_program(parse_model(build.build_model(tensors, ops, [0], [2]), "case"))
    with pytest.raises(UnsupportedOpError, match=r"Op 0 FLOOR: .* in all: 2") as raised:
        judge(program.file, "aot").require()
    assert "inspect" in raised.value.hint
    program = build_program(parse_model(REFUSED["bias of another length"][0], "case"))
    with pytest.raises(UnsupportedOpError, match="Op 0 CONV_2D, tensor 2 'constant': holds 3"):
        judge(program.file, "aot").require()


def test_small_network_is_covered() -> None:
    model = parse_model(small_net(), "small")
    assert check_aot(model) == [] and check_tflm(model) == []
    judge(model, "aot").require()


def test_float_values_inside_the_graph_are_not() -> None:
    tensors = [int8(1, 4), T("real", (1, 4), "float32"), int8(1, 4), int8(1, 4)]
    ops = [
        O("DEQUANTIZE", (0,), (1,)),
        O("QUANTIZE", (1,), (2,)),
        O("RELU", (2,), (3,)),
    ]
    model = parse_model(build.build_model(tensors, ops, [0], [3]), "case")
    assert [item.op.name for item in check_aot(model)] == ["DEQUANTIZE", "QUANTIZE"]


@pytest.mark.parametrize(
    ("name", "aot", "tflm"),
    [
        ("mobilenet_v1_0.25_128_quant_int8", 0, 0),
        ("derived_mobilenet_u8toi8", 0, 0),
        ("derived_deepface_emotion_int8io", 0, 0),
        ("emotion_uint8_float32", 0, 0),
        ("mobilenet_v1_0.25_128_quant", 31, 30),  # TFLM still has RESHAPE
        ("derived_deepface_emotion_fp32", 12, 0),
    ],
)
def test_published_models(test_data: Path, name: str, aot: int, tflm: int) -> None:
    model = load_model(test_data / "models" / f"{name}.tflite")
    assert (len(check_aot(model)), len(check_tflm(model))) == (aot, tflm)
