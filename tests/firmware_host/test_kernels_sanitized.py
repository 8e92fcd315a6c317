"""Generated models and kernels under ASan and UBSan, with every operand fenced off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.engines import random_inputs
from helpers.generated_model import build_model, compile_model, roomy_plan, write_model
from helpers.host_firmware import find_host_compiler, sanitizer_flags
from helpers.kernel_library import oracle
from helpers.one_op_nets import int8, int32, one_op, one_split
from helpers.small_net import small_net

from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model

RNG = np.random.default_rng(11)


def noise(*shape: int) -> np.ndarray:
    return RNG.integers(-128, 128, shape, dtype=np.int8)


def bias(channels: int) -> np.ndarray:
    return RNG.integers(-5000, 5000, channels, dtype=np.int32)


CASES = {
    "small network": small_net(3),
    "window larger than the image, dilated": build.conv_model(
        (1, 2, 3, 3), noise(35, 4, 4, 3), bias(35), dilation=(2, 3), input_zero_point=-128
    ),
    "odd channels, odd width, stride": build.conv_model(
        (1, 7, 9, 5), noise(33, 3, 3, 5), None, stride=(2, 3), input_zero_point=100
    ),
    "single pixel": build.conv_model((1, 1, 1, 6), noise(7, 1, 1, 6), bias(7)),
    "pointwise of an odd number of pixels": build.conv_model(
        (1, 3, 3, 7), noise(37, 1, 1, 7), bias(37), padding="VALID"
    ),
    "depthwise at every border": build.depthwise_model(
        (1, 3, 2, 39), noise(1, 5, 5, 39), bias(39), input_zero_point=127
    ),
    "depthwise with no tap inside": build.depthwise_model(
        (1, 1, 1, 8), noise(1, 2, 2, 8), bias(8), dilation=(3, 3)
    ),
    "depthwise of large factors": build.depthwise_model(
        (1, 3, 2, 39), noise(1, 5, 5, 39), bias(39), input_zero_point=127, output_scale=0.0005
    ),
    "depthwise as columns": build.depthwise_model(
        (1, 9, 3, 5), noise(1, 7, 1, 10), bias(10), dilation=(2, 1), input_zero_point=-5
    ),
    "depthwise multiplier": build.depthwise_model(
        (1, 6, 5, 5), noise(1, 3, 2, 40), bias(40), stride=(2, 1), dilation=(1, 2)
    ),
    "fully connected row of a broken quad": build.fully_connected_model(
        (1, 41), noise(35, 41), bias(35)
    ),
    "fully connected rows": build.fully_connected_model((3, 41), noise(35, 41), bias(35)),
    "average pool over the edge": build.pool_model(
        "AVERAGE_POOL_2D", (1, 5, 7, 3), filter_size=(3, 4), stride=(2, 3), padding="SAME"
    ),
    "max pool over the edge": build.pool_model(
        "MAX_POOL_2D", (1, 5, 7, 3), filter_size=(3, 4), stride=(2, 3), padding="SAME"
    ),
    "mean of two separate axes": build.mean_model((3, 4, 5, 6), [0, 2], input_zero_point=-128),
    "greatest of two separate axes": build.reduction_model("REDUCE_MAX", (3, 4, 5, 6), [0, 2]),
    "sum over the outer axes": build.reduction_model(
        "SUM", (3, 4, 5, 6), [0, 1], output_scale=2.0, input_zero_point=7
    ),
    "broadcast difference": build.binary_model(
        "SUB", (2, 1, 3, 1), noise(1, 4, 1, 5), activation="RELU6"
    ),
    "broadcast product": build.binary_model(
        "MUL", (2, 1, 3, 1), noise(1, 4, 1, 5), activation="NONE", zero_points=(-128, 127, 3)
    ),
    "square of the largest difference": build.binary_model(
        "SQUARED_DIFFERENCE",
        (1, 1, 3, 1),
        noise(5, 4, 1, 6),
        scales=(0.1, 0.1, 3.0),
        zero_points=(-128, 127, 0),
    ),
    "smaller of a column": build.binary_model("MINIMUM", (1, 4, 3, 7), noise(4, 1, 7)),
    "prelu per channel": build.binary_model("PRELU", (1, 4, 3, 7), noise(7)),
    "product per channel by tables": build.binary_model(
        "MUL", (1, 5, 3, 3), noise(1, 1, 1, 3), other_first=True, activation="NONE"
    ),
    "tanh of every value": build.fixed_output_model("TANH", (2, 131)),
    "logarithms at their longest": build.fixed_output_model("LOG_SOFTMAX", (1, 4095)),
    "logarithms of a coarse scale": build.fixed_output_model(
        "LOG_SOFTMAX", (40, 3), input_scale=9.0
    ),
    "normalization at its longest": build.fixed_output_model(
        "L2_NORMALIZATION", (2, 33025), input_zero_point=-128
    ),
    "normalization of nothing": build.fixed_output_model("L2_NORMALIZATION", (300, 1)),
    "broadcast addition": build.add_model((2, 1, 3, 1), noise(1, 4, 1, 5)),
    "padding of every axis": build.pad_model((2, 3, 4, 5), [(1, 2), (0, 3), (2, 0), (1, 1)]),
    "softmax at its longest": build.softmax_model((1, 4095), input_scale=0.2),
    "concatenation inside rows": build.concatenation_model((2, 3, 5), [4, None, noise(2, 7, 5)], 1),
    "logistic of every value": build.logistic_model((2, 131), input_zero_point=-128),
    "requantization to a finer scale": build.unary_model(
        "QUANTIZE", (67,), (67,), input_scale=0.9, output_scale=0.001, input_zero_point=5
    ),
    "turned over all axes": one_op(
        "TRANSPOSE", [int8(2, 3, 4, 5), int32([3, 0, 2, 1])], int8(5, 2, 4, 3)
    ),
    "slice backwards": one_op(
        "STRIDED_SLICE",
        [int8(3, 7, 5), int32([0, 6, -1]), int32([3, -8, 0]), int32([2, -2, -1])],
        int8(2, 4, 4),
    ),
    "split inside rows": one_split(int8(1, 3, 3, 7), [1, 4, 2], "SPLIT_V"),
    "split and joined": one_split(int8(1, 3, 3, 48), [16, 16, 16], "SPLIT"),
    "gather of channels": one_op(
        "GATHER", [int8(1, 3, 3, 5), int32([4, 4, 0])], int8(1, 3, 3, 3), axis=3
    ),
    "mirrored on every axis": one_op(
        "MIRROR_PAD",
        [int8(2, 3, 4, 5), int32([[1, 0], [2, 2], [0, 3], [4, 1]])],
        int8(3, 7, 7, 10),
        mode=0,
    ),
    "nearest of uneven sizes": one_op(
        "RESIZE_NEAREST_NEIGHBOR", [int8(2, 3, 7, 3), int32([8, 5])], int8(2, 8, 5, 3)
    ),
    "bilinear up": one_op(
        "RESIZE_BILINEAR",
        [int8(1, 3, 5, 3), int32([7, 17])],
        int8(1, 7, 17, 3),
        half_pixel_centers=True,
    ),
    "bilinear down to a pixel": one_op(
        "RESIZE_BILINEAR", [int8(1, 9, 5, 3), int32([1, 2])], int8(1, 1, 2, 3), align_corners=True
    ),
    "blocks": one_op("SPACE_TO_DEPTH", [int8(2, 6, 9, 3)], int8(2, 2, 3, 27), block_size=3),
    "broadcast over three axes": one_op(
        "BROADCAST_TO", [int8(3, 1, 5), int32([2, 3, 4, 5])], int8(2, 3, 4, 5)
    ),
    "cropped from batches": one_op(
        "BATCH_TO_SPACE_ND",
        [int8(6, 3, 4, 3), int32([2, 3]), int32([[3, 1], [2, 5]])],
        int8(1, 2, 5, 3),
    ),
    "transpose convolution": build.build_model(
        [
            int32([1, 8, 12, 35]),
            build.T("weights", (35, 4, 3, 3), scale=0.01, data=noise(35, 4, 3, 3)),
            int8(1, 4, 4, 3, zero_point=-128),
            int8(1, 8, 12, 35),
        ],
        [build.O("TRANSPOSE_CONV", (0, 1, 2), (3,), {"stride_h": 2, "stride_w": 3})],
        [2],
        [3],
    ),
    "relu6": build.unary_model("RELU6", (5, 7), (5, 7), input_zero_point=-3),
}

MORE = {
    "odd channels, odd width, stride",
    "single pixel",
    "depthwise with no tap inside",
    "fully connected row of a broken quad",
    "tanh of every value",
    "logarithms of a coarse scale",
    "normalization of nothing",
    "bilinear down to a pixel",
    "split and joined",
    "relu6",
}
"""Of `make full`: others of these cases have the same kernels."""


@pytest.fixture(scope="module")
def flags() -> list[str]:
    found = sanitizer_flags(find_host_compiler())
    if not found:
        pytest.skip("this C compiler cannot link AddressSanitizer")
    return ["-O1", "-DWITH_ASAN", "-DMZ_SECTION(name)=", *found]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.full] if name in MORE else []) for name in CASES],
)
def test_no_access_beyond_an_operand(name: str, tmp_path: Path, flags: list[str]) -> None:
    model = parse_model(CASES[name], name)
    program = build_program(model)
    inputs = random_inputs(program.input_tensor.shape, 5)
    if name == "softmax at its longest":
        inputs = inputs[:3]  # TFLM aborts where 512 values are equal
    compiled = build_model(program, roomy_plan(program), tmp_path, flags)
    expected = [oracle(model).run(values) for values in inputs]
    np.testing.assert_array_equal(compiled.run(inputs), expected)


def test_the_harness_sees_an_access_beyond_an_operand(tmp_path: Path, flags: list[str]) -> None:
    program = build_program(parse_model(build.softmax_model((1, 40)), "short"))
    write_model(program, roomy_plan(program), tmp_path)
    source = tmp_path / "model" / "mz_model.c"
    source.write_text(source.read_text().replace(".depth = 40", ".depth = 41"))
    with pytest.raises(AssertionError, match="use-after-poison"):
        compile_model(program, tmp_path, flags).run(random_inputs((1, 40), 0))
