"""What a TFLM project refuses, in words, before TFLM would: refuse, abort, or go astray."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.one_op_nets import IMAGE, int8, int8_constant, int32, one_op, one_split, sound_nets
from helpers.small_net import CONVOLUTION, POOL
from helpers.tflite_builder import T

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.coverage import TFLM_OPS, check_aot, check_tflm, judge
from mcuzoo.plan.tflm.requests import TFLM_KERNELS

INPUT = int8(*IMAGE)
ROW = int8(1, 10)
ONE_EACH = {"depth_multiplier": 1}
WEIGHTS = int8_constant(4, 3, 3, 4)
DENSE = int8_constant(3, 10)


def conv(weights: T = WEIGHTS, output: T = INPUT, source: T = INPUT, **options: object) -> bytes:
    return one_op("CONV_2D", [source, weights], output, **{**CONVOLUTION, **options})


def bias(*scale: float, count: int = 3, dtype: str = "int32") -> T:
    return T("bias", (count,), dtype, list(scale) or None, data=np.ones(count, dtype))


def dense(output: T, *operands: T, **options: object) -> bytes:
    return one_op("FULLY_CONNECTED", [ROW, *operands], output, **options)


def sliced(begin: list[int], end: list[int], by: list[int], output: T, **options: int) -> bytes:
    operands = [ROW, int32(begin), int32(end), int32(by)]
    return one_op("STRIDED_SLICE", operands, output, **options)


def floats(*shape: int) -> T:
    return T("floats", shape, "float32")


def float_constant(*shape: int) -> T:
    return T("constant", shape, "float32", data=np.ones(shape, np.float32))


def of_constants(name: str, operands: list[T], output: T, **options: object) -> bytes:
    """The graph's output does not depend on its input."""
    op = build.O(name, tuple(range(1, len(operands) + 1)), (len(operands) + 1,), options)
    return build.build_model([ROW, *operands, output], [op], [0], [len(operands) + 1])


def turned(width: int, **options: object) -> bytes:
    """TRANSPOSE_CONV of a 6 x 6 image to twelve rows."""
    output = int8(1, 12, width, 4)
    tensors = [int32([1, 12, width, 4]), WEIGHTS, INPUT, output]
    chosen = {"padding": "SAME", "stride_h": 2, "stride_w": 2, **options}
    return build.build_model(
        tensors, [build.O("TRANSPOSE_CONV", (0, 1, 2), (3,), chosen)], [2], [3]
    )


REFUSED = {
    "stride of zero": (conv(stride_h=0), "its window is"),
    "huge dilation": (conv(dilation_w_factor=2**30), "its window is"),
    "image of rank 3": (conv(output=int8(6, 6, 4)), "not .batch, height, width, channels"),
    "batch that changes": (conv(output=int8(2, 6, 6, 4)), r"not \[1, 6, 6, 4\]"),
    "channels in no groups": (conv(int8_constant(4, 3, 3, 3)), "into groups"),
    "weights without scale": (conv(int8_constant(4, 3, 3, 4, scale=None)), "without scale"),
    "scales along another axis": (
        conv(int8_constant(4, 3, 3, 4, scale=[0.1] * 4, axis=3)),
        "scales along axis 3",
    ),
    "float output": (conv(output=T("t", IMAGE, "float32")), "is float32, not int8"),
    "int16 activations": (
        conv(output=T("t", IMAGE, "int16", 0.1), source=T("t", IMAGE, "int16", 0.1)),
        "is int16, not float32 or int8",
    ),
    "depthwise without its bias": (
        build.build_model(
            [INPUT, int8_constant(1, 3, 3, 4), INPUT],
            [build.O("DEPTHWISE_CONV_2D", (0, 1, -1), (2,), {**CONVOLUTION, **ONE_EACH})],
            [0],
            [2],
        ),
        "input 2 is missing",
    ),
    "dense bias of another scale": (dense(int8(1, 3), DENSE, bias(0.5)), "has the scale 0.5, not"),
    "dense bias without scale": (
        dense(int8(1, 3), int8_constant(3, 10, scale=1.0), bias()),
        "has the scale 0, not 0.1",
    ),
    "dense bias of int16": (dense(int8(1, 3), DENSE, bias(0.001, dtype="int16")), "is int16"),
    "dense to a vector": (dense(int8(3), DENSE), "has 1 dimensions"),
    "dense weights with a zero point": (
        dense(int8(1, 3), int8_constant(3, 10, zero_point=3)),
        "zero point other than 0",
    ),
    "pool that rescales": (
        one_op("AVERAGE_POOL_2D", [INPUT], int8(1, 3, 3, 4, scale=0.2), **POOL),
        "quantized unlike the input",
    ),
    "softmax of 0.0039": (
        one_op("SOFTMAX", [ROW], int8(1, 10, scale=0.0039, zero_point=-128), beta=1.0),
        "1/256",
    ),
    "softmax of zero point 0": (
        one_op("SOFTMAX", [ROW], int8(1, 10, scale=1 / 256), beta=1.0),
        "zero point -128",
    ),
    "softmax with a tiny beta": (
        one_op("SOFTMAX", [ROW], int8(1, 10, scale=1 / 256, zero_point=-128), beta=1e-12),
        "too small for beta",
    ),
    "softmax of a scalar": (
        one_op("SOFTMAX", [int8()], int8(scale=1 / 256, zero_point=-128), beta=1.0),
        "rows longer",
    ),
    "logistic of another scale": (
        one_op("LOGISTIC", [ROW], int8(1, 10, zero_point=-128)),
        "scale 1/256 and zero point -128",
    ),
    "tanh of another zero point": (
        one_op("TANH", [ROW], int8(1, 10, scale=1 / 128, zero_point=1)),
        "scale 1/128 and zero point 0",
    ),
    "hard swish to a finer scale": (
        one_op("HARD_SWISH", [int8(1, 10, scale=10.0)], int8(1, 10, scale=0.01)),
        "too small for the input's",
    ),
    "leaky relu of a NaN": (one_op("LEAKY_RELU", [ROW], ROW, alpha=float("nan")), "alpha is nan"),
    "root of what may be negative": (one_op("RSQRT", [ROW], ROW), "may be negative"),
    "root far from the output": (
        one_op("RSQRT", [int8(1, 10, zero_point=-128, scale=1e2)], int8(1, 10, scale=1e4)),
        "far apart",
    ),
    "elu to a tiny scale": (
        one_op("ELU", [int8(1, 10, scale=1e3)], int8(1, 10, scale=2e-8)), "too small"
    ),
    "greatest of another scale": (
        one_op("REDUCE_MAX", [ROW, int32([1])], int8(1, scale=0.2)), "quantized unlike the input"
    ),
    "least of another zero point": (
        one_op("REDUCE_MIN", [ROW, int32([1])], int8(1, zero_point=1)), "quantized unlike"
    ),
    "logarithms of another scale": (
        one_op("LOG_SOFTMAX", [ROW], int8(1, 10, scale=1 / 16)), "scale 1/16 and zero point 127"
    ),
    "logarithms of a tiny scale": (
        build.fixed_output_model("LOG_SOFTMAX", (1, 10), input_scale=1.4e-8), "scale too small"
    ),
    "logarithms of a long row": (
        build.fixed_output_model("LOG_SOFTMAX", (1, 4096)), "rows longer than 4095"
    ),
    "normalization of a long row": (
        build.fixed_output_model("L2_NORMALIZATION", (1, 33026)), "rows longer than 33025"
    ),
    "normalization that fuses": (
        build.fixed_output_model(
            "L2_NORMALIZATION", (1, 9), {"fused_activation_function": "RELU"}
        ),
        "fused activation RELU",
    ),
    "squares far apart": (
        one_op(
            "SQUARED_DIFFERENCE", [int8(1, 10, scale=1e7), int8_constant(1, 10)],
            int8(1, 10, scale=1e-7),
        ),
        "far apart",
    ),
    "sum of a tiny scale": (
        one_op("ADD", [ROW, int8_constant(1, 10)], int8(1, 10, scale=1.5e-7)),
        "too small",
    ),
    "difference of a tiny scale": (
        one_op("SUB", [ROW, int8_constant(1, 10)], int8(1, 10, scale=1.5e-7)),
        "too small",
    ),
    "sum that fuses TANH": (
        one_op("ADD", [ROW, int8_constant(1, 10)], ROW, fused_activation_function="TANH"),
        "TANH",
    ),
    "product of five dimensions": (
        one_op("MUL", [int8(1, 1, 1, 1, 4), int8_constant(4)], int8(1, 1, 1, 1, 4)),
        "5 dimensions",
    ),
    "product of scales far apart": (
        one_op("MUL", [int8(1, 10, scale=1e7), int8_constant(1, 10)], int8(1, 10, scale=1e-7)),
        "far apart",
    ),
    "maximum of two types": (
        one_op("MAXIMUM", [ROW, T("c", (1, 10), "int32", data=np.ones((1, 10), np.int32))], ROW),
        "is int32, not int8",
    ),
    "mean over axes of int64": (
        one_op("MEAN", [ROW, T("a", (1,), "int64", data=np.array([1]))], int8(1)),
        "is int64, not int32",
    ),
    "mean over axes that are computed": (
        build.build_model(
            [T("i", (1,), "int32", 0.1), ROW, ROW, int8(1)],
            [build.O("RELU", (1,), (2,)), build.O("MEAN", (2, 0), (3,), {"keep_dims": False})],
            [0, 1],
            [3],
        ),
        "is not a constant",
    ),
    "mean that keeps what it must not": (
        one_op("MEAN", [ROW, int32([1])], int8(1), keep_dims=True),
        r"has the shape \[1\]",
    ),
    "padding of five dimensions": (
        build.pad_model((1, 1, 1, 1, 2), [(0, 0)] * 4 + [(1, 1)]),
        "5 dimensions",
    ),
    "padding by less than nothing": (
        one_op("PAD", [ROW, int32([[0, 0], [-1, 1]])], ROW),
        "holds",
    ),
    "pieces of other scales": (
        one_op("CONCATENATION", [ROW, int8_constant(1, 3)], int8(1, 13), axis=1),
        "quantized unlike the output",
    ),
    "pieces joined beyond the last axis": (
        one_op("CONCATENATION", [ROW, int8_constant(1, 3, scale=0.1)], int8(1, 13), axis=2),
        "its axis is 2 of 2",
    ),
    "eleven pieces": (
        one_op("CONCATENATION", [ROW] + [int8_constant(1, 1, scale=0.1)] * 10, int8(1, 20), axis=1),
        "11 inputs",
    ),
    "resizing with both options": (
        one_op("RESIZE_BILINEAR", [INPUT, int32([9, 5])], int8(1, 9, 5, 4),
               align_corners=True, half_pixel_centers=True),
        "align_corners and half_pixel_centers",
    ),
    "resizing beyond the last row": (
        one_op("RESIZE_BILINEAR", [int8(1, 3, 3, 1), int32([2000, 3])], int8(1, 2000, 3, 1)),
        "resizes 3 to 2000",
    ),
    "resizing to nothing": (
        one_op("RESIZE_NEAREST_NEIGHBOR", [INPUT, int32([0, 5])], int8(1, 5, 5, 4)),
        r"holds \[0, 5\]",
    ),
    "slice with too few bounds": (sliced([1], [4], [1], int8(1, 3)), "holds 1 values, not 2"),
    "slice that stands still": (sliced([0, 0], [1, 9], [1, 0], int8(1, 9)), "a stride of 0"),
    "slice with an ellipsis": (
        sliced([0, 0], [1, 9], [1, 1], int8(1, 9), ellipsis_mask=1),
        "ellipsis_mask, which TFLM ignores",
    ),
    "slice beyond the end": (
        sliced([0, 10], [1, 11], [1, 1], int8(1), shrink_axis_mask=2),
        "shrinks axis 1 from 10",
    ),
    "turned by no permutation": (
        one_op("TRANSPOSE", [INPUT, int32([0, 1, 1, 3])], INPUT),
        r"holds \[0, 1, 1, 3\]",
    ),
    "turned over five axes": (
        one_op("TRANSPOSE", [int8(1, 2, 3, 2, 2), int32([0, 1, 2, 4, 3])], int8(1, 2, 3, 2, 2)),
        "has 5 dimensions, more than 4",
    ),
    "parts of unequal width": (one_split(INPUT, [1, 3], "SPLIT"), "is 3 wide, not 1"),
    "parts of less than all": (one_split(INPUT, [1, 2], "SPLIT_V"), "is 4 wide, its parts 3"),
    "parts beyond the last axis": (
        build.build_model(
            [int32(4), INPUT, INPUT, INPUT],
            [build.O("SPLIT", (0, 1), (2, 3), {"num_splits": 2})],
            [1],
            [2],
        ),
        "not one of 4 axes",
    ),
    "more parts than it packs": (
        one_op("PACK", [ROW, int8_constant(1, 10)], int8(2, 1, 10), values_count=3, axis=0),
        "it names 3 parts and has 2",
    ),
    "parts packed beyond the last axis": (
        one_op("PACK", [ROW, int8_constant(1, 10)], int8(1, 10, 2), values_count=2, axis=3),
        "its axis is 3 of 3",
    ),
    "gathered from beyond": (
        one_op("GATHER", [ROW, int32([10])], int8(1, 1), axis=1),
        r"holds \[10\], not positions below 10",
    ),
    "gathered in batches": (
        one_op("GATHER", [ROW, int32([[3]])], int8(1, 1), axis=1, batch_dims=1),
        "it has batch_dims",
    ),
    "mirrored further than the image": (
        one_op("MIRROR_PAD", [ROW, int32([[0, 0], [10, 0]])], int8(1, 20), mode=0),
        "holds",
    ),
    "blocks that do not fit": (
        one_op("SPACE_TO_DEPTH", [INPUT], int8(1, 1, 1, 64), block_size=4),
        "has the shape",
    ),
    "broadcast of ten to twenty": (
        one_op("BROADCAST_TO", [ROW, int32([1, 20])], int8(1, 20)),
        "does not broadcast",
    ),
    "broadcast to another shape than the output": (
        one_op("BROADCAST_TO", [ROW, int32([2, 10])], int8(3, 10)),
        r"holds \[2, 10\]",
    ),
    "taken from beyond": (
        one_op("SLICE", [ROW, int32([0, 8]), int32([1, 3])], int8(1, 3)),
        "takes 3 of 10 from 8 on",
    ),
    "reversed twice": (one_op("REVERSE_V2", [ROW, int32([1, -1])], ROW), "holds"),
    "reversed along axes apart": (
        one_op("REVERSE_V2", [INPUT, int32([1, 3])], INPUT),
        "which are no neighbours",
    ),
    "batches with padding": (
        one_op(
            "SPACE_TO_BATCH_ND", [INPUT, int32([2, 2]), int32([[1, 1], [0, 0]])], int8(4, 4, 3, 4)
        ),
        "which TFLM fills with any value",
    ),
    "transpose convolution that fuses": (turned(12, fused_activation_function="RELU"), "ignores"),
    "transpose convolution of another shape": (turned(14), "is not made of"),
    "transpose convolution of an odd width": (turned(11), "CMSIS-NN's kernel gets wrong"),
    "reshape to another size": (
        build.build_model(
            [ROW, ROW, int8(1, 9), int8(1, 9)],
            [build.O("RELU", (0,), (1,)), build.O("MAXIMUM", (1, 1), (3,)),
             build.O("RESHAPE", (3,), (2,))],
            [0],
            [2],
        ),
        "has the shape",
    ),
    "quantized per channel": (
        one_op("QUANTIZE", [ROW], int8(1, 10, scale=[0.1] * 10, axis=1)),
        "scale per channel",
    ),
    "relu without a scale": (one_op("RELU", [ROW], int8(1, 10, scale=None)), "without scale"),
    "weights of a huge scale": (conv(int8_constant(4, 3, 3, 4, scale=1e9)), "scale above 1e.08"),
    "weights of rank 3": (conv(int8_constant(4, 3, 4)), r"has the shape \[4, 3, 4\]"),
    "depthwise weights of two images": (
        one_op("DEPTHWISE_CONV_2D", [INPUT, int8_constant(2, 3, 3, 4), bias(0.001, count=4)],
               INPUT, **CONVOLUTION, **ONE_EACH),
        r"has the shape \[2, 3, 3, 4\]",
    ),
    "dense weights of rank 3": (
        dense(int8(1, 3), int8_constant(1, 3, 10)), r"has the shape \[1, 3, 10\]"
    ),
    "float dense with too short a bias": (
        one_op("FULLY_CONNECTED", [floats(1, 10), float_constant(3, 10), float_constant(2)],
               floats(1, 3)),
        "holds 2 values, not 3",
    ),
    "transpose convolution of rank 3": (
        build.build_model(
            [int32([1, 12, 12, 4]), int8_constant(4, 3, 4), INPUT, int8(1, 12, 12, 4)],
            [build.O("TRANSPOSE_CONV", (0, 1, 2), (3,), {"stride_h": 2, "stride_w": 2})],
            [2],
            [3],
        ),
        r"has the shape \[4, 3, 4\]",
    ),
    "transpose convolution that stands still": (turned(12, stride_w=0), r"strides \[2, 0\]"),
    "pieces of nothing": (
        one_op("CONCATENATION", [ROW, int8_constant(1, 0, scale=0.1)], ROW, axis=1),
        r"of shape \[1, 0\] is empty",
    ),
    "reshape of nothing": (
        of_constants("RESHAPE", [int8_constant(1, 0)], ROW), r"of shape \[1, 0\] is empty"
    ),
    "reshape to nine dimensions": (
        one_op("RESHAPE", [ROW], ROW, new_shape=[1] * 8 + [10]), "new_shape has 9 dimensions"
    ),
    "gathered from a scalar": (one_op("GATHER", [int8(), int32([0])], int8(1)), "no dimension"),
    "gathered along no axis": (
        one_op("GATHER", [ROW, int32([0])], int8(1, 1), axis=2), "its axis is 2 of 2"
    ),
    "gathered from many places beyond": (
        one_op("GATHER", [ROW, int32(range(17))], int8(1, 17), axis=1),
        r"holds \[0, 1, .*, 15, \.\.\.\], not positions below 10",
    ),
    "resized of rank 2": (
        one_op("RESIZE_BILINEAR", [ROW, int32([2, 2])], ROW), "has 2 dimensions, not 4"
    ),
    "blocks of a row": (
        one_op("SPACE_TO_DEPTH", [ROW], ROW, block_size=1), r"of shape \[1, 10\] has blocks of 1"
    ),
    "batches of a row": (
        one_op("SPACE_TO_BATCH_ND", [ROW, int32([]), int32([])], ROW), "has 2 dimensions, not 3"
    ),
    "images of batches in another shape": (
        one_op("BATCH_TO_SPACE_ND", [INPUT, int32([2, 2]), int32([[0, 0], [0, 0]])], ROW),
        "has 2 dimensions, not 4",
    ),
    "batches of blocks of nothing": (
        one_op("SPACE_TO_BATCH_ND", [INPUT, int32([2, 0]), int32([[0, 0], [0, 0]])], INPUT),
        r"holds \[2, 0\]",
    ),
    "mirrored along too few axes": (
        one_op("MIRROR_PAD", [ROW, int32([[1, 1]])], int8(1, 12), mode=0),
        r"has the shape \[1, 2\]",
    ),
    "taken along too few axes": (
        one_op("SLICE", [ROW, int32([0]), int32([3])], int8(1, 3)), r"holds \[0\]"
    ),
    "broadcast to a smaller shape": (
        one_op("BROADCAST_TO", [ROW, int32([1, 1])], int8(1, 1)), "does not broadcast"
    ),
    "packed more than the output is wide": (
        one_op("PACK", [ROW, int8_constant(1, 10)], int8(1, 3, 10), values_count=2, axis=1),
        "is 3 wide along axis 1",
    ),
    "padding with two values": (
        one_op("PADV2", [ROW, int32([[0, 0], [1, 1]]), int8_constant(2, scale=0.1)], int8(1, 12)),
        "holds 2 values, not one",
    ),
    "padding with a value without scale": (
        one_op("PADV2", [ROW, int32([[0, 0], [1, 1]]), int8_constant(1, scale=None)],
               int8(1, 12)),
        "quantized unlike the output",
    ),
    "mean over no axis": (one_op("MEAN", [ROW, int32([])], ROW), "names no axis"),
    "float mean over axes named again": (
        one_op("MEAN", [floats(1, 10), int32([1, -1, 1, -1, 1])], floats(1)),
        "names 5 axes, more than 4",
    ),
    "pieces of int16 with a zero point": (
        one_op(
            "CONCATENATION",
            [T("t", (1, 4), "int16", 0.1, 3)],
            T("t", (1, 4), "int16", 0.1),
            axis=1,
        ),
        "int16 with a zero point",
    ),
    "normalization of a scalar": (
        one_op("L2_NORMALIZATION", [int8()], int8(scale=1 / 128)), "has no dimension"
    ),
    "logarithms of a scalar": (
        one_op("LOG_SOFTMAX", [int8()], int8(scale=1 / 16, zero_point=127)), "has no dimension"
    ),
    "float softmax of a scalar": (
        one_op("SOFTMAX", [floats()], floats(), beta=1.0), "has no dimension"
    ),
    "float softmax of a NaN": (
        one_op("SOFTMAX", [floats(1, 10)], floats(1, 10), beta=float("nan")), "its beta is nan"
    ),
    "hard swish of a huge scale": (
        one_op("HARD_SWISH", [int8(1, 10, scale=1e8)], int8(1, 10, scale=1e8)), "scale too large"
    ),
}  # fmt: skip

REFUSED_AHEAD_OF_TIME = {
    "padding with two values": (
        one_op("PADV2", [ROW, int32([[0, 0], [1, 1]]), int8_constant(2, scale=0.1)], int8(1, 12)),
        "holds 2 values, not one",
    ),
    "tiles along too few axes": (one_op("TILE", [ROW, int32([2])], int8(1, 20)), r"holds \[2\]"),
    "tiles of less than one": (one_op("TILE", [ROW, int32([1, 0])], ROW), r"holds \[1, 0\]"),
    "tiles along many axes": (
        one_op("TILE", [int8(2, 2, 2, 2), int32([2, 2, 2, 1])], int8(4, 4, 4, 2)),
        "along too many axes",
    ),
    "transpose of a constant": (
        of_constants("TRANSPOSE", [int8_constant(2, 5), int32([1, 0])], int8(5, 2, scale=0.01)),
        "is a constant; fold it",
    ),
    "reshape of a constant": (
        of_constants("RESHAPE", [int8_constant(2, 5)], int8(5, 2, scale=0.01)),
        "is a constant; fold",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words(case: str) -> None:
    raw, reason = REFUSED[case]
    uncovered = check_tflm(parse_model(raw, "case"))
    assert uncovered, "accepted"
    assert re.search(reason, uncovered[0].reason), uncovered[0].reason


@pytest.mark.parametrize("case", REFUSED_AHEAD_OF_TIME)
def test_refused_ahead_of_time_in_words(case: str) -> None:
    raw, reason = REFUSED_AHEAD_OF_TIME[case]
    uncovered = check_aot(parse_model(raw, "case"))
    assert uncovered, "accepted"
    assert re.search(reason, uncovered[0].reason), uncovered[0].reason


FLOATS_OF_ONE = (
    "RELU", "RELU6", "HARD_SWISH", "LOGISTIC", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION", "ABS",
    "ELU", "RSQRT", "SOFTMAX", "LEAKY_RELU",
)  # fmt: skip
FLOATS_OF_TWO = ("ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "MAXIMUM", "PRELU")


@pytest.mark.parametrize("name", FLOATS_OF_ONE + FLOATS_OF_TWO)
def test_tflm_runs_floats_too(name: str) -> None:
    """Which have no scale; the ahead-of-time runtime says that it runs int8 alone."""
    row = floats(1, 10)
    operands = [row, float_constant(1, 10)] if name in FLOATS_OF_TWO else [row]
    model = parse_model(one_op(name, operands, floats(1, 10)), name)
    assert check_tflm(model) == []
    assert "is float32, not int8" in check_aot(model)[0].reason


@pytest.mark.parametrize(
    ("name", "operand", "shape"),
    [
        ("REDUCE_MAX", int32([1]), (1, 6, 4)),
        ("MEAN", int32([1, 2]), (1, 4)),
        ("RESIZE_BILINEAR", int32([9, 5]), (1, 9, 5, 4)),
        ("PAD", int32([[0, 0], [1, 0], [0, 0], [0, 0]]), (1, 7, 6, 4)),
    ],
)
def test_tflm_runs_float_images(name: str, operand: T, shape: tuple[int, ...]) -> None:
    raw = one_op(name, [floats(*IMAGE), operand], floats(*shape))
    assert check_tflm(parse_model(raw, name)) == []


def test_every_linked_op_has_its_requests() -> None:
    assert set(TFLM_OPS) == set(TFLM_KERNELS)


def test_every_linked_op_is_accepted_where_it_is_sound() -> None:
    accepted: set[str] = set()
    for name, raw in sound_nets().items():
        model = parse_model(raw, name)
        assert check_tflm(model) == [], name
        accepted |= {op.name for op in model.ops}
    assert accepted == set(TFLM_OPS)


def test_the_error_names_op_and_tensor() -> None:
    program = build_program(parse_model(REFUSED["softmax of 0.0039"][0], "case"))
    with pytest.raises(
        UnsupportedOpError, match=r"Op 0 SOFTMAX, tensor 1 'tensor': is not .* TFLM does"
    ):
        judge(program.file, "tflm").require()


def test_models_of_the_wild_stay_accepted(test_data: Path) -> None:
    """But for ops that mcuzoo does not link."""
    unlinked = {"SHAPE", "PACK", "REDUCE_MAX"}
    files = sorted((test_data / "wild").glob("*.tflite"))
    files += sorted((test_data / "models").glob("*int8*.tflite"))
    for file in files:
        assert {item.op.name for item in check_tflm(load_model(file))} <= unlinked, file.name
