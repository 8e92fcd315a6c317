"""Small networks need no more arena than TFLM, although fast kernels want scratch memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.exported import plan_memory
from helpers.generated_model import build_model
from helpers.mobilenet import mobilenet_v1
from helpers.tflite_builder import depthwise_model, fully_connected_model

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.kernels.depthwise_dsp import DepthwiseConv2dDspParams
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.fusion import fuse_and_plan
from mcuzoo.plan.arena.scratch import plan_within

BOARD = load_board("rt1050")
SMALL = ["sipeed_mnist_dw_q", "sipeed_cifar10_q", "nxp-appcod_96_sex_cnn_quant"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_no_more_than_tflm(test_data: Path, tmp_path: Path, name: str) -> None:
    model = load_model(test_data / "wild" / f"{name}.tflite")
    plan, theirs = plan_memory(model, BOARD), plan_memory(model, BOARD, "tflm")
    assert theirs.image is not None and plan.calls is not None
    assert plan.arena.arena_bytes <= theirs.image.arena.used_bytes
    built = build_model(plan.program, plan.arena, tmp_path, calls=plan.calls)
    shape = plan.program.input_tensor.shape
    inputs = [np.random.default_rng(3).integers(-128, 128, shape, dtype=np.int8) for _ in range(2)]
    engine = ReferenceEngine(model)
    expected = [engine.run(values).reshape(-1) for values in inputs]
    np.testing.assert_array_equal(built.run(inputs), expected)


def test_one_channel_takes_one_plane() -> None:
    """A spectrogram's 10 x 8 windows, as keyword spotters have them: the planes of three channels
    that there are not would be more than TFLM's arena."""
    weights = np.random.default_rng(5).integers(-127, 128, (1, 10, 8, 8), dtype=np.int8)
    raw = depthwise_model((1, 49, 40, 1), weights, None, stride=(2, 2), padding="SAME")
    plan = plan_memory(parse_model(raw, "case"), BOARD)
    assert plan.calls is not None
    assert plan.calls[0].kernel == "mz_depthwise_conv_2d_s8_dsp"
    assert plan.arena.arena_bytes <= 49 * 40 + 25 * 20 * 8


def test_rows_of_one_channel_stay_in_the_cache() -> None:
    """Few planes have room for many rows; their outputs, written channel by channel, have not."""
    weights = np.random.default_rng(5).integers(-127, 128, (1, 3, 3, 16), dtype=np.int8)
    raw = depthwise_model((1, 96, 96, 1), weights, None, padding="VALID")
    (call,) = lower(build_program(parse_model(raw, "case")))
    params = call.params
    assert isinstance(params, DepthwiseConv2dDspParams)
    assert params.strip * 94 * 16 <= 12 * 1024


def test_a_long_row_takes_no_more_than_tflm(tmp_path: Path) -> None:
    """A flat picture of 28 x 28 to few channels: mixed as a whole, it would be twice as large as
    it is, beside itself."""
    weights = np.random.default_rng(6).integers(-127, 128, (20, 784), dtype=np.int8)
    model = parse_model(fully_connected_model((1, 784), weights, None, output_scale=2.0), "row")
    plan, theirs = plan_memory(model, BOARD), plan_memory(model, BOARD, "tflm")
    assert theirs.image is not None and plan.calls is not None
    assert [call.kernel for call in lower(plan.program)] == ["mz_fully_connected_s8_dsp"]
    assert plan.calls[0].kernel == "mz_fully_connected_parts_s8_dsp"
    assert plan.arena.arena_bytes <= theirs.image.arena.used_bytes
    built = build_model(plan.program, plan.arena, tmp_path, calls=plan.calls)
    values = np.random.default_rng(3).integers(-128, 128, (1, 784), dtype=np.int8)
    expected = ReferenceEngine(model).run(values).reshape(-1)
    np.testing.assert_array_equal(built.run([values]), [expected])


def test_strips_shrink_only_as_far_as_they_must() -> None:
    program = build_program(mobilenet_v1(resolution=32))
    calls = lower(program)
    planned = fuse_and_plan(program, calls)
    assert plan_within(program, calls, planned, planned[1].arena_bytes) is planned
    tighter = plan_within(program, calls, planned, planned[1].arena_bytes - 16)
    least = plan_within(program, calls, planned, 0)
    assert least[1].arena_bytes <= tighter[1].arena_bytes < planned[1].arena_bytes


def test_mobilenet_is_planned_as_before() -> None:
    """Its arena is below what its tensors alone would take."""
    model = mobilenet_v1()
    program = build_program(model)
    planned = fuse_and_plan(program, lower(program))[1]
    assert plan_memory(model, BOARD).arena.arena_bytes == planned.arena_bytes


LEAST = {"models/person_detect": 29_952, "wild/sipeed_mnist_dw_q": 3_024}
"""Bytes of arena before their faster kernels wanted scratch memory."""


@pytest.mark.parametrize("name", LEAST)
def test_faster_kernels_take_no_more(test_data: Path, name: str) -> None:
    model = load_model(test_data / f"{name}.tflite")
    assert plan_memory(model, BOARD).arena.arena_bytes <= LEAST[name]
