"""Small sound networks: one per operator that a runtime runs, and a few of several."""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers import tflite_builder as build
from helpers.small_net import CONVOLUTION, small_net
from helpers.tflite_builder import O, T
from helpers.wide_net import wide_net

IMAGE = (1, 6, 6, 4)


def one_op(name: str, inputs: list[T], output: T, **options: Any) -> bytes:
    """`inputs[0]` is the graph's input."""
    op = O(name, tuple(range(len(inputs))), (len(inputs),), options)
    return build.build_model([*inputs, output], [op], [0], [len(inputs)])


def int8(*shape: int, **changes: Any) -> T:
    return T("tensor", shape, **{"scale": 0.1, **changes})


def int32(values: Any) -> T:
    data = np.array(values, np.int32)
    return T("constant", data.shape, "int32", data=data)


def int8_constant(*shape: int, **changes: Any) -> T:
    return T("constant", shape, data=np.ones(shape, np.int8), **{"scale": 0.01, **changes})


def one_split(image: T, widths: list[int], name: str) -> bytes:
    """Along the last axis, and joined again."""
    parts = [int8(*image.shape[:-1], width) for width in widths]
    numbers = [int32(-1)] if name == "SPLIT" else [int32(-1), int32(widths)]
    first = 1 + len(numbers)
    made = tuple(range(first, first + len(parts)))
    inputs = (1, 0) if name == "SPLIT" else (0, 2, 1)
    ops = [
        O(name, inputs, made, {"num_splits": len(parts)}),
        O("CONCATENATION", made, (first + len(parts),), {"axis": 3}),
    ]
    return build.build_model([image, *numbers, *parts, image], ops, [0], [first + len(parts)])


def sound_nets() -> dict[str, bytes]:
    """By name; every one is run by TFLM, most by the ahead-of-time runtime, too."""
    image = int8(*IMAGE)
    row = int8(1, 10)
    weights = int8_constant(4, 3, 3, 4)
    bias = T("bias", (4,), "int32", [0.001] * 4, data=np.ones(4, np.int32))
    channelwise = int8_constant(4, 3, 3, 4, scale=[0.01] * 4)
    double = np.ones((4, 3, 3, 2), np.int8)
    nets = {
        "small": small_net(),
        "wide": wide_net(),
        "conv": one_op("CONV_2D", [image, weights], image, **CONVOLUTION),
        "conv bias": one_op("CONV_2D", [image, channelwise, bias], image, **CONVOLUTION),
        "grouped": one_op(
            "CONV_2D", [image, T("w", double.shape, scale=0.01, data=double)], image, **CONVOLUTION
        ),
        "depthwise": build.depthwise_model(
            IMAGE, np.ones((1, 3, 3, 8), np.int8), np.ones(8, np.int32), stride=(2, 2)
        ),
        "dense": build.fully_connected_model(
            (1, 10), np.ones((3, 10), np.int8), np.ones(3, np.int32)
        ),
        "dense of rank 3": build.fully_connected_model(
            (1, 2, 10), np.ones((4, 10), np.int8), None, keep_num_dims=True
        ),
        "average pool": build.pool_model("AVERAGE_POOL_2D", IMAGE),
        "max pool": build.pool_model("MAX_POOL_2D", IMAGE, padding="SAME"),
        "mean": build.mean_model(IMAGE, [1, 2]),
        "mean without": build.mean_model(IMAGE, [-1], keep_dims=False),
        "add": build.add_model(IMAGE, np.ones((1, 1, 1, 4), np.int8)),
        "pad": build.pad_model((1, 2, 3), [(0, 0), (1, 1), (0, 2)]),
        "padv2": build.pad_model((2, 3), [(0, 1), (1, 0)], value=3),
        "softmax": build.softmax_model((2, 10)),
        "resize": one_op("RESIZE_BILINEAR", [image, int32([9, 5])], int8(1, 9, 5, 4)),
        "slice": one_op(
            "STRIDED_SLICE",
            [image, int32([0, 1, 5, 0]), int32([1, 6, -7, 4]), int32([1, 2, -1, 1])],
            int8(1, 3, 6, 4),
        ),
        "shrunk": one_op(
            "STRIDED_SLICE",
            [row, int32([0, 3]), int32([1, 9]), int32([1, 2])],
            int8(3),
            shrink_axis_mask=1,
        ),
        "transpose": one_op("TRANSPOSE", [image, int32([0, 3, 1, 2])], int8(1, 4, 6, 6)),
        "reshape": one_op("RESHAPE", [image, int32([1, 144])], int8(1, 144)),
        "split": one_split(image, [2, 2], "SPLIT"),
        "split v": one_split(image, [1, 3], "SPLIT_V"),
        "pack": build.build_model(
            [int8(1, 2, 10), int8(1, 10), int8(1, 10), int8(2, 1, 10)],
            [
                O("UNPACK", (0,), (1, 2), {"num": 2, "axis": 1}),
                O("PACK", (2, 1), (3,), {"values_count": 2, "axis": 0}),
            ],
            [0],
            [3],
        ),
        "gather": one_op("GATHER", [image, int32([3, 0, 1])], int8(1, 6, 6, 3), axis=-1),
        "mirror pad": one_op("MIRROR_PAD", [row, int32([[0, 0], [9, 3]])], int8(1, 22), mode=0),
        "to depth": one_op("SPACE_TO_DEPTH", [image], int8(1, 3, 3, 16), block_size=2),
        "to space": one_op("DEPTH_TO_SPACE", [image], int8(1, 12, 12, 1), block_size=2),
        "broadcast": one_op("BROADCAST_TO", [row, int32([3, 10])], int8(3, 10)),
        "sliced": one_op("SLICE", [row, int32([0, 2]), int32([1, -1])], int8(1, 8)),
        "reverse": one_op("REVERSE_V2", [image, int32([-1, 2])], image),
        "to batch": one_op(
            "SPACE_TO_BATCH_ND", [image, int32([2, 3]), int32([[0, 0], [0, 0]])], int8(6, 3, 2, 4)
        ),
        "from batch": one_op(
            "BATCH_TO_SPACE_ND",
            [int8(4, 2, 2, 1), int32([2, 2]), int32([[0, 1], [1, 0]])],
            int8(1, 3, 3, 1),
        ),
        "transpose conv": build.build_model(
            [int32([1, 12, 12, 4]), weights, image, int8(1, 12, 12, 4)],
            [
                O(
                    "TRANSPOSE_CONV",
                    (0, 1, 2),
                    (3,),
                    {"padding": "SAME", "stride_h": 2, "stride_w": 2},
                )
            ],
            [2],
            [3],
        ),
        "prelu": one_op("PRELU", [image, int8_constant(1, 1, 4)], image),
        "maximum": one_op("MAXIMUM", [image, int8_constant(4)], image),
        "quantize": one_op("QUANTIZE", [row], int8(1, 10, scale=0.3, zero_point=4)),
    }
    for name in ("LEAKY_RELU", "RELU", "RELU6", "HARD_SWISH"):
        nets[name] = one_op(name, [row], int8(1, 10, scale=0.2))
    for name in ("LOGISTIC", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION"):
        nets[name] = build.fixed_output_model(name, (1, 10))
    for name in ("ABS", "ELU", "RSQRT"):
        nets[name] = one_op(name, [int8(1, 10, zero_point=-128)], int8(1, 10, scale=0.2))
    for name in ("MUL", "SUB", "SQUARED_DIFFERENCE"):
        nets[name] = one_op(name, [row, int8_constant(1, 1)], row)
    for name in ("SUM", "REDUCE_MAX", "REDUCE_MIN"):
        nets[name] = build.reduction_model(name, IMAGE, [1, 2])
    return nets
