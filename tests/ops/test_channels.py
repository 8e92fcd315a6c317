"""Constant channels leave a program, and nothing of what it gives changes."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import examples
from helpers.tflite_builder import O, T, build_model, pool_model
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.channels import NOTHING, without_constant_channels
from mcuzoo.ops.coverage import judge
from mcuzoo.ops.lower import lower

SAME = {
    "stride_h": 1, "stride_w": 1, "dilation_h_factor": 1, "dilation_w_factor": 1,
    "fused_activation_function": "RELU6", "padding": "SAME",
}  # fmt: skip


def net(seed: int, dead: float, taps: int, pooled: bool, residual: bool) -> bytes:
    """CONV 8 -> DEPTHWISE -> CONV `taps` x `taps` 8 [-> ADD] [-> AVERAGE_POOL] -> CONV 4: of the
    channels in the middle about `dead` have no weights, or a bias that is always clamped."""
    rng = np.random.default_rng(seed)
    low: dict[str, Any] = {"scale": 0.0235, "zero_point": -128}

    def weights(*shape: int, axis: int) -> np.ndarray[Any, np.dtype[np.int8]]:
        made = rng.integers(-127, 128, shape, dtype=np.int8)
        gone = rng.random(shape[axis]) < dead
        return np.where(np.expand_dims(gone, tuple(set(range(4)) - {axis})), 0, made).astype("i1")

    def bias(channels: int) -> np.ndarray[Any, np.dtype[np.int32]]:
        made = rng.integers(-4000, 4000, channels).astype(np.int32)
        return np.where(rng.random(channels) < dead, -(2**24), made).astype(np.int32)

    tensors = [
        T("image", (1, 6, 6, 3), scale=0.02, zero_point=-1),
        T("first/w", (8, 1, 1, 3), scale=0.01, data=weights(8, 1, 1, 3, axis=0)),
        T("first/b", (8,), "int32", scale=0.0002, data=bias(8)),
        T("first", (1, 6, 6, 8), **low),
        T("depthwise/w", (1, 3, 3, 8), scale=0.01, axis=3, data=weights(1, 3, 3, 8, axis=3)),
        T("depthwise/b", (8,), "int32", scale=0.000235, data=bias(8)),
        T("depthwise", (1, 6, 6, 8), **low),
        T("middle/w", (8, taps, taps, 8), scale=0.01, data=weights(8, taps, taps, 8, axis=0)),
        T("middle/b", (8,), "int32", scale=0.000235, data=bias(8)),
        T("middle", (1, 6, 6, 8), **low),
        T("sum", (1, 6, 6, 8), scale=0.05, zero_point=-100),
        T("pool", (1, 3, 3, 8), scale=0.05 if residual else 0.0235,
          zero_point=-100 if residual else -128),
        T("last/w", (4, 1, 1, 8), scale=0.01, data=weights(4, 1, 1, 8, axis=2)),
        T("last", (1, 3, 3, 4) if pooled else (1, 6, 6, 4), scale=0.06, zero_point=-7),
    ]  # fmt: skip
    ops = [
        O("CONV_2D", (0, 1, 2), (3,), SAME),
        O("DEPTHWISE_CONV_2D", (3, 4, 5), (6,), {**SAME, "depth_multiplier": 1}),
        O("CONV_2D", (6, 7, 8), (9,), SAME),
    ]
    end = 9
    if residual:
        ops.append(O("ADD", (6, 9), (10,)))
        end = 10
    if pooled:
        pool = {"padding": "VALID", "stride_h": 2, "stride_w": 2, "filter_height": 2,
                "filter_width": 2, "fused_activation_function": "NONE"}  # fmt: skip
        ops.append(O("AVERAGE_POOL_2D", (end,), (11,), pool))
        end = 11
    ops.append(O("CONV_2D", (end, 12), (13,), {**SAME, "fused_activation_function": "NONE"}))
    return build_model(tensors, ops, inputs=(0,), outputs=(13,))


def outputs_stay(raw_or_path: bytes | Path, inputs: int = 3) -> int:
    """Asserts it; how many channels left."""
    model = (
        parse_model(raw_or_path, "case")
        if isinstance(raw_or_path, bytes)
        else load_model(raw_or_path)
    )
    whole = ReferenceEngine(model)
    smaller, saved = without_constant_channels(whole.program)
    if smaller is whole.program:
        assert saved == NOTHING
        return 0
    engine = ReferenceEngine(model, program=smaller)
    shape, rng = whole.program.input_tensor.shape, np.random.default_rng(0)
    ends = [np.full(shape, value, np.int8) for value in (-128, 127)]
    for values in (*ends, *(rng.integers(-128, 128, shape, dtype=np.int8) for _ in range(inputs))):
        np.testing.assert_array_equal(engine.run(values), whole.run(values))
    lower(smaller)
    return saved.channels


@settings(max_examples=examples(60), deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from((0.2, 0.5, 0.9)), st.sampled_from((1, 3)),
    st.booleans(), st.booleans(),
)  # fmt: skip
def test_nothing_that_the_model_gives_changes(
    seed: int, dead: float, taps: int, pooled: bool, residual: bool
) -> None:
    outputs_stay(net(seed, dead, taps, pooled, residual))


def test_channels_leave_where_many_are_dead() -> None:
    assert outputs_stay(net(1, 0.9, 1, True, False)) >= 8


def test_a_network_without_them_stays_as_it_is() -> None:
    assert outputs_stay(net(1, 0.0, 1, False, False)) == 0


def reshaped(shape: tuple[int, int, int], name: str, times: int = 1) -> bytes:
    """A FULLY_CONNECTED 4 -> 24, half of it dead, whose row is then an image of this shape, and
    CONV_2D or DEPTHWISE_CONV_2D 3x3 over it."""
    rng = np.random.default_rng(7)
    depth = shape[2]
    made = depth * times
    kernel = (made, 3, 3, depth) if name == "CONV_2D" else (1, 3, 3, made)
    axis = kernel.index(made) if name == "CONV_2D" else 3
    rows = rng.integers(-127, 128, (24, 4), dtype=np.int8)
    rows[::2] = 0
    tensors = [
        T("row", (1, 4), scale=0.02, zero_point=-1),
        T("first/w", (24, 4), scale=0.01, data=rows),
        T("first", (1, 24), scale=0.0235, zero_point=-128),
        T("shape", (4,), "int32", data=np.array((1, *shape), np.int32)),
        T("image", (1, *shape), scale=0.0235, zero_point=-128),
        T("w", kernel, scale=0.01, axis=axis, data=rng.integers(-127, 128, kernel, dtype=np.int8)),
        T("last", (1, *shape[:2], made), scale=0.06, zero_point=-7),
    ]
    options = {**SAME} if name == "CONV_2D" else {**SAME, "depth_multiplier": times}
    dense = {"fused_activation_function": "RELU", "weights_format": 0, "keep_num_dims": False}
    ops = [
        O("FULLY_CONNECTED", (0, 1), (2,), dense),
        O("RESHAPE", (2, 3), (4,)),
        O(name, (4, 5), (6,), options),
    ]
    return build_model(tensors, ops, inputs=(0,), outputs=(6,))


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@pytest.mark.parametrize("times", [1, 8])
@pytest.mark.parametrize("shape", [(6, 4, 1), (3, 4, 2), (2, 2, 6), (1, 1, 24), (1, 3, 8)])
def test_a_row_that_becomes_an_image_has_its_channels(
    shape: tuple[int, int, int], times: int, name: str
) -> None:
    outputs_stay(reshaped(shape, name, times))


def test_a_huge_picture_takes_no_memory() -> None:
    """A model says in a few bytes that a tensor has gigabytes."""
    model = parse_model(pool_model("MAX_POOL_2D", (1, 20_000, 20_000, 3)), "huge")
    program = judge(model, "aot").require()
    tracemalloc.start()
    try:
        assert without_constant_channels(program) == (program, NOTHING)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_the_visual_wake_words_of_mlperf_tiny_loses_half() -> None:
    """Of 7,489,664 multiply-accumulates, and of 222 KB."""
    data = Path(os.environ.get("MCUZOO_TEST_DATA", "../shared/data")) / "models/vww_96_int8.tflite"
    if not data.is_file():
        pytest.skip("no test data")
    assert outputs_stay(data, inputs=1) > 1900
    saved = without_constant_channels(ReferenceEngine(load_model(data)).program)[1]
    assert saved.macs > 3_700_000 and saved.bytes > 180_000
