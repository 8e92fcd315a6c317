"""MEAN and SUM over any constant axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import Requantization, quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import MAX_DIFFERENCE
from mcuzoo.lowering.params import KernelParams, not_by_rows, once
from mcuzoo.ops.common import reduction, rules
from mcuzoo.ops.common.reduction import ReductionAxisStruct
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm, Without, no_constants


def mean_requantization(model: Model, op: Op, count: int) -> Requantization:
    """For sums of `count` elements: input scale / output scale / count.

    The division by count is folded into the mantissa, which is first shifted left by the bits of
    count so that it keeps its precision (QuantizedMeanOrSum in reference/reduce.h).
    """
    mantissa, shift = _factor(model, op)
    spare = min(count.bit_length() - 1, 32, 31 + shift)
    return _to_output(model, op, (mantissa << spare) // count, shift - spare)


def sum_requantization(model: Model, op: Op, count: int) -> Requantization:
    """For sums: input scale / output scale."""
    return _to_output(model, op, *_factor(model, op))


def _factor(model: Model, op: Op) -> tuple[int, int]:
    source, target = (
        quantization_of(model.tensor(index)).scale for index in (op.inputs[0], op.outputs[0])
    )
    return quantize_multiplier(source / target)


def _to_output(model: Model, op: Op, multiplier: int, shift: int) -> Requantization:
    zero_point = quantization_of(model.tensor(op.outputs[0])).zero_point
    multipliers, shifts = (np.array([value], dtype=np.int32) for value in (multiplier, shift))
    return Requantization(multipliers, shifts, zero_point, -128, 127)


@dataclass(frozen=True)
class MeanParams(KernelParams):
    """As mz_mean_s8.h has them. kept, reduced: size and stride of two axes each. sum_offset: less
    input zero point times the number of elements added up. multiplier, shift: input scale / output
    scale, and for MEAN / elements added up. output_zero_point: of the output.
    """

    c_type = "mz_mean_params"
    kept: tuple[ReductionAxisStruct, ReductionAxisStruct]
    reduced: tuple[ReductionAxisStruct, ReductionAxisStruct]
    sum_offset: int
    multiplier: int
    shift: int
    output_zero_point: int

    passes = once
    by_rows = not_by_rows


@dataclass(frozen=True)
class Adding:
    """MEAN or SUM. `requantization`: of the sum of so many elements less their zero points."""

    requantization: Callable[[Model, Op, int], Requantization]

    def demands(self, model: Model, op: Op) -> None:
        """int8 or floats, over constant axes."""
        source, target = reduction.check_reduction(model, op, rules.REAL, rules.MAX_SHAPE_RANK)
        if source.dtype is DType.INT8:
            count = source.elements // target.elements
            rules.shifts_in_range(self.requantization(model, op, count).shifts)
        reduction.demand_axes(model, op)

    def rule(self, model: Model, op: Op) -> None:
        """int8 over constant axes."""
        source, target = reduction.check_reduction(model, op, rules.INT8, rules.MAX_BROADCAST_RANK)
        count = source.elements // target.elements
        shift = int(self.requantization(model, op, count).shifts[0])
        rules.shifts_in_range(shift)
        rules.requantizable(shift, MAX_DIFFERENCE * count, source)

    def reference(self, model: Model, op: Op) -> Kernel:
        """Sums over the axes, a division by their count folded into the requantization."""
        source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
        axes = reduction.reduced_axes(source, model.tensor(op.inputs[1]))
        count = source.elements // target.elements
        to = self.requantization(model, op, count)
        zero_point = quantization_of(source).zero_point

        def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
            sums = given(inputs, 0).astype(np.int64).sum(axis=axes) - zero_point * count
            return requantize(sums, to).reshape(target.shape)

        return run

    def prepare(self, program: Program, step: Step) -> DirectWork:
        model, op = program.model, step.op
        source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
        axes = reduction.reduced_axes(source, model.tensor(op.inputs[1]))
        count = source.elements // target.elements
        to = self.requantization(model, op, count)
        kept, reduced = reduction.kept_and_reduced(source, axes)
        params = MeanParams(
            kept=kept,
            reduced=reduced,
            sum_offset=-quantization_of(source).zero_point * count,
            multiplier=int(to.multipliers[0]),
            shift=int(to.shifts[0]),
            output_zero_point=to.output_zero_point,
        )
        return direct_work(program, step, params, op.inputs[:1])

    def aot(self) -> Aot:
        return Aot(
            constraint="int8, rank <= 4, constant axes",
            rule=self.rule,
            reference=self.reference,
            prepare=self.prepare,
            variants=(Direct("mz_mean_s8"),),
            constant_bytes=no_constants,
        )


_MEAN, _SUM = Adding(mean_requantization), Adding(sum_requantization)
MEAN = Operator(
    name="MEAN",
    aot=_MEAN.aot(),
    tflm=Tflm(resolver="AddMean", rule=_MEAN.demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="any"),
)
SUM = Operator(
    name="SUM",
    aot=_SUM.aot(),
    tflm=Tflm(resolver="AddSum", rule=_SUM.demands),
    rewrite=Without("no exact rewrite is known"),
)
