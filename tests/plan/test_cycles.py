"""Cycles that are predicted without running anything, against what the cycle model counts."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import tflite_builder as models
from helpers.mobilenet import mobilenet_v1

from mcuzoo.board.load import load_board
from mcuzoo.board.rated import RatesOf
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.rows import RowChain
from mcuzoo.ops.lower import lower
from mcuzoo.plan.cycles.memory import PIECE_BYTES, DataCache, TensorWaits
from mcuzoo.plan.cycles.predict import Prediction, predict
from mcuzoo.plan.cycles.work import works_of
from mcuzoo.plan.memory import plan_memory
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.options import MemoryOptions
from mcuzoo.plan.place.cost import LineCosts

BOARD = load_board("rt1050")
NET = mobilenet_v1(resolution=64, classes=37)


def planned(**chosen: object) -> MemoryPlan:
    options = MemoryOptions(**{"runtime": "aot", "project": "cmake", **chosen})  # type: ignore[arg-type]
    return plan_memory(NET, BOARD, options)


def predicted(plan: MemoryPlan) -> Prediction:
    assert plan.calls is not None
    return predict(plan.program, plan.calls, plan.arena, plan.placement, BOARD)


@pytest.fixture(scope="module")
def in_dtcm() -> Prediction:
    return predicted(planned(weights="flash", arena_region="dtcm"))


def test_a_prediction_is_the_core_and_its_waits(in_dtcm: Prediction) -> None:
    """An arena in a TCM waits for nothing; weights in flash do."""
    assert in_dtcm.core is not None and in_dtcm.total is not None
    assert set(in_dtcm.waits) == {"flash"} and in_dtcm.waits["flash"] > 0
    assert in_dtcm.total == pytest.approx(in_dtcm.core + in_dtcm.waits["flash"] + in_dtcm.code)
    assert not any(call.tensors for call in in_dtcm.calls)
    each = [call.total for call in in_dtcm.calls]
    assert sum(one for one in each if one is not None) == pytest.approx(in_dtcm.total)
    assert in_dtcm.milliseconds == pytest.approx(in_dtcm.total / BOARD.core.clock_hz * 1e3)


def test_slower_memory_is_waited_for(in_dtcm: Prediction) -> None:
    ocram = predicted(planned(weights="flash", arena_region="ocram"))
    sdram = predicted(planned(weights="flash", arena_region="sdram"))
    copied = predicted(planned(weights="dtcm", arena_region="ocram"))
    # Not equal: slices are chosen by where the arena is.
    assert ocram.core == pytest.approx(in_dtcm.core, rel=0.1)
    assert 0 < ocram.waits["ocram"] < sdram.waits["sdram"]
    assert set(copied.waits) == {"ocram"}


def test_the_band_is_wider_than_that_of_the_cycle_model(in_dtcm: Prediction) -> None:
    assert in_dtcm.percent is not None
    assert in_dtcm.model_percent <= in_dtcm.percent <= 2 * in_dtcm.model_percent


def test_rates_that_were_measured_are_told(in_dtcm: Prediction) -> None:
    plan = planned(weights="flash", arena_region="dtcm")
    rates = RatesOf("rt1050", "2026-11-29", "ab" * 32, kernels=(("mz_pointwise_s8_dsp", 2.0),))
    assert plan.calls is not None
    found = predict(plan.program, plan.calls, plan.arena, plan.placement, BOARD.rated(rates))
    assert found.rates == rates and in_dtcm.rates is None
    for call, before in zip(found.calls, in_dtcm.calls, strict=True):
        assert call.core is not None and before.core is not None
        factor = 2.0 if call.kernels == ("mz_pointwise_s8_dsp",) else 1.0
        assert call.core == pytest.approx(factor * before.core)


def test_a_kernel_that_no_table_has_leaves_no_total(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mcuzoo.plan.cycles.predict.core_cost",
        lambda work: None,
    )
    found = predicted(planned())
    assert "mz_softmax_s8" in found.unknown_kernels
    assert found.total is found.milliseconds is found.percent is None


def test_a_chain_by_rows_is_the_work_of_its_stages() -> None:
    plan = planned(stream_input=True)
    assert plan.calls is not None
    chain = plan.calls[0]
    assert isinstance(chain, RowChain)
    works = works_of(plan.program, chain)
    assert len(works) == len(chain.stages)
    bands = [-(-stage.rows.output_rows // stage.band) for stage in chain.stages]
    assert [work.amounts["calls"] for work in works] == bands


def test_the_work_of_a_convolution_by_hand() -> None:
    weights = np.ones((8, 3, 3, 4), np.int8)
    program = build_program(parse_model(models.conv_model((1, 6, 5, 4), weights, None), "conv"))
    (call,) = lower(program)
    (work,) = works_of(program, call)
    amounts = work.amounts
    assert work.kind.startswith("mz_conv_2d_s8_dsp, exact ")
    assert (amounts["macs"], amounts["inputs"], amounts["outputs"]) == (30 * 8 * 36, 120, 240)
    assert (amounts["rows"], amounts["grouped"], amounts["blocks"]) == (48, 384, 384)
    # All but the four by three inner pixels hang over an edge.
    assert amounts["edges"] == (30 - 12) * 8 * 9
    assert (amounts["gathered"], amounts["lines"]) == (30 * 36, 30 * 3)


def test_the_groups_of_a_depthwise_convolution_by_hand() -> None:
    weights = np.ones((1, 3, 3, 6), np.int8)
    raw = models.depthwise_model((1, 9, 5, 6), weights, None, activation="RELU")
    program = build_program(parse_model(raw, "depthwise"))
    (call,) = lower(program)
    (work,) = works_of(program, call)
    assert work.kind == "mz_depthwise_3x3_s8_dsp, stride 1"
    # Eight rows and one: a group of each row, two of the last column, a square of the last pixel.
    # Two channels are computed twice.
    assert (work.amounts["fours"], work.amounts["openings"]) == (8 * (8 + 2 + 1 + 1), 8 * 4)


def test_the_cache_keeps_what_was_touched_last() -> None:
    cache, pieces = DataCache(BOARD), BOARD.core.dcache_bytes // PIECE_BYTES
    assert cache.touch("ocram", 0, PIECE_BYTES, written=True) == (1, {})
    assert cache.touch("ocram", 0, PIECE_BYTES, written=False) == (0, {})
    # All else pushes it out, and it was written.
    assert cache.touch("sdram", 0, pieces * PIECE_BYTES, written=False) == (pieces, {"ocram": 1})
    assert cache.touch("ocram", 0, 1, written=False) == (1, {})


def test_waits_for_tensors_are_those_of_their_lines() -> None:
    ocram = BOARD.region("ocram")
    costs, waits = LineCosts(ocram, BOARD), TensorWaits(BOARD, [ocram])
    lines = PIECE_BYTES // BOARD.core.dcache_line_bytes
    assert waits.touch("dtcm", 0, 4 * PIECE_BYTES, written=True) == {}
    found = waits.touch("ocram", 0, 2 * PIECE_BYTES, written=False)
    assert found == {"ocram": pytest.approx(2 * lines * costs.follows)}
    assert waits.touch("ocram", 0, 2 * PIECE_BYTES, written=False) == {}
