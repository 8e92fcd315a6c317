"""Pools and element by element kernels: on an emulated Cortex-M7, four values at a time, as on this
machine; and with the output over the input, as near as they declare."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import op_cases as cases
from helpers import tflite_builder as build
from helpers.compilers import ONE_COMPILER_FIRST
from helpers.core_kernels import CoreKernels, link_kernels
from helpers.engines import random_inputs
from helpers.examples import examples
from helpers.host_kernels import HostKernels
from helpers.kernel_library import build_kernel_library, oracle
from hypothesis import HealthCheck, assume, given, reject, settings

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.call import Activation
from mcuzoo.ops.lower import lower

SETTINGS = settings(
    max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck)
)

Kernels = HostKernels | CoreKernels


@pytest.fixture(scope="module", params=["host", *ONE_COMPILER_FIRST])
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "host":
        return HostKernels(build_kernel_library(folder))
    pytest.importorskip("unicorn")
    return CoreKernels(link_kernels(folder, request.param))


def assert_equals_reference(kernels: Kernels, raw: bytes, seed: int) -> None:
    model = parse_model(raw, "case")
    program = build_program(model)
    try:
        (call,) = lower(program)
    except UnsupportedOpError:
        reject()
    (overlap,) = call.overlaps
    assert overlap is not None
    size = program.output_tensor.elements
    for values in random_inputs(program.input_tensor.shape, seed, count=1):
        expected = oracle(model).run(values).reshape(-1)
        np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)
        for farther in (0, 1, 29):
            over = kernels.run_over(call, values, size, overlap.before + farther)
            np.testing.assert_array_equal(over, expected)


@SETTINGS
@given(cases.pools(), cases.SEEDS)
def test_pools(kernels: Kernels, raw: bytes, seed: int) -> None:
    assert_equals_reference(kernels, raw, seed)


@SETTINGS
@given(cases.saturating() | cases.activations(), cases.SEEDS)
def test_tables(kernels: Kernels, raw: bytes, seed: int) -> None:
    assert_equals_reference(kernels, raw, seed)


@SETTINGS
@given(cases.log_softmaxes() | cases.l2_normalizations(), cases.SEEDS)
def test_rows_of_a_length(kernels: Kernels, raw: bytes, seed: int) -> None:
    assert_equals_reference(kernels, raw, seed)


@SETTINGS
@given(cases.binaries(cases.BINARY, constant=True), cases.SEEDS)
def test_binaries(kernels: Kernels, raw: bytes, seed: int) -> None:
    """The output over the input where this is not broadcast."""
    model = parse_model(raw, "case")
    program = build_program(model)
    try:
        (call,) = lower(program)
    except UnsupportedOpError:
        reject()
    (place,) = (at for at, one in enumerate(call.inputs) if isinstance(one, Activation))
    overlap = call.overlaps[place]
    size = program.output_tensor.elements
    (values, *_) = random_inputs(program.input_tensor.shape, seed, count=1)
    expected = oracle(model).run(values).reshape(-1)
    np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)
    assert (overlap is None) == (program.input_tensor.elements != size)
    if overlap is not None:
        for farther in (0, 1, 29):
            over = kernels.run_over(call, values, size, overlap.before + farther)
            np.testing.assert_array_equal(over, expected)


@SETTINGS
@given(cases.reductions() | cases.pads(), cases.SEEDS)
def test_those_that_lie_nowhere_over_their_input(kernels: Kernels, raw: bytes, seed: int) -> None:
    model = parse_model(raw, "case")
    program = build_program(model)
    try:
        calls = lower(program)
    except UnsupportedOpError:
        reject()
    assume(len(calls) == 1)
    (values, *_) = random_inputs(program.input_tensor.shape, seed, count=1)
    output, _ = kernels.run(calls[0], [values], program.output_tensor.elements)
    np.testing.assert_array_equal(output, oracle(model).run(values).reshape(-1))


@pytest.mark.parametrize("activation", ["NONE", "RELU"])
@pytest.mark.parametrize(
    ("kernel", "name", "scales"),
    [
        ("mz_add_s8_dsp", "ADD", (0.031, 0.0271, 0.0433)),
        # Exact halves.
        ("mz_add_s8_dsp", "ADD", (0.25, 0.5, 0.5)),
        ("mz_add_s8_dsp", "SUB", (0.031, 0.0271, 0.0433)),
        # Halves that TFLM's first rounding moves.
        ("mz_add_exact_s8_dsp", "ADD", (0.05, 0.07, 0.1)),
        ("mz_add_exact_s8_dsp", "SUB", (0.05, 0.07, 0.1)),
        ("mz_mul_s8_dsp", "MUL", (0.031, 0.0271, 0.0433)),
        ("mz_mul_s8_dsp", "MUL", (0.5, 0.25, 0.5)),
        ("mz_mul_large_s8_dsp", "MUL", (0.031, 0.0271, 0.00108)),
        ("mz_mul_large_s8_dsp", "MUL", (0.5, 0.25, 0.0625)),
        ("mz_mul_large_s8_dsp", "MUL", (0.9, 0.7, 0.001)),
        ("mz_prelu_s8_dsp", "PRELU", (0.031, 0.0021, 0.0253)),
        ("mz_prelu_s8_dsp", "PRELU", (0.05, 0.0078125, 0.05)),
        ("mz_squared_difference_s8_dsp", "SQUARED_DIFFERENCE", (0.031, 0.0271, 0.0433)),
        ("mz_squared_difference_s8_dsp", "SQUARED_DIFFERENCE", (0.25, 0.5, 2.0)),
    ],
)
def test_all_pairs_of_values(
    kernels: Kernels, kernel: str, name: str, scales: tuple[float, float, float], activation: str
) -> None:
    every = np.arange(-128, 128, dtype=np.int8)
    fusing = name in cases.FUSING
    raw = build.binary_model(
        name,
        (256, 256),
        np.repeat(every, 256).reshape(256, 256),
        activation=activation if fusing else None,
        scales=scales,
        zero_points=(-7, 11, -128 if activation == "RELU" else 3),
    )
    model = parse_model(raw, "case")
    (call,) = lower(build_program(model))
    assert call.kernel == kernel
    values = np.tile(every, 256).reshape(256, 256)
    output, _ = kernels.run(call, [values], values.size)
    np.testing.assert_array_equal(output, oracle(model).run(values).reshape(-1))


@pytest.mark.parametrize("other", [(1, 5, 1), (1, 1, 300), (4, 1, 300), (4, 5, 1), (1, 1, 1)])
@pytest.mark.parametrize("name", ["MUL", "MAXIMUM"])
def test_rows_that_are_repeated(kernels: Kernels, name: str, other: tuple[int, ...]) -> None:
    """Longer than the copy of them, and shorter."""
    for shape in ((4, 5, 300), (4, 5, 6)):
        constant = np.arange(1500, dtype=np.int16).astype(np.int8)
        sizes = tuple(min(pair) for pair in zip(shape, other, strict=True))
        one = constant[: np.prod(sizes)].reshape(sizes)
        raw = build.binary_model(
            name, shape, one, activation="NONE" if name == "MUL" else None, other_first=True
        )
        model = parse_model(raw, "case")
        (call,) = lower(build_program(model))
        values = random_inputs(shape, 3, count=1)[0]
        output, _ = kernels.run(call, [values], values.size)
        np.testing.assert_array_equal(output, oracle(model).run(values).reshape(-1))


@SETTINGS
@given(cases.elementwise(), cases.SEEDS)
def test_elementwise(kernels: Kernels, raw: bytes, seed: int) -> None:
    assert_equals_reference(kernels, raw, seed)


@SETTINGS
@given(cases.softmaxes(), cases.SEEDS)
def test_softmax(kernels: Kernels, raw: bytes, seed: int) -> None:
    assert_equals_reference(kernels, raw, seed)


@pytest.mark.parametrize("scale", [0.03, 0.2, 1.0])
def test_softmax_of_a_thousand(kernels: Kernels, scale: float) -> None:
    model = parse_model(build.softmax_model((2, 1001), input_scale=scale), "case")
    (call,) = lower(build_program(model))
    values = np.random.default_rng(5).integers(-128, 128, (2, 1001), dtype=np.int8)
    expected = oracle(model).run(values).reshape(-1)
    np.testing.assert_array_equal(kernels.run(call, [values], 2002)[0], expected)


@pytest.mark.parametrize("operator", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize("value", [-128, 127])
def test_pools_of_many_equal_values(kernels: Kernels, operator: str, value: int) -> None:
    """256 values of -128 just fit into 16 bits."""
    for width in (16, 17):
        shape = (1, 16, width, 5)
        raw = build.pool_model(operator, shape, filter_size=(16, width), padding="VALID")
        (call,) = lower(build_program(parse_model(raw, "case")))
        output, _ = kernels.run(call, [np.full(shape, value, np.int8)], 5)
        np.testing.assert_array_equal(output, value)


@pytest.mark.parametrize("operator", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize(
    ("shape", "taps", "stride"),
    [
        # Windows of a row do not all fit, one does not, one of few channels does not.
        ((1, 4, 301, 3), (2, 2), (2, 2)),
        ((1, 5, 40, 9), (3, 30), (1, 2)),
        ((1, 2, 310, 1), (1, 299), (1, 3)),
        ((1, 2, 310, 2), (2, 299), (1, 3)),
        ((1, 3, 3, 300), (3, 3), (1, 1)),
        ((1, 7, 21, 5), (1, 1), (2, 3)),
        # More taps than sums of 16 bits hold, in a column, too.
        ((1, 40, 41, 70), (38, 41), (2, 9)),
        ((1, 300, 3, 9), (280, 3), (20, 3)),
        ((1, 7, 21, 5), (2, 1), (1, 2)),
    ],
)
def test_pools_of_long_rows(
    kernels: Kernels,
    operator: str,
    shape: tuple[int, int, int, int],
    taps: tuple[int, int],
    stride: tuple[int, int],
) -> None:
    for padding in ("SAME", "VALID"):
        raw = build.pool_model(operator, shape, filter_size=taps, stride=stride, padding=padding)
        assert_equals_reference(kernels, raw, 4)


def test_an_addend_that_is_not_broadcast_may_lie_below_the_output(kernels: Kernels) -> None:
    other = np.random.default_rng(1).integers(-128, 128, (1, 1, 1, 5), dtype=np.int8)
    model = parse_model(build.add_model((1, 3, 5, 5), other), "case")
    (call,) = lower(build_program(model))
    assert [overlap and overlap.before for overlap in call.overlaps] == [0, None]
