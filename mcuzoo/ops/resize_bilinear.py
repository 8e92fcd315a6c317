"""RESIZE_BILINEAR to a constant size.

Source: ResizeBilinearInteger in tensorflow/lite/kernels/internal/reference/resize_bilinear.h.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Overlap
from mcuzoo.lowering.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import extent
from mcuzoo.lowering.params import ExtentStruct, KernelParams, not_by_rows, once
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Tflm, Without, no_constants

# In ResizeBilinearInteger a pixel is 2**10 steps.
_PIXEL_STEPS = 1 << 10
_HALF = 1 << 19


def rule(model: Model, op: Op) -> None:
    """One int8 image, to a constant size."""
    _check(model, op, rules.INT8)
    rules.images(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """RESIZE_BILINEAR to a constant size."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.resized(model, op, kinds)
    corners, centers = rules.resize_options(op)
    if corners and centers:
        raise rules.Refusal("it has align_corners and half_pixel_centers")
    if source.dtype is DType.INT8:
        for before, after, axis in zip(
            source.shape[1:3], target.shape[1:3], _axes(op, source, target), strict=True
        ):
            if max(0, axis.first + (after - 1) * axis.step) // _PIXEL_STEPS >= before:
                raise rules.Refusal(
                    f"resizes {before} to {after}, beyond TFLM's precision", target.index
                )


@dataclass(frozen=True)
class AxisSteps:
    """Where output pixels lie in the input, in steps: the first one, and from one to the next.
    step: in 1/1024 input pixels, as `first`."""

    first: int
    step: int


def _axes(op: Op, source: Tensor, target: Tensor) -> tuple[AxisSteps, AxisSteps]:
    """Of the height and of the width. The steps are rounded, so that the last row that TFLM mixes
    may lie behind the image."""
    corners, centers = rules.resize_options(op)
    height, width = (
        _axis(before, after, corners, centers)
        for before, after in zip(source.shape[1:3], target.shape[1:3], strict=True)
    )
    return height, width


def _axis(before: int, after: int, corners: bool, centers: bool) -> AxisSteps:
    apart = 1 if corners and after > 1 else 0
    step = (_PIXEL_STEPS * (before - apart) + (after - apart) // 2) // (after - apart)
    return AxisSteps(step // 2 - _PIXEL_STEPS // 2 if centers else 0, step)


def _neighbours(axis: AxisSteps, before: int, after: int) -> tuple[NDArray[np.int64], ...]:
    """int64 (after,): the first and the second input pixel, and the second's weight in steps."""
    places = axis.first + axis.step * np.arange(after, dtype=np.int64)
    low = np.maximum(places, 0) // _PIXEL_STEPS
    high = np.minimum((places + _PIXEL_STEPS - 1) // _PIXEL_STEPS, before - 1)
    return low, high, places - _PIXEL_STEPS * low


def reference(model: Model, op: Op) -> Kernel:
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    rows, columns = (
        _neighbours(axis, before, after)
        for axis, before, after in zip(
            _axes(op, source, target), source.shape[1:3], target.shape[1:3], strict=True
        )
    )

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        image = given(inputs, 0).astype(np.int64)
        upper, lower, down = rows
        weight = down[:, None, None]
        mixed = image[:, upper] * (_PIXEL_STEPS - weight) + image[:, lower] * weight
        left, right, far = columns
        weight = far[:, None]
        sums = mixed[:, :, left] * (_PIXEL_STEPS - weight) + mixed[:, :, right] * weight
        magnitude = (np.abs(sums) + _HALF) // (2 * _HALF)
        output: NDArray[np.int8] = (np.sign(sums) * magnitude).astype(np.int8)
        return output

    return run


@dataclass(frozen=True)
class ResizeBilinearParams(KernelParams):
    """As mz_resize_bilinear_s8.h has them. input, output: sizes. step_h, step_w: from output pixel
    to output pixel, in 1/1024 input pixels. first_h, first_w: where the first one is.
    """

    c_type = "mz_resize_bilinear_params"
    input: ExtentStruct
    output: ExtentStruct
    step_h: int
    step_w: int
    first_h: int
    first_w: int

    passes = once
    by_rows = not_by_rows


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    height, width = _axes(op, source, target)
    params = ResizeBilinearParams(
        input=extent(source),
        output=extent(target),
        step_h=height.step,
        step_w=width.step,
        first_h=height.first,
        first_w=width.first,
    )
    # While a row is made, and later, no row before the first that it mixes is read.
    upper, _, _ = _neighbours(height, source.shape[1], target.shape[1])
    written = (np.arange(target.shape[1]) + 1) * target.shape[2] * target.shape[3]
    before = written - upper * source.shape[2] * source.shape[3]
    return direct_work(program, step, params, op.inputs[:1], (Overlap(int(before.max())),))


OPERATOR = Operator(
    name="RESIZE_BILINEAR",
    aot=Aot(
        constraint="int8, batch 1, constant size",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_resize_bilinear_s8"),),
        constant_bytes=no_constants,
    ),
    tflm=Tflm(resolver="AddResizeBilinear", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
