"""SPLIT made anew of what the seams offer: several outputs, of one call or of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from numpy.typing import NDArray

from mcuzoo.codegen.aot.emit import render_model
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.program import Program, Step, build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.operands import operands
from mcuzoo.lowering.params import KernelParams, not_by_rows, once
from mcuzoo.lowering.variant import Work
from mcuzoo.ops.lower import lower
from mcuzoo.ops.operator import Aot, Operator, Without, no_constants
from mcuzoo.ops.table import OPERATORS
from mcuzoo.plan.arena.calls import call_lives
from mcuzoo.plan.arena.fusion import fuse_and_plan, is_private

MISSING = Without("of no matter here")


@dataclass(frozen=True)
class SplitParams(KernelParams):
    c_type = "mz_split_params"
    elements: int

    passes = once
    by_rows = not_by_rows


@dataclass(frozen=True)
class AtOnce:
    """One call with two outputs; or one of each."""

    calls: int
    kernel = "mz_add_s8"

    def accepts(self, work: Work) -> bool:
        return True

    def lower(self, work: Work) -> tuple[Call, ...]:
        whole = Call(work.op, self.kernel, SplitParams(16), work.inputs, work.outputs)
        if self.calls == 1:
            return (whole,)
        return tuple(replace(whole, outputs=(output,)) for output in work.outputs)


def prepare(program: Program, step: Step) -> Work:
    inputs = operands(program, step.op, step.op.inputs[1:])
    return Work(step.op, inputs, tuple(map(Activation, step.writes)))


def reference(model: Model, op: Op) -> Any:
    def run(inputs: Sequence[NDArray[Any] | None]) -> tuple[NDArray[np.int8], ...]:
        assert inputs[1] is not None
        first, second = np.split(inputs[1], 2, axis=1)
        return first, second

    return run


@pytest.fixture(params=[1, 2], ids=["one call", "two calls"])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Program:
    """x -> SPLIT -> both halves -> ADD."""
    aot = Aot(
        constraint="",
        rule=lambda model, op: None,
        reference=reference,
        prepare=prepare,
        variants=(AtOnce(request.param),),
        constant_bytes=no_constants,
    )
    split = Operator(name="SPLIT", aot=aot, tflm=MISSING, rewrite=MISSING)
    monkeypatch.setitem(OPERATORS, "SPLIT", split)
    half: dict[str, Any] = {"scale": 0.1, "zero_point": 0}
    tensors = [
        build.T("axis", (), "int32", data=np.array(1, np.int32)),
        build.T("x", (1, 32), **half),
        build.T("first", (1, 16), **half),
        build.T("second", (1, 16), **half),
        build.T("sum", (1, 16), scale=0.2),
    ]
    options = {"fused_activation_function": "NONE"}
    ops = [build.O("SPLIT", (0, 1), (2, 3)), build.O("ADD", (2, 3), (4,), options)]
    return build_program(parse_model(build.build_model(tensors, ops, [1], [4]), "split"))


def test_the_reference_gives_every_output(program: Program) -> None:
    values = np.arange(32, dtype=np.int8).reshape(1, 32)
    output = ReferenceEngine(program.model).run(values)
    np.testing.assert_array_equal(output, np.rint((values[0, :16] + values[0, 16:]) / 2))


def test_every_output_has_room_of_its_own(program: Program) -> None:
    calls, plan = fuse_and_plan(program, lower(program))
    first, second = (plan.slot(program.buffer_of(tensor).index) for tensor in (2, 3))
    assert abs(first.offset - second.offset) >= 16
    assert {life.buffer for life in call_lives(program, calls)} == {0, 1, 2, 3}
    assert not is_private(program, calls, calls[0]) or len(calls) == 3


def test_calls_name_their_outputs_and_end_their_op_once(program: Program) -> None:
    calls, plan = fuse_and_plan(program, lower(program))
    text = render_model(program, plan, calls=calls)["model/mz_model.c"]
    source, first, second = (
        f"mz_arena + {plan.slot(program.buffer_of(tensor).index).offset}" for tensor in (1, 2, 3)
    )
    if len(calls) == 2:
        assert f"(&op_00, {source}, {first}, {second});" in text
    else:
        assert f"(&op_00, {source}, {first});" in text
        assert f"(&op_00_2, {source}, {second});" in text
    assert text.count("static const mz_split_params op_00") == len(calls) - 1
    assert text.count("finish(hook, context, 0, 0,") == 1
