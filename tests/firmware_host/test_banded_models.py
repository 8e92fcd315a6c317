"""Models whose operators pass bands of rows on to each other: byte for byte what the reference
gives, with every slot of the arena fenced off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.generated_model import GeneratedModel, build_model, streamed
from helpers.host_firmware import find_host_compiler, sanitizer_flags
from helpers.residual_net import residual_net

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.rows import RowChain, chain_rows
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.bands import banded_plan
from mcuzoo.plan.arena.fusion import fuse_and_plan, plan_calls
from mcuzoo.plan.arena.lifetimes import ArenaPlan


@pytest.fixture(scope="module")
def program() -> Program:
    return build_program(parse_model(residual_net(), "residual"))


def sanitized(
    program: Program, calls: tuple[Call, ...], plan: ArenaPlan, folder: Path
) -> GeneratedModel:
    sanitizers = sanitizer_flags(find_host_compiler())
    fence = ("-DWITH_ASAN", "-DMZ_SECTION(name)=") if sanitizers else ()
    return build_model(program, plan, folder, ("-O1", *sanitizers, *fence), calls)


def compare(program: Program, built: GeneratedModel, seed: int = 5) -> None:
    rng, shape = np.random.default_rng(seed), program.input_tensor.shape
    inputs = [rng.integers(-128, 128, shape, dtype=np.int8) for _ in range(3)]
    engine = ReferenceEngine(program.model)
    expected = [engine.run(values).reshape(-1) for values in inputs]
    np.testing.assert_array_equal(built.run(inputs, seed), expected)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_chains_as_planned(program: Program, tmp_path: Path, share: float) -> None:
    calls = lower(program)
    planned = banded_plan(program, calls, int(fuse_and_plan(program, calls)[1].arena_bytes * share))
    assert planned is not None
    compare(program, sanitized(program, *planned, tmp_path))


@pytest.mark.parametrize("bands", [(1, 1, 1, 1), (2, 1, 4, 3), (12, 12, 12, 12)])
def test_a_residual_block_of_any_bands(
    program: Program, tmp_path: Path, bands: tuple[int, ...]
) -> None:
    """The sum reads the chain's own input, over which its output lies."""
    calls = lower(program)
    chain = chain_rows(program.model, calls[1:5], bands, whole=True)
    assert chain is not None
    together = (calls[0], chain, *calls[5:])
    compare(program, sanitized(program, together, plan_calls(program, together), tmp_path))


@pytest.mark.parametrize("first", [0, 2, 3])
def test_chains_that_begin_elsewhere(program: Program, tmp_path: Path, first: int) -> None:
    """From the image on, rows are kept for the sum; from within the branch, the other operand is
    whole in the arena."""
    calls = lower(program)
    chain = chain_rows(program.model, calls[first:7], [2] * (7 - first), whole=True)
    assert chain is not None
    sums = [stage for stage in chain.stages if stage.call.op.name == "ADD"]
    assert (sums[0].whole_side is None) == (first == 0)
    together = (*calls[:first], chain, *calls[7:])
    compare(program, sanitized(program, together, plan_calls(program, together), tmp_path))


def test_a_streamed_input_goes_through_both_branches(program: Program, tmp_path: Path) -> None:
    calls, plan = streamed(program)
    chain = calls[0]
    assert isinstance(chain, RowChain) and chain.streamed
    assert "ADD" in [op.name for op in chain.ops]
    compare(program, sanitized(program, calls, plan, tmp_path))


def test_a_stream_and_chains_behind_it(program: Program, tmp_path: Path) -> None:
    calls = lower(program)
    stream = chain_rows(program.model, calls[:1], [1])
    assert stream is not None
    planned = banded_plan(program, (stream, *calls[1:]), 1)
    assert planned is not None
    assert [isinstance(call, RowChain) for call in planned[0][:2]] == [True, True]
    compare(program, sanitized(program, *planned, tmp_path))


def test_the_sum_may_be_written_the_other_way_round(tmp_path: Path) -> None:
    model = parse_model(residual_net(), "residual")
    turned = [replace(op, inputs=op.inputs[::-1]) if op.name == "ADD" else op for op in model.ops]
    program = build_program(replace(model, ops=tuple(turned)))
    planned = banded_plan(program, lower(program), 1)
    assert planned is not None
    compare(program, sanitized(program, *planned, tmp_path))
