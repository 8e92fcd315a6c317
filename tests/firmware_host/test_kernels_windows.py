"""Kernels that take windows apart against the portable ones: their twins on this machine, the
assembly on an emulated Cortex-M7; also with the output over the input, as near as they declare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers import window_cases as cases
from helpers.compilers import ONE_COMPILER_FIRST
from helpers.core_kernels import CoreKernels, link_kernels
from helpers.engines import random_inputs
from helpers.examples import examples
from helpers.host_kernels import HostKernels
from helpers.kernel_library import build_kernel_library
from helpers.op_cases import SEEDS
from helpers.product_cases import work_of
from hypothesis import HealthCheck, given, reject, settings

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.variant import Variant
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.depthwise_3x3_dsp import Depthwise3x3DspParams, narrower
from mcuzoo.ops.kernels.depthwise_dsp import with_fewer_rows
from mcuzoo.ops.kernels.depthwise_pixel_dsp import DepthwisePixel
from mcuzoo.ops.kernels.depthwise_row_dsp import DepthwiseRow, DepthwiseRowDspParams
from mcuzoo.ops.kernels.pointwise_depthwise_dsp import fuse
from mcuzoo.ops.table import computed

SETTINGS = settings(
    max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck)
)

Kernels = HostKernels | CoreKernels

DEPTHWISE, STEM = "mz_depthwise_3x3_s8_dsp", "mz_conv_2d_stem_s8_dsp"
ANY_DEPTHWISE = "mz_depthwise_conv_2d_s8_dsp"
POINTWISE = "mz_pointwise_s8_dsp"


@pytest.fixture(scope="module")
def portable(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    return HostKernels(build_kernel_library(tmp_path_factory.mktemp("host")))


@pytest.fixture(scope="module", params=["host", *ONE_COMPILER_FIRST])
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    if request.param == "host":
        portable: HostKernels = request.getfixturevalue("portable")
        return portable
    pytest.importorskip("unicorn")
    return CoreKernels(link_kernels(tmp_path_factory.mktemp("core"), request.param))


def candidates(raw: bytes, *kernels: str) -> tuple[WeightedWork, Call, Call]:
    """The work, the call of the first of these kernels that can do it, even where another would be
    quicker, and the portable one."""
    try:
        work = work_of(raw)
    except UnsupportedOpError:
        reject()
    variants = computed(work.op).variants
    able = (one for one in variants if one.kernel in kernels and one.accepts(work))
    chosen = next(able, None)
    if chosen is None:
        reject()
    (call,), (plain,) = chosen.lower(work), variants[-1].lower(work)
    return work, call, plain


def assert_equals_portable(
    kernels: Kernels, portable: HostKernels, kernel: str, raw: bytes, seed: int
) -> None:
    assert_alike(kernels, portable, *candidates(raw, kernel), seed)


def assert_does_as_portable(
    kernels: Kernels, portable: HostKernels, variant: Variant[Any], raw: bytes, seed: int
) -> None:
    """Even where another kernel would be quicker."""
    try:
        work = work_of(raw)
    except UnsupportedOpError:
        reject()
    if not variant.accepts(work):
        reject()
    (call,), (plain,) = variant.lower(work), computed(work.op).variants[-1].lower(work)
    assert_alike(kernels, portable, work, call, plain, seed)


def assert_alike(
    kernels: Kernels,
    portable: HostKernels,
    work: WeightedWork,
    call: Call,
    plain: Call,
    seed: int,
) -> None:
    size = work.target.elements
    for values in random_inputs(work.source.shape, seed, count=1):
        expected, _ = portable.run(plain, [values], size)
        np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)
        for overlap in call.overlaps:
            assert overlap is not None
            for farther in (0, 1, 37):
                over = kernels.run_over(call, values, size, overlap.before + farther)
                np.testing.assert_array_equal(over, expected)


@SETTINGS
@given(cases.depthwise_3x3(), SEEDS)
def test_depthwise_3x3(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    assert_equals_portable(kernels, portable, DEPTHWISE, raw, seed)


@SETTINGS
@given(cases.depthwise_of_any_window(), SEEDS)
def test_depthwise_of_any_window(
    kernels: Kernels, portable: HostKernels, raw: bytes, seed: int
) -> None:
    assert_equals_portable(kernels, portable, ANY_DEPTHWISE, raw, seed)


@settings(SETTINGS, max_examples=examples(80))
@given(cases.depthwise_of_pixels(), SEEDS)
def test_depthwise_by_pixels(
    kernels: Kernels, portable: HostKernels, raw: bytes, seed: int
) -> None:
    assert_does_as_portable(kernels, portable, DepthwisePixel(), raw, seed)


@settings(SETTINGS, max_examples=examples(80))
@given(cases.depthwise_of_a_row(), SEEDS)
def test_depthwise_of_a_row(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    assert_does_as_portable(kernels, portable, DepthwiseRow(), raw, seed)


@pytest.mark.parametrize("taps", [2, 3, 4, 5, 6, 7, 8, 9, 15])
@pytest.mark.parametrize("columns", [4, 5, 6, 7, 8, 66])
def test_depthwise_of_a_row_of_any_width(
    kernels: Kernels, portable: HostKernels, taps: int, columns: int
) -> None:
    """Each loop, each kind of last group, and two tiles."""
    rng = np.random.default_rng(taps)
    raw = build.depthwise_model(
        (1, 1, columns + taps - 1, 5), rng.integers(-127, 128, (1, 1, taps, 5), dtype=np.int8),
        rng.integers(-9000, 9000, 5, dtype=np.int32), padding="VALID", output_scale=0.4,
    )  # fmt: skip
    work, variant = work_of(raw), DepthwiseRow()
    (call,), (plain,) = variant.lower(work), computed(work.op).variants[-1].lower(work)
    assert isinstance(call.params, DepthwiseRowDspParams)
    assert (call.params.tile < columns) == (columns > 64)
    assert_alike(kernels, portable, work, call, plain, columns)


@SETTINGS
@given(cases.stems(), SEEDS)
def test_stem(kernels: Kernels, portable: HostKernels, raw: bytes, seed: int) -> None:
    assert_equals_portable(kernels, portable, STEM, raw, seed)


@pytest.mark.parametrize(("strip", "stride"), [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2)])
def test_depthwise_in_strips_of_any_height(
    kernels: Kernels, portable: HostKernels, strip: int, stride: int
) -> None:
    rng = np.random.default_rng(strip)
    weights = rng.integers(-127, 128, (1, 3, 3, 4), dtype=np.int8)
    raw = build.depthwise_model(
        (1, 9, 8, 4), weights, None, stride=(stride, stride), output_scale=0.4,
        output_zero_point=-128, activation="RELU",
    )  # fmt: skip
    work, call, plain = candidates(raw, DEPTHWISE)
    assert isinstance(call.params, Depthwise3x3DspParams)
    call = replace(call, params=replace(call.params, strip=strip))
    values = rng.integers(-128, 128, work.source.shape, dtype=np.int8)
    size = work.target.elements
    expected, _ = portable.run(plain, [values], size)
    assert len(np.unique(expected)) > 20
    np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)


@pytest.mark.parametrize("activation", ["RELU", "NONE"])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_of_any_small_size(
    kernels: Kernels, portable: HostKernels, stride: int, activation: str
) -> None:
    """Groups of columns, of rows and of both, side by side and overlapping; both shifts."""
    rng = np.random.default_rng(stride)
    weights = rng.integers(-127, 128, (1, 3, 3, 5), dtype=np.int8)
    for height, width in np.ndindex(13, 13):
        raw = build.depthwise_model(
            (1, (height + 1) * stride, (width + 1) * stride, 5), weights, None,
            stride=(stride, stride), weight_scales=[1.0, 0.01, 1.0, 0.02, 0.01], output_scale=4.0,
            output_zero_point=-128, activation=activation,
        )  # fmt: skip
        work, call, plain = candidates(raw, DEPTHWISE)
        params = call.params
        assert isinstance(params, Depthwise3x3DspParams)
        smalls = params.channels.values.reshape(-1, 5)[:, 4] >> 8 & 1
        assert set(smalls.tolist()) == {0, 1}
        values = rng.integers(-128, 128, work.source.shape, dtype=np.int8)
        size = work.target.elements
        expected, _ = portable.run(plain, [values], size)
        for strip in {1, 2, 3, params.strip}:
            strips = replace(params, strip=min(strip, height + 1))
            one = replace(call, params=strips, scratch_bytes=strips.planes_bytes)
            np.testing.assert_array_equal(kernels.run(one, [values], size)[0], expected)
            if isinstance(kernels, CoreKernels):
                assert kernels.reach(one, [values], size) == 0


@pytest.mark.parametrize("columns", [1, 3, 4, 5, 6, 7, 8, 9])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_whose_last_tile_has_any_width(
    kernels: Kernels, portable: HostKernels, stride: int, columns: int
) -> None:
    """It changes no column of the tile before it: what stands behind a row of it is the next
    row's begin."""
    rng = np.random.default_rng(columns)
    weights = rng.integers(-127, 128, (1, 3, 3, 5), dtype=np.int8)
    raw = build.depthwise_model(
        (1, 5 * stride, 64 + columns * stride, 5), weights, None, stride=(stride, stride),
        output_scale=0.4, output_zero_point=-128, activation="RELU",
    )  # fmt: skip
    work, call, plain = candidates(raw, DEPTHWISE)
    assert isinstance(call.params, Depthwise3x3DspParams)
    assert call.params.output.width - call.params.tile == columns
    values, size = random_inputs(work.source.shape, columns, count=1)[0], work.target.elements
    expected, _ = portable.run(plain, [values], size)
    assert len(np.unique(expected)) > 20
    np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)


@settings(SETTINGS, max_examples=examples(30))
@given(cases.depthwise_3x3() | cases.depthwise_of_any_window(), SEEDS)
def test_depthwise_with_less_scratch(
    kernels: Kernels, portable: HostKernels, raw: bytes, seed: int
) -> None:
    work, call, plain = candidates(raw, DEPTHWISE, ANY_DEPTHWISE)
    values, size = random_inputs(work.source.shape, seed, count=1)[0], work.target.elements
    expected, _ = portable.run(plain, [values], size)
    for tight in (*narrower(call), *with_fewer_rows(call)):
        assert tight.scratch_bytes < call.scratch_bytes
        np.testing.assert_array_equal(kernels.run(tight, [values], size)[0], expected)
        for overlap in tight.overlaps:
            assert overlap is not None
            over = kernels.run_over(tight, values, size, overlap.before)
            np.testing.assert_array_equal(over, expected)


@settings(SETTINGS, max_examples=examples(25))
@given(cases.pointwise_then_depthwise(), SEEDS)
def test_fused_pair(
    kernels: Kernels, portable: HostKernels, pair: tuple[bytes, bytes], seed: int
) -> None:
    """The whole image in one strip, and in as many strips as there are rows."""
    first_work, first, first_plain = candidates(pair[0], POINTWISE)
    work, second, plain = candidates(pair[1], DEPTHWISE)
    fused = fuse(first, replace(second, inputs=(first.output,)))
    if not fused:
        reject()
    values = random_inputs(first_work.source.shape, seed, count=1)[-1]
    between, _ = portable.run(first_plain, [values], first_work.target.elements)
    size = work.target.elements
    expected, _ = portable.run(plain, [between], size)
    for call in (fused[0], fused[-1]):
        np.testing.assert_array_equal(kernels.run(call, [values], size)[0], expected)
        if isinstance(kernels, CoreKernels):
            assert kernels.reach(call, [values], size) == 0
        (overlap,) = call.overlaps
        assert overlap is not None
        over = kernels.run_over(call, values, size, overlap.before)
        np.testing.assert_array_equal(over, expected)
