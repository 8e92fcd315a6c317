"""REDUCE_MAX and REDUCE_MIN over any constant axes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.params import KernelParams, not_by_rows, once
from mcuzoo.ops.common import reduction, rules
from mcuzoo.ops.common.reduction import ReductionAxisStruct
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Tflm, Without, no_constants


def rule(model: Model, op: Op) -> None:
    """int8 over constant axes, the output quantized as the input."""
    _check(model, op, rules.INT8, rules.MAX_BROADCAST_RANK)


def demands(model: Model, op: Op) -> None:
    """Over constant axes; int8 or floats. TFLM fails where the output has another scale."""
    _check(model, op, rules.REAL, rules.MAX_SHAPE_RANK)
    reduction.demand_axes(model, op)


def _check(model: Model, op: Op, kinds: Collection[DType], max_rank: int) -> None:
    source, target = reduction.check_reduction(model, op, kinds, max_rank)
    if source.dtype is DType.INT8:
        rules.same_quantization(target, source, "the input")


@dataclass(frozen=True)
class ReduceMaxParams(KernelParams):
    """As mz_reduce_max_s8.h has them. kept, reduced: size and stride of two axes each. flip: 0 for
    the greatest value; -1 for the least.
    """

    c_type = "mz_reduce_max_params"
    kept: tuple[ReductionAxisStruct, ReductionAxisStruct]
    reduced: tuple[ReductionAxisStruct, ReductionAxisStruct]
    flip: int

    passes = once
    by_rows = not_by_rows


@dataclass(frozen=True)
class Extreme:
    """REDUCE_MAX or REDUCE_MIN. flip: the bits that make the one of the other, since the least
    value is the greatest of all complements: 0 or -1. reducer: numpy's function."""

    reducer: Callable[..., NDArray[np.int8]]
    flip: int

    def reference(self, model: Model, op: Op) -> Kernel:
        source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
        axes = reduction.reduced_axes(source, model.tensor(op.inputs[1]))

        def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
            return np.asarray(self.reducer(given(inputs, 0), axis=axes)).reshape(target.shape)

        return run

    def prepare(self, program: Program, step: Step) -> DirectWork:
        model, op = program.model, step.op
        source = model.tensor(op.inputs[0])
        axes = reduction.reduced_axes(source, model.tensor(op.inputs[1]))
        params = ReduceMaxParams(*reduction.kept_and_reduced(source, axes), self.flip)
        return direct_work(program, step, params, op.inputs[:1])

    def aot(self) -> Aot:
        return Aot(
            constraint="int8, rank <= 4, constant axes",
            rule=rule,
            reference=self.reference,
            prepare=self.prepare,
            variants=(Direct("mz_reduce_max_s8"),),
            constant_bytes=no_constants,
        )


REDUCE_MAX = Operator(
    name="REDUCE_MAX",
    aot=Extreme(np.max, 0).aot(),
    tflm=Tflm(resolver="AddReduceMax", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
REDUCE_MIN = Operator(
    name="REDUCE_MIN",
    aot=Extreme(np.min, -1).aot(),
    tflm=Tflm(resolver="AddReduceMin", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
