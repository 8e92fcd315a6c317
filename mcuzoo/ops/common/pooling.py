"""The common part of AVERAGE_POOL_2D and MAX_POOL_2D: all but the function of a window's values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import activation_range
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.graph.window import Window, window_of
from mcuzoo.lowering.call import Overlap
from mcuzoo.lowering.direct import DirectWork, direct_work
from mcuzoo.lowering.operands import extent, window
from mcuzoo.lowering.params import (
    ExtentStruct,
    KernelParams,
    RowWindow,
    Shape,
    WindowStruct,
    once,
    windowed_rows,
)
from mcuzoo.ops.common import rules

POOL_SCALE_TOLERANCE = 1e-6

MOST_POOLED = 256
"""MZ_POOL_BYTES."""

Reduce = Callable[[NDArray[Any]], NDArray[Any]]


def rule(model: Model, op: Op) -> None:
    """Input and output share their quantization."""
    rules.arity(op, range(1, 2))
    rules.images(model, op, rules.INT8)
    demands(model, op)


def demands(model: Model, op: Op) -> None:
    """Input and output share their quantization."""
    source, target = rules.one_to_one(model, op)
    rules.images(model, op)
    rules.slides(model, op, _taps(op), source.shape[3])
    rules.known_activation(op)
    if source.dtype is DType.INT8:
        _alike(source, target)


def _taps(op: Op) -> tuple[int, int]:
    return int(op.options["filter_height"]), int(op.options["filter_width"])


def _alike(source: Tensor, target: Tensor) -> None:
    before, after = quantization_of(source), quantization_of(target)
    if (
        abs(before.scale - after.scale) > POOL_SCALE_TOLERANCE
        or before.zero_point != after.zero_point
    ):
        raise rules.Refusal("is quantized unlike the input", target.index)


def clamp_of(model: Model, op: Op) -> tuple[int, int]:
    """The least and the greatest output."""
    to = quantization_of(model.tensor(op.outputs[0]))
    activation = str(op.options["fused_activation_function"])
    return activation_range(activation, to.scale, to.zero_point)


def pool_window(model: Model, op: Op) -> Window:
    source = model.tensor(op.inputs[0])
    return window_of(op, (source.shape[1], source.shape[2]), _taps(op))


def over_windows(image: NDArray[Any], window: Window, reduce: Reduce) -> NDArray[Any]:
    """Reduce (height, width, channels) over every window: first rows, then columns."""
    rows = _extents(
        image.shape[0], window.output_height, window.height, window.stride_h, window.pad_top
    )
    by_rows = np.stack([reduce(image[first:end]) for first, end in rows])
    columns = _extents(
        image.shape[1], window.output_width, window.width, window.stride_w, window.pad_left
    )
    across = by_rows.swapaxes(0, 1)
    by_columns = np.stack([reduce(across[first:end]) for first, end in columns])
    reduced: NDArray[Any] = by_columns.swapaxes(0, 1)
    return reduced


def _extents(
    size: int, windows: int, taps: int, stride: int, pad: int
) -> Iterator[tuple[int, int]]:
    """[first, end) of the pixels that each window covers inside the image."""
    for index in range(windows):
        start = index * stride - pad
        yield max(start, 0), min(start + taps, size)


@dataclass(frozen=True)
class PoolParams(KernelParams):
    """As mz_pool.h has them, for both kernels.

    input, output: sizes. window: in pixels, without dilation. minimum, maximum: the fused
    activation as int8 values of the output.
    """

    c_type = "mz_pool_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    minimum: int
    maximum: int

    kept_bytes: ClassVar[int]
    """What the kernel keeps of each value."""

    passes = once

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return windowed_rows(self.input, self.window, source)


def prepare_pool(program: Program, step: Step, params: type[PoolParams]) -> DirectWork:
    """params: the class of the kernel's parameters."""
    model, op = program.model, step.op
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    view = window(op, source, _taps(op))
    overlap = Overlap(distance(source, target, view))
    filled = params(extent(source), extent(target), view, *clamp_of(model, op))
    return direct_work(program, step, filled, op.inputs, (overlap,))


def distance(source: Tensor, target: Tensor, view: WindowStruct) -> int:
    """Least input offset - output offset at which no output is written over what is still read.

    While output pixel p is written, channel by channel, the same channels and later ones of its
    own window and all of the later windows are still to be read. They begin at the first pixel of
    one of these windows; it must not lie before pixel p of the output.
    """
    _, height, width, channels = source.shape
    _, rows, columns, _ = target.shape
    top = np.maximum(np.arange(rows) * view.stride_h - view.pad_top, 0)
    left = np.maximum(np.arange(columns) * view.stride_w - view.pad_left, 0)
    first = (np.minimum(top, height - 1)[:, None] * width + np.minimum(left, width - 1)).reshape(-1)
    still_read = np.minimum.accumulate(first[::-1])[::-1]
    return int(np.max(np.arange(rows * columns) - still_read)) * channels
