"""Kernels with packed weights against the portable ones: their twins on this machine, the assembly
on an emulated Cortex-M7; also with the output over the input, as near as they declare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import product_cases as cases
from helpers import tflite_builder as build
from helpers.compilers import COMPILERS, GCC, ONE_COMPILER_FIRST
from helpers.core_kernels import CoreKernels, link_kernels
from helpers.engines import random_inputs
from helpers.examples import examples
from helpers.host_kernels import HostKernels
from helpers.kernel_library import build_kernel_library
from helpers.op_cases import SEEDS
from hypothesis import HealthCheck, given, reject, settings

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.lowering.call import Call
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.lone_channel import LoneChannel
from mcuzoo.ops.kernels.product import PortableProduct
from mcuzoo.ops.kernels.product_parts import ProductParts
from mcuzoo.ops.kernels.slices import sliced
from mcuzoo.ops.kernels.two_channels import TwoChannels
from mcuzoo.ops.table import computed

SETTINGS = settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

Kernels = HostKernels | CoreKernels


@pytest.fixture(scope="module")
def portable(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    return HostKernels(build_kernel_library(tmp_path_factory.mktemp("host")))


@pytest.fixture(scope="module", params=["host", *ONE_COMPILER_FIRST])
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    """On this machine, or on an emulated core."""
    if request.param == "host":
        portable: HostKernels = request.getfixturevalue("portable")
        return portable
    pytest.importorskip("unicorn")
    return CoreKernels(link_kernels(tmp_path_factory.mktemp("core"), request.param))


def candidates(raw: bytes) -> tuple[Call, Call, WeightedWork]:
    """The chosen call, the portable one, and what they do."""
    try:
        work = cases.work_of(raw)
    except UnsupportedOpError:
        reject()
    accepting = [variant for variant in computed(work.op).variants if variant.accepts(work)]
    if not accepting[0].kernel.endswith("_dsp"):
        reject()
    portable = next(variant for variant in accepting if not variant.kernel.endswith("_dsp"))
    (call,), (plain,) = accepting[0].lower(work), portable.lower(work)
    return call, plain, work


def assert_equals_portable(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    call, plain, work = candidates(raw)
    size = work.target.elements
    for values in random_inputs(work.source.shape, seed, count=1):
        expected, _ = portable.run(plain, [values], size)
        np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)
        for most_bytes in (0, call.params.held_bytes // 2):
            cut = sliced(call, most_bytes)
            if cut is not None:
                np.testing.assert_array_equal(kernels.run(cut, [values], size)[0], expected)
        for overlap in call.overlaps:
            assert overlap is not None
            over = kernels.run_over(call, values, size, overlap.before)
            np.testing.assert_array_equal(over, expected)


@SETTINGS
@given(cases.pointwise_products(), SEEDS)
def test_pointwise(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    assert_equals_portable(kernels, portable, raw, seed)


@SETTINGS
@given(cases.fully_connected_products(), SEEDS)
def test_fully_connected(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    assert_equals_portable(kernels, portable, raw, seed)


@SETTINGS
@given(cases.long_rows(), SEEDS)
def test_rows_by_parts(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    try:
        work = cases.work_of(raw)
    except UnsupportedOpError:
        reject()
    (call,), (plain,) = ProductParts().lower(work), PortableProduct("").lower(work)
    values, size = random_inputs(work.source.shape, seed, count=1)[0], work.target.elements
    expected, _ = portable.run(plain, [values], size)
    np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)


@SETTINGS
@given(cases.products_to_two_channels(), SEEDS)
def test_two_channels(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    try:
        work = cases.work_of(raw)
    except UnsupportedOpError:
        reject()
    (call,), (plain,) = TwoChannels().lower(work), PortableProduct("").lower(work)
    values, size = random_inputs(work.source.shape, seed, count=1)[0], work.target.elements
    expected, _ = portable.run(plain, [values], size)
    np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)


@SETTINGS
@given(cases.products_to_one_channel(), SEEDS)
def test_a_lone_channel(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    try:
        work = cases.work_of(raw)
    except UnsupportedOpError:
        reject()
    (call,), (plain,) = LoneChannel("").lower(work), PortableProduct("").lower(work)
    values = random_inputs(work.source.shape, seed, count=1)[0]
    rows = work.target.elements
    expected, _ = portable.run(plain, [values], rows)
    np.testing.assert_array_equal(kernels.run(call, [values], rows)[0], expected)
    (overlap,) = call.overlaps
    assert overlap is not None
    over = kernels.run_over(call, values, rows, overlap.before)
    np.testing.assert_array_equal(over, expected)


@SETTINGS
@given(cases.window_products(), SEEDS)
def test_windows(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    assert_equals_portable(kernels, portable, raw, seed)


@pytest.mark.parametrize("channels", [8, 12, 23])
@pytest.mark.parametrize("rows", [5, 8, 13])
def test_the_declared_distance_is_the_least(
    kernels: Kernels, portable: HostKernels, rows: int, channels: int
) -> None:
    """One byte nearer, and the outputs of one block destroy an input of the next."""
    rng = np.random.default_rng(rows * channels)
    weights = rng.integers(-127, 128, (channels, 1, 1, 12), dtype=np.int8)
    raw = build.conv_model((1, rows, 1, 12), weights, None, output_scale=0.5)
    call, plain, work = candidates(raw)
    (overlap,) = call.overlaps
    assert overlap is not None
    values = rng.integers(-128, 128, work.source.shape, dtype=np.int8)
    expected, _ = portable.run(plain, [values], rows * channels)
    over = kernels.run_over(call, values, rows * channels, overlap.before)
    np.testing.assert_array_equal(over, expected)
    nearer = kernels.run_over(call, values, rows * channels, overlap.before - 1)
    assert not np.array_equal(nearer, expected)


@pytest.mark.parametrize(
    ("level", "compiler"),
    [
        pytest.param(
            level,
            *each.values,
            marks=each.marks if (level, each) == ("-Os", GCC) else (*each.marks, pytest.mark.full),
        )
        for each in COMPILERS
        for level in ("-Os", "-O0")
    ],
)
def test_other_levels_of_optimization(
    portable: HostKernels, tmp_path: Path, compiler: str, level: str
) -> None:
    """-Os aligns functions to two bytes only, and puts some of them there."""
    pytest.importorskip("unicorn")
    kernels = CoreKernels(link_kernels(tmp_path, compiler, level))
    rng = np.random.default_rng(5)
    weights = rng.integers(-127, 128, (7, 3, 3, 8), dtype=np.int8)
    for raw in (
        build.conv_model((1, 5, 5, 8), weights, None),
        build.conv_model((1, 5, 5, 8), weights[:, :1, :1], None),
        build.fully_connected_model((1, 72), weights.reshape(7, 72), None),
    ):
        assert_equals_portable(kernels, portable, raw, 3)
