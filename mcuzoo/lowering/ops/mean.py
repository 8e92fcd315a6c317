"""MEAN over any axes."""

from __future__ import annotations

from math import prod

from mcuzoo.graph.parameters import mean_requantization, quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.graph.rules_other import mean_axes
from mcuzoo.lowering.ops.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.ops.limits import MAX_DIFFERENCE, require_room
from mcuzoo.lowering.params import MeanAxisStruct, MeanParams


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    axes = mean_axes(source, model.tensor(op.inputs[1]))
    kept = tuple(axis for axis in range(len(source.shape)) if axis not in axes)
    count = source.elements // target.elements
    to = mean_requantization(model, op, count)
    shift = int(to.shifts[0])
    require_room(op, source, MAX_DIFFERENCE * count << max(shift, 0))
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


VARIANTS = (Direct("mz_mean_s8"),)
