"""Plans in which operators in the middle of a model pass bands of rows on to each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.exported import fit_model, plan_memory
from helpers.mobilenet import mobilenet_v1
from helpers.residual_net import residual_net

from mcuzoo.board.load import load_board
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.rows import RowChain, chain_rows
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.bands import banded_plan
from mcuzoo.plan.arena.calls import call_lives, call_shares, is_closed
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.fusion import fuse_and_plan


@pytest.fixture(scope="module")
def program() -> Program:
    return build_program(parse_model(residual_net(), "residual"))


def chains_of(calls: tuple[Call, ...]) -> list[RowChain]:
    return [call for call in calls if isinstance(call, RowChain)]


def test_a_chain_is_made_where_the_arena_is_too_large(program: Program) -> None:
    calls = lower(program)
    whole = fuse_and_plan(program, calls)[1].arena_bytes
    planned = banded_plan(program, calls, whole // 2)
    assert planned is not None
    found, plan = planned
    assert chains_of(found) and plan.arena_bytes <= whole // 2
    assert [op.index for call in found for op in call.ops] == list(range(9))
    assert violations(plan, call_lives(program, found), ALIGNMENT_BYTES, call_shares(found)) == ()


def test_no_more_calls_are_chained_than_it_takes(program: Program) -> None:
    calls = lower(program)
    bound = fuse_and_plan(program, calls)[1].arena_bytes
    counts = []
    for share in (0.9, 0.6, 0.3):
        planned = banded_plan(program, calls, int(bound * share))
        assert planned is not None
        counts.append(sum(len(chain.stages) for chain in chains_of(planned[0])))
    assert counts == sorted(counts) and counts[0] < counts[-1]


def test_the_sum_of_both_branches_lies_over_the_first(program: Program) -> None:
    """Expand, depthwise, project and ADD of an image with itself: one image and a few rows."""
    calls = lower(program)[1:5]
    chain = chain_rows(program.model, calls, [1] * 4, whole=True)
    assert chain is not None
    assert [stage.back for stage in chain.stages] == [0, 0, 0, 3]
    assert [stage.ahead for stage in chain.stages] == [3, 0, 0, 0]
    (overlap,) = chain.overlaps
    assert overlap is not None and overlap.before == 0
    assert chain.scratch_bytes < program.buffers[2].bytes * 2


def test_what_others_read_ends_a_chain(program: Program) -> None:
    calls = lower(program)
    assert is_closed(program, calls, 1, 5)
    assert not is_closed(program, calls, 0, 2)  # the ADD reads the first output
    assert not is_closed(program, calls, 0, 4)
    assert is_closed(program, calls, 0, 5)


def test_a_small_model_has_no_chain() -> None:
    plan = plan_memory(parse_model(residual_net(), "residual"), load_board("rt1050"))
    assert plan.calls is not None and chains_of(plan.calls) == []


@pytest.mark.slow
def test_fit_says_which_ops_work_by_bands() -> None:
    report = fit_model(mobilenet_v1(1.0, 224, classes=10), load_board("rt1050"))
    assert report.fits and report.placement.arena_region == "ocram"
    assert all("work by bands of rows" in warning for warning in report.warnings)
    assert report.warnings[0].startswith("Ops ")


@pytest.mark.slow
@pytest.mark.parametrize(
    "board",
    ["rt1050", *(pytest.param(name, marks=pytest.mark.full) for name in ("rt1060", "rt1170"))],
)
def test_mobilenet_v2_fits_every_board(test_data: Path, board: str) -> None:
    """Its largest tensor alone has 1.2 MB."""
    model = load_model(test_data / "wild" / "igpig1226_mobilenet_v2_int8.tflite")
    plan = plan_memory(model, load_board(board))
    assert plan.fits
    assert "sdram" not in plan.placement.regions
