"""What the operators that reduce over axes share: MEAN, SUM, REDUCE_MAX and REDUCE_MIN."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import prod

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.lowering.params import CStruct
from mcuzoo.ops.common import rules

# The most axes that ResolveAxis writes into its parameters, for floats.
MAX_FLOAT_AXES = 4


def reduced_shape(source: Tensor, axes_tensor: Tensor, keep_dims: bool) -> tuple[int, ...]:
    """The shape of the output."""
    axes = reduced_axes(source, axes_tensor)
    if keep_dims:
        return tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))
    return tuple(size for axis, size in enumerate(source.shape) if axis not in axes)


def reduced_axes(source: Tensor, axes: Tensor) -> tuple[int, ...]:
    """The axes that are reduced, counted from the front, in order, each once."""
    values = rules.constant(axes, DType.INT32).reshape(-1)
    rank = len(source.shape)
    if any(not -rank <= axis < rank for axis in values):
        raise rules.Refusal(f"names the axes {rules.shown(values)} of {rank}", axes.index)
    return tuple(sorted({int(axis) % rank for axis in values}))


def check_reduction(
    model: Model, op: Op, kinds: Collection[DType], max_rank: int
) -> tuple[Tensor, Tensor]:
    """(input, output) of an op that reduces over constant axes."""
    rules.arity(op, range(2, 3))
    source, axes = (rules.input_tensor(model, op, place) for place in (0, 1))
    target = rules.output_tensor(model, op)
    for tensor in (source, target):
        rules.operand(tensor, kinds, max_rank)
    rules.same_type(target, source)
    rules.same_shape(target, reduced_shape(source, axes, bool(op.options["keep_dims"])))
    return source, target


def demand_axes(model: Model, op: Op) -> None:
    """What TFLM asks of the axes beside `check_reduction`."""
    axes = rules.input_tensor(model, op, 1)
    if axes.elements == 0:
        raise rules.Refusal("names no axis", axes.index)
    if axes.elements > MAX_FLOAT_AXES and rules.input_tensor(model, op, 0).dtype is not DType.INT8:
        raise rules.Refusal(f"names {axes.elements} axes, more than {MAX_FLOAT_AXES}", axes.index)


@dataclass(frozen=True)
class ReductionAxisStruct(CStruct):
    """size: steps along the axis. stride: elements from step to step."""

    c_type = "mz_reduction_axis"
    size: int
    stride: int


Axes = tuple[ReductionAxisStruct, ReductionAxisStruct]


def kept_and_reduced(source: Tensor, axes: tuple[int, ...]) -> tuple[Axes, Axes]:
    """The axes of a tensor of rank <= 4 that are kept, and those that are reduced, `axes`."""
    kept = tuple(axis for axis in range(len(source.shape)) if axis not in axes)
    return merged_axes(source.shape, kept), merged_axes(source.shape, axes)


def merged_axes(shape: tuple[int, ...], axes: tuple[int, ...]) -> Axes:
    """`axes` (ascending) of a tensor of rank <= 4, neighbours merged into one, outermost first."""
    runs: list[list[int]] = []
    for axis in axes:
        if runs and runs[-1][-1] == axis - 1:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    merged = [
        ReductionAxisStruct(prod(shape[axis] for axis in run), prod(shape[run[-1] + 1 :]))
        for run in runs
    ]
    outer, inner = [ReductionAxisStruct(1, 0)] * (2 - len(merged)) + merged
    return outer, inner
