"""From programs to kernel calls: which kernel, which numbers, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.small_net import small_net

from mcuzoo.codegen.aot.sources import RUNTIME_SOURCE, kernel_sources
from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.ops.common.broadcast import broadcast_strides
from mcuzoo.ops.common.reduction import ReductionAxisStruct, merged_axes
from mcuzoo.ops.kernels.product import FullyConnectedParams
from mcuzoo.ops.lower import choose_variants, lower
from mcuzoo.ops.operator import Aot
from mcuzoo.ops.softmax import SoftmaxParams
from mcuzoo.ops.table import OPERATORS, computed
from mcuzoo.zoo.registry import resolve_model


def calls_of(raw: bytes) -> tuple[Call, ...]:
    return lower(build_program(parse_model(raw, "case")))


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(-127, 128, shape, dtype=np.int8)


def test_a_network_becomes_one_call_per_step() -> None:
    calls = calls_of(small_net())
    assert [call.kernel for call in calls] == [
        "mz_conv_2d_s8_dsp",
        "mz_depthwise_3x3_s8_dsp",
        "mz_add_s8_dsp",
        "mz_average_pool_2d_s8",
        "mz_pad_s8",
        "mz_max_pool_2d_s8",
        "mz_fully_connected_s8_dsp",
        "mz_softmax_s8",
    ]
    assert [call.op.index for call in calls] == [0, 1, 2, 3, 4, 5, 7, 8]


@pytest.mark.parametrize(
    ("taps", "stride", "kernel"),
    [
        ((1, 1), (1, 1), "mz_lone_channel_s8"),
        ((1, 1), (2, 1), "mz_conv_2d_s8"),
        ((1, 1), (1, 2), "mz_conv_2d_s8"),
        ((1, 2), (1, 1), "mz_conv_2d_s8"),
        ((3, 3), (1, 1), "mz_conv_2d_s8"),
    ],
)
def test_pointwise_convolution_is_a_matrix_product(
    taps: tuple[int, int], stride: tuple[int, int], kernel: str
) -> None:
    """Of one channel, which only portable kernels take."""
    (call,) = calls_of(build.conv_model((1, 4, 6, 3), weights(1, *taps, 3), None, stride=stride))
    assert call.kernel == kernel
    if isinstance(call.params, FullyConnectedParams):
        assert (call.params.rows, call.params.depth, call.params.channels) == (24, 3, 1)


@pytest.mark.parametrize(
    ("taps", "depth", "kernel"),
    [
        ((1, 1), 8, "mz_pointwise_s8_dsp"),
        ((1, 1), 9, "mz_conv_2d_s8_dsp"),
        ((3, 2), 9, "mz_conv_2d_s8_dsp"),
        ((9, 9), 32, "mz_conv_2d_s8"),
    ],
)
def test_packed_weights_are_preferred(taps: tuple[int, int], depth: int, kernel: str) -> None:
    (call,) = calls_of(build.conv_model((1, 4, 6, depth), weights(2, *taps, depth), None))
    assert call.kernel == kernel


@pytest.mark.parametrize(
    ("pixels", "channels", "kernel"),
    [
        (1, 2, "mz_two_channels_s8"),
        (1, 4, "mz_fully_connected_s8_dsp"),
        (6, 2, "mz_pointwise_s8_dsp"),
    ],
)
def test_one_pixel_of_two_channels_has_a_kernel_of_its_own(
    pixels: int, channels: int, kernel: str
) -> None:
    """As the last layer of TFLM's person_detect."""
    raw = build.conv_model((1, 1, pixels, 256), weights(channels, 1, 1, 256), None)
    assert [call.kernel for call in calls_of(raw)] == [kernel]


def test_a_variant_that_accepts_goes_before_the_portable_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Faster:
        kernel = "mz_conv_2d_s8_faster"

        def accepts(self, work: object) -> bool:
            return self.wanted

        def lower(self, work: Any) -> tuple[Call, ...]:
            assert isinstance(operator.aot, Aot)
            return operator.aot.variants[0].lower(work)

        wanted = True

    operator = OPERATORS["CONV_2D"]
    assert isinstance(operator.aot, Aot)
    changed = replace(operator.aot, variants=(Faster(), *operator.aot.variants))
    monkeypatch.setitem(OPERATORS, "CONV_2D", replace(operator, aot=changed))
    program = build_program(parse_model(small_net(), "small"))
    works = [computed(step.op).prepare(program, step) for step in program.steps]
    assert choose_variants(works)[0].kernel == "mz_conv_2d_s8_faster"
    Faster.wanted = False
    assert choose_variants(works)[0].kernel == "mz_conv_2d_s8_dsp"


def test_bias_has_the_input_zero_point_folded_in() -> None:
    rows = weights(3, 7)
    bias = np.array([5, -7, 2**13], np.int32)
    (call,) = calls_of(build.fully_connected_model((3, 7), rows, bias, input_zero_point=-11))
    assert isinstance(call.params, FullyConnectedParams)
    expected = bias + 11 * rows.astype(np.int32).sum(axis=1)
    np.testing.assert_array_equal(call.params.bias.values, expected)


def test_no_bias_is_a_folded_zero() -> None:
    (call,) = calls_of(build.fully_connected_model((3, 7), weights(3, 7), None))
    assert isinstance(call.params, FullyConnectedParams)
    np.testing.assert_array_equal(call.params.bias.values, [0, 0, 0])


@pytest.mark.parametrize(("output_scale", "right_only"), [(0.1, 1), (0.0001, 0)])
def test_layers_that_only_shift_right_say_so(output_scale: float, right_only: int) -> None:
    raw = build.fully_connected_model((3, 7), weights(3, 7), None, output_scale=output_scale)
    (call,) = calls_of(raw)
    assert isinstance(call.params, FullyConnectedParams)
    assert call.params.to.right_only == right_only


def test_softmax_table_falls_from_one() -> None:
    (call,) = calls_of(build.softmax_model((2, 10), input_scale=0.1))
    assert isinstance(call.params, SoftmaxParams)
    table = call.params.exponentials.values
    assert (call.params.rows, call.params.depth, len(table)) == (2, 10, 256)
    assert table[0] == 2**31 - 1
    np.testing.assert_allclose(table / 2**31, np.exp(-0.1 * np.arange(256)), atol=1e-6)


def test_constant_addend_is_a_constant() -> None:
    other = weights(1, 4, 1)
    (call,) = calls_of(build.add_model((2, 4, 3), other))
    first, second = call.inputs
    assert isinstance(first, Activation)
    assert isinstance(second, Constant)
    np.testing.assert_array_equal(second.values, other.reshape(-1))


def test_broadcast_strides_stand_still_on_single_elements() -> None:
    assert broadcast_strides((2, 3, 4, 5)) == (60, 20, 5, 1)
    assert broadcast_strides((1, 3, 1, 5)) == (0, 5, 0, 1)
    assert broadcast_strides((1, 1, 1, 1)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ((), ((1, 0), (1, 0))),
        ((3,), ((1, 0), (5, 1))),
        ((1, 2), ((1, 0), (12, 5))),
        ((0, 2), ((2, 60), (4, 5))),
        ((0, 1, 3), ((6, 20), (5, 1))),
        ((0, 1, 2, 3), ((1, 0), (120, 1))),
    ],
)
def test_neighbouring_axes_are_one(
    axes: tuple[int, ...], expected: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    merged = merged_axes((2, 3, 4, 5), axes)
    assert merged == tuple(ReductionAxisStruct(size, stride) for size, stride in expected)


@pytest.mark.parametrize("seed", range(40))
def test_a_line_is_found_for_prelu_whose_output_is_not_coarser(seed: int) -> None:
    random = np.random.default_rng(seed)
    scale = float(random.uniform(0.01, 0.2))
    raw = build.binary_model(
        "PRELU",
        (1, 2, 2, 8),
        weights(1, 1, 8),
        scales=(scale, float(random.uniform(0.3, 1) / 127), scale * float(random.uniform(0.5, 2))),
        zero_points=(int(random.integers(-128, 128)), 0, int(random.integers(-128, 128))),
    )
    assert [call.kernel for call in calls_of(raw)] == ["mz_prelu_s8_dsp"]


@pytest.mark.parametrize(
    ("made", "kernel"),
    [
        (0.01, "mz_mul_s8_dsp"),
        (0.004, "mz_mul_large_s8_dsp"),
        (1e-5, "mz_mul_large_s8_dsp"),
        (1e3, "mz_mul_s8"),
    ],
)
def test_products_go_by_the_kernel_of_their_factor(made: float, kernel: str) -> None:
    raw = build.binary_model("MUL", (1, 2, 8), scales=(0.05, 0.05, made), activation="NONE")
    assert [call.kernel for call in calls_of(raw)] == [kernel]


def test_sources_are_the_kernels_that_are_called_and_what_they_share() -> None:
    program = build_program(parse_model(build.softmax_model((1, 10)), "softmax"))
    assert kernel_sources(lower(program)) == ("kernels/mz_softmax_s8.c", RUNTIME_SOURCE)
    raw = build.conv_model((1, 4, 4, 3), weights(5, 3, 3, 3), None)
    program = build_program(parse_model(raw, "conv"))
    assert kernel_sources(lower(program)) == (
        "kernels/mz_conv_2d_s8_dsp.c",
        "kernels/mz_packed_block.c",
        "kernels/mz_requantization.c",
        RUNTIME_SOURCE,
    )


def test_unsupported_op_names_itself_and_its_place() -> None:
    tensors = [build.T("in", (1, 4), scale=0.1), build.T("out", (1, 4), scale=1 / 128)]
    raw = build.build_model(tensors, [build.O("FLOOR", (0,), (1,))], [0], [1])
    with pytest.raises(UnsupportedOpError, match="Op 0 FLOOR") as caught:
        calls_of(raw)
    assert caught.value.hint


def test_sum_that_could_overflow_is_refused_by_channel_and_tensor() -> None:
    bias = np.array([0, 2**31 - 1], np.int32)
    raw = build.fully_connected_model((1, 8), weights(2, 8), bias)
    with pytest.raises(UnsupportedOpError, match=r"Op 0 .* tensor 3 'bias': .* channel 1"):
        calls_of(raw)


def test_layers_without_bias_are_checked_too() -> None:
    raw = build.fully_connected_model(
        (1, 8), weights(2, 8), None, input_scale=1000.0, weight_scales=[10.0], output_scale=1e-3
    )
    with pytest.raises(UnsupportedOpError, match=r"tensor 1 'weights'"):
        calls_of(raw)


def test_scale_that_could_overflow_is_refused() -> None:
    raw = build.unary_model(
        "QUANTIZE", (4,), (4,), input_scale=1000.0, output_scale=1e-5, input_zero_point=-128
    )
    with pytest.raises(UnsupportedOpError, match=r"Op 0 QUANTIZE.*too large"):
        calls_of(raw)


def test_no_convolution_of_the_bundled_model_needs_a_portable_kernel() -> None:
    program = build_program(load_model(resolve_model("signs").path))
    kernels = [call.kernel for call in lower(program) if "CONV" in call.op.name]
    assert len(kernels) == 28
    assert all(kernel.endswith("_dsp") for kernel in kernels)


@pytest.mark.parametrize(
    ("image", "taps", "padding", "kernel"),
    [
        ((15, 1, 128), (15, 1), "VALID", "mz_depthwise_pixel_s8_dsp"),
        ((7, 7, 64), (7, 7), "VALID", "mz_depthwise_pixel_s8_dsp"),
        ((3, 3, 64), (3, 3), "VALID", "mz_depthwise_pixel_s8_dsp"),
        ((2, 2, 64), (3, 3), "SAME", "mz_depthwise_3x3_s8_dsp"),
        ((8, 1, 64), (5, 1), "VALID", "mz_depthwise_pixel_s8_dsp"),
        ((30, 1, 40), (3, 1), "VALID", "mz_depthwise_row_s8_dsp"),
        ((1, 24, 128), (1, 10), "VALID", "mz_depthwise_row_s8_dsp"),
        ((4, 4, 64), (3, 3), "SAME", "mz_depthwise_3x3_s8_dsp"),
        ((14, 14, 64), (5, 5), "SAME", "mz_depthwise_conv_2d_s8_dsp"),
        ((14, 14, 3), (5, 5), "SAME", "mz_depthwise_conv_2d_s8_dsp"),
        ((3, 3, 3), (3, 3), "VALID", "mz_depthwise_conv_2d_s8"),
    ],
)
def test_the_quickest_depthwise_kernel(
    image: tuple[int, int, int], taps: tuple[int, int], padding: str, kernel: str
) -> None:
    """Straight from the image where planes would serve few outputs."""
    weights = np.random.default_rng(1).integers(-99, 99, (1, *taps, image[2]), dtype=np.int8)
    raw = build.depthwise_model(
        (1, *image), weights, None, padding=padding, activation="RELU", input_zero_point=-128,
        output_zero_point=-128, output_scale=0.4,
    )  # fmt: skip
    (call,) = lower(build_program(parse_model(raw, "depthwise")))
    assert call.kernel == kernel
