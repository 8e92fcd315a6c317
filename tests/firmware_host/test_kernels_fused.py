"""Fused kernels: what two calls compute, in less memory, with their output over their input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.generated_model import build_model
from helpers.mobilenet import mobilenet_v1

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.program import Program, build_program
from mcuzoo.lowering.call import Call
from mcuzoo.ops.kernels.pointwise_depthwise_dsp import fuse
from mcuzoo.ops.kernels.slices import sliced
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.fusion import fuse_and_plan, plan_calls

# At each position another way of fusing; all of them in `make full`.
TRIED = {(2, 0), (4, 1), (10, -1), (12, 0)}
SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def program() -> Program:
    return build_program(mobilenet_v1(resolution=64))


def _fused_at(calls: tuple[Call, ...], position: int, choice: int) -> tuple[Call, ...]:
    one = fuse(*calls[position : position + 2])[choice]
    return (*calls[:position], one, *calls[position + 2 :])


@pytest.mark.parametrize(
    ("position", "choice"),
    [
        pytest.param(
            position, choice, marks=() if (position, choice) in TRIED else pytest.mark.full
        )
        for position in (2, 4, 10, 12)
        for choice in (0, 1, -1)
    ],
)
def test_a_pair_computes_what_its_halves_do(
    program: Program, tmp_path: Path, position: int, choice: int
) -> None:
    """At strides 1 and 2, on large and tiny images, whole and in strips, under sanitizers."""
    calls = _fused_at(lower(program), position, choice)
    model = build_model(program, plan_calls(program, calls), tmp_path, SANITIZERS, calls)
    values = np.random.default_rng(position).integers(-128, 128, (64, 64, 3), dtype=np.int8)
    expected = ReferenceEngine(program.model).run(values)
    np.testing.assert_array_equal(model.run([values])[0], expected)


def test_slices_compute_what_the_whole_does(program: Program, tmp_path: Path) -> None:
    """Of fused kernels as of single ones, with as few channels at a time as can be."""
    whole = fuse_and_plan(program, lower(program))[0]
    calls = [sliced(call, 0) or call for call in whole]
    assert len({call.kernel for call, one in zip(calls, whole, strict=True) if call != one}) > 1
    model = build_model(program, plan_calls(program, calls), tmp_path, SANITIZERS, calls)
    values = np.random.default_rng(4).integers(-128, 128, (64, 64, 3), dtype=np.int8)
    expected = ReferenceEngine(program.model).run(values)
    np.testing.assert_array_equal(model.run([values])[0], expected)


def test_the_output_may_lie_over_the_input_as_near_as_declared(
    program: Program, tmp_path: Path
) -> None:
    """The plan puts some at exactly that distance: it has no room for more."""
    calls, plan = fuse_and_plan(program, lower(program))
    more = set()
    for call in calls:
        overlap = call.overlaps[0] if call.before else None
        if overlap is not None:
            source, target = plan.slot(call.inputs[0].buffer), plan.slot(call.output.buffer)  # type: ignore[union-attr]
            if target.offset <= source.offset < target.offset + target.bytes:
                more.add(source.offset - target.offset - overlap.before)
    assert min(more) == 0
    values = np.random.default_rng(9).integers(-128, 128, (64, 64, 3), dtype=np.int8)
    expected = ReferenceEngine(program.model).run(values)
    model = build_model(program, plan, tmp_path, SANITIZERS, calls)
    np.testing.assert_array_equal(model.run([values])[0], expected)


def test_what_is_read_twice_is_not_fused(program: Program) -> None:
    first, second = lower(program)[2:4]
    assert fuse(second, first) == ()
    assert fuse(first, lower(program)[5]) == ()
