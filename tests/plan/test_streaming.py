"""Plans whose input is consumed as it arrives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.exported import fit_model, plan_memory
from helpers.mobilenet import mobilenet_v1

from mcuzoo.board.load import load_board
from mcuzoo.errors import UsageError
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES
from mcuzoo.lowering.rows import RowChain, chain_rows, rows_of
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.calls import call_lives, call_shares
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.fusion import fuse_and_plan, plan_calls
from mcuzoo.plan.arena.streaming import streamed_plan
from mcuzoo.report.fit import fit_document

INPUT_BYTES = 49_152


@pytest.fixture(scope="module")
def program() -> Program:
    return build_program(mobilenet_v1())


def test_the_input_has_no_place_in_the_arena(program: Program) -> None:
    calls, plan = streamed_plan(program, lower(program))
    whole = fuse_and_plan(program, lower(program))[1]
    assert program.input_buffer not in {slot.buffer for slot in plan.slots}
    assert plan.arena_bytes <= 32_768 < INPUT_BYTES < whole.arena_bytes
    lives = call_lives(program, calls)
    assert violations(plan, lives, ALIGNMENT_BYTES, call_shares(calls)) == ()


def test_what_waits_is_a_few_rows(program: Program) -> None:
    chain, *rest = streamed_plan(program, lower(program))[0]
    assert isinstance(chain, RowChain)
    assert [op.index for op in chain.ops] == list(range(len(chain.stages)))
    assert not any(isinstance(call, RowChain) for call in rest)
    stem = chain.stages[0]
    assert stem.rows.buffer_rows(stem.band, 1) == (stem.band - 1) * 2 + 4
    assert chain.row_bytes == sum(
        -(-stage.rows.buffer_rows(stage.band, arriving) * stage.rows.input_row_bytes // 16) * 16
        for stage, arriving in zip(
            chain.stages, [1, *(stage.band for stage in chain.stages)], strict=False
        )
    )
    assert chain.row_bytes <= INPUT_BYTES // 2


def test_rows_at_a_time_fill_what_the_arena_has_anyway(test_data: Path) -> None:
    """Behind a residual network's first block more is needed than the block takes."""
    program = build_program(load_model(test_data / "models" / "pretrainedResnet_quant.tflite"))
    (chain, *rest), plan = streamed_plan(program, lower(program))
    assert isinstance(chain, RowChain)
    assert [op.name for op in chain.ops] == ["CONV_2D", "CONV_2D", "CONV_2D", "ADD"]
    assert min(stage.band for stage in chain.stages) > 1
    single = chain_rows(program.model, lower(program)[:4], [1] * 4)
    assert single is not None and single.row_bytes < chain.row_bytes
    assert plan_calls(program, (single, *rest)).arena_bytes == plan.arena_bytes


def test_more_rows_at_a_time_never_cost_memory() -> None:
    """A pool of little output: the fewer rows wait, the smaller the arena."""
    raw = build.pool_model(
        "MAX_POOL_2D", (1, 64, 64, 4), filter_size=(8, 8), stride=(8, 8), padding="VALID"
    )
    pool = build_program(parse_model(raw, "pool"))
    (chain, *_), plan = streamed_plan(pool, lower(pool))
    assert isinstance(chain, RowChain)
    assert [stage.band for stage in chain.stages] == [1]
    assert plan.arena_bytes == 8 * 64 * 4 + 8 * 8 * 4


def test_rows_pass_through_as_many_kernels_as_pay(test_data: Path) -> None:
    emotion = build_program(load_model(test_data / "models" / "emotion_uint8_float32.tflite"))
    whole = fuse_and_plan(emotion, lower(emotion))[1]
    (chain, *_), plan = streamed_plan(emotion, lower(emotion))
    assert isinstance(chain, RowChain)
    names = [op.name for op in chain.ops]
    assert names == ["CONV_2D", "MAX_POOL_2D", "CONV_2D", "CONV_2D", "AVERAGE_POOL_2D"]
    assert plan.arena_bytes < whole.arena_bytes // 3


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (build.softmax_model((1, 10)), "op 0 SOFTMAX cannot take"),
        (build.fully_connected_model((1, 16), np.ones((4, 16), np.int8), None), "FULLY_CONNECTED"),
        (build.add_model((1, 4, 4, 2)), "op 0 ADD cannot take"),
        (build.pad_model((1, 4, 4, 2), [(1, 0), (0, 0), (0, 0), (0, 0)]), "op 0 PAD cannot"),
    ],
)
def test_a_first_op_that_takes_no_rows_is_named(raw: bytes, what: str) -> None:
    model = parse_model(raw, "case")
    with pytest.raises(UsageError, match=what) as refused:
        plan_memory(model, load_board("rt1050"), stream_input=True)
    assert "--stream-input" in refused.value.hint


def test_only_the_aot_runtime_streams() -> None:
    with pytest.raises(UsageError, match="the runtime tflm wants its input as a whole"):
        plan_memory(mobilenet_v1(), load_board("rt1050"), "tflm", stream_input=True)


def test_the_report_says_so() -> None:
    model, board = mobilenet_v1(resolution=32), load_board("rt1050")
    report = fit_model(model, board, stream_input=True)
    assert report.streamed is not None
    last = report.streamed.last_op
    streamed = {"last_op": last, "row_bytes": report.streamed.row_bytes}
    assert fit_document(report)["streamed"] == streamed
    assert fit_document(fit_model(model, board))["streamed"] is None


def test_a_kernel_of_several_inputs_takes_no_rows() -> None:
    model = parse_model(build.add_model((1, 4, 4, 2)), "add")
    (call,) = lower(build_program(model))
    assert rows_of(model, call) is None
