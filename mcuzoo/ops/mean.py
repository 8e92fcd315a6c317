"""MEAN over any constant axes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import Requantization, quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import MAX_DIFFERENCE
from mcuzoo.lowering.params import CStruct, KernelParams, not_by_rows, once
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm, no_constants


def mean_requantization(model: Model, op: Op, count: int) -> Requantization:
    """For sums of `count` elements: input scale / output scale / count.

    The division by count is folded into the mantissa, which is first shifted left by the bits of
    count so that it keeps its precision (QuantizedMeanOrSum in reference/reduce.h).
    """
    source = quantization_of(model.tensor(op.inputs[0]))
    target = quantization_of(model.tensor(op.outputs[0]))
    mantissa, shift = quantize_multiplier(source.scale / target.scale)
    spare = min(count.bit_length() - 1, 32, 31 + shift)
    multipliers = np.array([(mantissa << spare) // count], dtype=np.int32)
    shifts = np.array([shift - spare], dtype=np.int32)
    return Requantization(multipliers, shifts, target.zero_point, -128, 127)


def rule(model: Model, op: Op) -> None:
    """int8 over constant axes."""
    _check(model, op, rules.INT8, rules.MAX_BROADCAST_RANK)
    source = model.tensor(op.inputs[0])
    count = source.elements // model.tensor(op.outputs[0]).elements
    shift = int(mean_requantization(model, op, count).shifts[0])
    rules.requantizable(shift, MAX_DIFFERENCE * count, source)


def mean_shape(source: Tensor, axes_tensor: Tensor, keep_dims: bool) -> tuple[int, ...]:
    """The shape of MEAN's output."""
    axes = mean_axes(source, axes_tensor)
    if keep_dims:
        return tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))
    return tuple(size for axis, size in enumerate(source.shape) if axis not in axes)


def mean_axes(source: Tensor, axes: Tensor) -> tuple[int, ...]:
    """The axes that MEAN reduces, counted from the front, in order, each once."""
    values = rules.constant(axes, DType.INT32).reshape(-1)
    rank = len(source.shape)
    if any(not -rank <= axis < rank for axis in values):
        raise rules.Refusal(f"names the axes {rules.shown(values)} of {rank}", axes.index)
    return tuple(sorted({int(axis) % rank for axis in values}))


# The most axes that ResolveAxis writes into its parameters, for floats.
MAX_FLOAT_AXES = 4


def demands(model: Model, op: Op) -> None:
    """Over constant axes."""
    _check(model, op, rules.REAL, rules.MAX_SHAPE_RANK)
    axes = rules.input_tensor(model, op, 1)
    if axes.elements == 0:
        raise rules.Refusal("names no axis", axes.index)
    if axes.elements > MAX_FLOAT_AXES and rules.input_tensor(model, op, 0).dtype is not DType.INT8:
        raise rules.Refusal(f"names {axes.elements} axes, more than {MAX_FLOAT_AXES}", axes.index)


def _check(model: Model, op: Op, kinds: Collection[DType], max_rank: int) -> None:
    rules.arity(op, range(2, 3))
    source, axes = (rules.input_tensor(model, op, place) for place in (0, 1))
    target = rules.output_tensor(model, op)
    for tensor in (source, target):
        rules.operand(tensor, kinds, max_rank)
    rules.same_type(target, source)
    rules.same_shape(target, mean_shape(source, axes, bool(op.options["keep_dims"])))
    if source.dtype is DType.INT8:
        count = source.elements // target.elements
        rules.shifts_in_range(mean_requantization(model, op, count).shifts)


def reference(model: Model, op: Op) -> Kernel:
    """Sums over the axes, the division by their count folded into the requantization."""
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    axes = mean_axes(source, model.tensor(op.inputs[1]))
    count = source.elements // target.elements
    to = mean_requantization(model, op, count)
    zero_point = quantization_of(source).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        sums = given(inputs, 0).astype(np.int64).sum(axis=axes) - zero_point * count
        return requantize(sums, to).reshape(target.shape)

    return run


@dataclass(frozen=True)
class MeanAxisStruct(CStruct):
    c_type = "mz_mean_axis"
    size: int
    stride: int


@dataclass(frozen=True)
class MeanParams(KernelParams):
    c_type = "mz_mean_params"
    kept: tuple[MeanAxisStruct, MeanAxisStruct]
    reduced: tuple[MeanAxisStruct, MeanAxisStruct]
    sum_offset: int
    multiplier: int
    shift: int
    output_zero_point: int

    passes = once
    by_rows = not_by_rows


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    axes = mean_axes(source, model.tensor(op.inputs[1]))
    kept = tuple(axis for axis in range(len(source.shape)) if axis not in axes)
    count = source.elements // target.elements
    to = mean_requantization(model, op, count)
    shift = int(to.shifts[0])
    params = MeanParams(
        kept=merged_axes(source.shape, kept),
        reduced=merged_axes(source.shape, axes),
        sum_offset=-quantization_of(source).zero_point * count,
        multiplier=int(to.multipliers[0]),
        shift=shift,
        output_zero_point=to.output_zero_point,
    )
    return direct_work(program, step, params, op.inputs[:1])


def merged_axes(
    shape: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[MeanAxisStruct, MeanAxisStruct]:
    """`axes` (ascending) of a tensor of rank <= 4, neighbours merged into one, outermost first."""
    runs: list[list[int]] = []
    for axis in axes:
        if runs and runs[-1][-1] == axis - 1:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    merged = [
        MeanAxisStruct(prod(shape[axis] for axis in run), prod(shape[run[-1] + 1 :]))
        for run in runs
    ]
    outer, inner = [MeanAxisStruct(1, 0)] * (2 - len(merged)) + merged
    return outer, inner


OPERATOR = Operator(
    name="MEAN",
    aot=Aot(
        constraint="int8, rank <= 4, constant axes",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_mean_s8"),),
        constant_bytes=no_constants,
    ),
    tflm=Tflm(resolver="AddMean", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="any"),
)
