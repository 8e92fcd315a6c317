"""Every kernel equals TFLM byte for byte, whatever its shape and quantization: the portable ones
and those that are chosen before them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from helpers import op_cases as cases
from helpers import tflite_builder as build
from helpers.engines import random_inputs
from helpers.examples import examples
from helpers.kernel_library import (
    KernelRunner,
    build_kernel_library,
    marshal,
    oracle,
    portable_calls,
)
from helpers.small_net import small_net
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.constant import Constant

SETTINGS = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build_kernel_library(tmp_path_factory.mktemp("kernels"))


def assert_equals_tflm(kernels: ctypes.CDLL, raw: bytes, seed: int = 0) -> None:
    model = parse_model(raw, "case")
    try:
        runner = KernelRunner(kernels, build_program(model))
    except UnsupportedOpError:
        reject()  # drawn so large that sums leave 32 bits; TFLM wraps them, this runtime refuses
    portable = KernelRunner(kernels, runner.program, portable_calls(runner.program))
    reference = oracle(model)
    for values in random_inputs(runner.program.input_tensor.shape, seed):
        expected = reference.run(values)
        np.testing.assert_array_equal(portable.run(values), expected)
        np.testing.assert_array_equal(runner.run(values), expected)


@SETTINGS
@given(cases.convolutions(), cases.SEEDS)
def test_conv_2d(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.pointwise_convolutions(), cases.SEEDS)
def test_pointwise_conv_2d(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.depthwise_convolutions(), cases.SEEDS)
def test_depthwise_conv_2d(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.fully_connected(), cases.SEEDS)
def test_fully_connected(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.pools(), cases.SEEDS)
def test_pools(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.reductions(), cases.SEEDS)
def test_reductions(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.binaries(("ADD", "SUB", "SQUARED_DIFFERENCE")), cases.SEEDS)
def test_sums_and_differences(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.binaries(("MUL", "PRELU")), cases.SEEDS)
def test_products(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.binaries(("MAXIMUM", "MINIMUM")), cases.SEEDS)
def test_maximum_and_minimum(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.log_softmaxes(), cases.SEEDS)
def test_log_softmax(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.l2_normalizations(), cases.SEEDS)
def test_l2_normalization(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.activations(), cases.SEEDS)
def test_activations(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.pads(), cases.SEEDS)
def test_pad(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.softmaxes(), cases.SEEDS)
def test_softmax(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.concatenations(), cases.SEEDS)
def test_concatenation(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.saturating(), cases.SEEDS)
def test_logistic_and_tanh(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@SETTINGS
@given(cases.elementwise(), cases.SEEDS)
def test_elementwise(kernels: ctypes.CDLL, raw: bytes, seed: int) -> None:
    assert_equals_tflm(kernels, raw, seed)


@pytest.mark.parametrize("seed", range(5))
def test_small_network(kernels: ctypes.CDLL, seed: int) -> None:
    assert_equals_tflm(kernels, small_net(seed), seed)


@pytest.mark.parametrize("scale", [0.001, 0.003, 0.007, 0.011, 0.013, 0.017, 0.023, 0.031, 0.05])
def test_softmax_of_three_at_every_distance(kernels: ctypes.CDLL, scale: float) -> None:
    """Large shares of few values show the last bits of the reciprocal."""
    distances = np.arange(256)
    rows = np.stack([127 - distances, np.full(256, 127), 127 - distances // 3], axis=1)
    model = parse_model(build.softmax_model((256, 3), input_scale=scale), "case")
    outputs = KernelRunner(kernels, build_program(model)).run(rows.astype(np.int8))
    np.testing.assert_array_equal(outputs, oracle(model).run(rows.astype(np.int8)))


@pytest.mark.parametrize(
    "raw",
    [
        build.unary_model("QUANTIZE", (3, 50), (3, 50), output_scale=0.03),
        build.softmax_model((3, 50)),
        build.logistic_model((3, 50)),
        build.add_model((3, 50), np.arange(-75, 75, dtype=np.int8).reshape(3, 50)),
        build.binary_model("MUL", (3, 50), np.full(1, 9, np.int8), activation="NONE"),
    ],
    ids=["requantize", "softmax", "logistic", "add", "product by a table"],
)
def test_some_kernels_may_run_in_place(kernels: ctypes.CDLL, raw: bytes) -> None:
    runner = KernelRunner(kernels, build_program(parse_model(raw, "case")))
    (call,) = runner.calls
    (values, *_) = random_inputs((150,), 9)
    expected = runner.run(values)
    memory = values.ctypes.data_as(ctypes.c_void_p)
    constants = [one for one in call.inputs[1:] if isinstance(one, Constant)]
    others = [constant.values.ctypes.data for constant in constants]
    operands = [memory, *map(ctypes.c_void_p, others), memory]
    getattr(kernels, call.kernel)(ctypes.byref(marshal(call.params)), *operands)
    np.testing.assert_array_equal(values, expected)


def test_softmax_of_many_equal_values_rounds_to_zero(kernels: ctypes.CDLL) -> None:
    """TFLM aborts from a sum of 512 on; a board must not."""
    model = parse_model(build.softmax_model((1, 4095)), "flat")
    runner = KernelRunner(kernels, build_program(model))
    np.testing.assert_array_equal(runner.run(np.full(4095, 7, np.int8)), -128)


@given(st.integers(-(2**30) + 1, 2**30 - 1), st.integers(0, 2**31 - 1), st.integers(-31, 30))
def test_multiplier_in_exact_integers(
    kernels: ctypes.CDLL, x: int, mantissa: int, shift: int
) -> None:
    """The short forms that layers use, against the definition in unlimited integers."""
    x >>= max(shift, 0)
    high = ((x << max(shift, 0)) * mantissa + 2**30) >> 31
    assert kernels.shim_multiply_by_quantized(x, mantissa, shift) == _halves_away(high, shift)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 31))
def test_division_in_exact_integers(kernels: ctypes.CDLL, x: int, exponent: int) -> None:
    assert kernels.shim_divide_by_power_of_two(x, exponent) == _halves_away(x, -exponent)


def _halves_away(x: int, shift: int) -> int:
    """x / 2**-shift, rounded to nearest, halves away from zero; x itself for shift >= 0."""
    half = 2**-shift // 2 if shift < 0 else 0
    magnitude = (abs(x) + half) >> max(-shift, 0)
    return -magnitude if x < 0 else magnitude


def wide_layers(bias: list[int], weights: int, output_scale: float) -> list[bytes]:
    """A layer of each kind with these biases and weights, one channel's scale next to zero."""
    channels = len(bias)
    values = np.full((channels, 8), weights, np.int8)
    values[:, ::2] *= -1
    scales = [0.01 if channel % 2 else 1e-9 for channel in range(channels)]
    given: dict[str, Any] = {
        "weight_scales": scales,
        "output_scale": output_scale,
        "input_zero_point": -128,
    }
    biases = np.array(bias, np.int32)
    deep = values.T.reshape(1, 2, 4, channels)
    return [
        build.conv_model((1, 3, 3, 8), values.reshape(channels, 1, 1, 8), biases, **given),
        build.conv_model((1, 3, 3, 2), values.reshape(channels, 2, 2, 2), biases, **given),
        build.depthwise_model((1, 5, 5, channels), deep, biases, **given),
        build.fully_connected_model((3, 8), values, biases, **given),
        transpose_conv_model(values.reshape(channels, 2, 2, 2), biases, given),
    ]


def transpose_conv_model(
    weights: NDArray[np.int8], bias: NDArray[np.int32], given: dict[str, Any]
) -> bytes:
    """TRANSPOSE_CONV of a 3x3 image with a stride of 1."""
    channels = len(weights)
    tensors = [
        build.T("shape", (4,), "int32", data=np.array([1, 3, 3, channels], np.int32)),
        build.T("weights", weights.shape, scale=given["weight_scales"], data=weights),
        build.T("image", (1, 3, 3, 2), scale=0.05, zero_point=given["input_zero_point"]),
        build.T("output", (1, 3, 3, channels), scale=given["output_scale"]),
        build.T("bias", bias.shape, "int32", data=bias),
    ]
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    ops = [build.O("TRANSPOSE_CONV", (0, 1, 2, 4), (3,), options)]
    return build.build_model(tensors, ops, [2], [3])


@pytest.mark.parametrize("activation", [0.1, 30000.0])
@pytest.mark.parametrize("bias", [2**30, 2**30 + 128, 2**30 - 1, 2**31 - 1])
def test_constant_channels(kernels: ctypes.CDLL, bias: int, activation: float) -> None:
    """Weights that are all zero: TensorFlow's converter writes biases of 2^30 then."""
    for raw in wide_layers([bias, 100, -bias, -(2**31)], 0, activation):
        assert_equals_tflm(kernels, raw)


@pytest.mark.parametrize("scale", [0.1, 2000.0, 70000.0])
@pytest.mark.parametrize("bias", [2**30, -(2**30) - 128, 2**31 - 4096])
def test_sums_from_2_to_the_30th_on(kernels: ctypes.CDLL, bias: int, scale: float) -> None:
    for raw in wide_layers([5, bias, 7, bias + 1000], 1, scale):
        assert_equals_tflm(kernels, raw)


@given(st.integers(-(2**31) + 256, 2**31 - 257), st.integers(0, 2**31 - 1), st.integers(-31, 30))
def test_wide_multiplier_in_exact_integers(
    kernels: ctypes.CDLL, x: int, mantissa: int, shift: int
) -> None:
    x >>= max(shift, 0)
    high = ((x << max(shift, 0)) * mantissa + 2**30) >> 31
    assert kernels.shim_multiply_by_quantized_wide(x, mantissa, shift) == _halves_away(high, shift)


def test_overflowing_bias_is_refused(kernels: ctypes.CDLL) -> None:
    bias = np.array([2**31 - 1], np.int32)
    raw = build.conv_model((1, 2, 2, 1), np.ones((1, 1, 1, 1), np.int8), bias)
    with pytest.raises(UnsupportedOpError, match="output channel 0 sums that overflow 32 bits"):
        KernelRunner(kernels, build_program(parse_model(raw, "case")))
    given = {"weight_scales": [0.01], "output_scale": 0.1, "input_zero_point": 0}
    raw = transpose_conv_model(np.ones((1, 2, 2, 2), np.int8), bias, given)
    with pytest.raises(UnsupportedOpError, match="output channel 0 sums that overflow 32 bits"):
        KernelRunner(kernels, build_program(parse_model(raw, "case")))
