"""Operands of kernel calls: where they are, their shapes as structs, their names in generated C,
and how large their sums may be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcuzoo.graph.model import Model, Op, Tensor
from mcuzoo.graph.program import Program
from mcuzoo.graph.window import window_of
from mcuzoo.lowering.call import Activation, Operand
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import ExtentStruct, WindowStruct
from mcuzoo.lowering.words import comment_text, shape_text

ACCUMULATOR_LIMIT = 2**31
REQUANTIZATION_LIMIT = 2**30
"""mz_multiply_by_quantized doubles its argument after the shift to the left."""

LARGE_CONSTANT = 2**23
"""Sums below it are small enough for every kernel."""

MAX_DIFFERENCE = 255
"""The largest difference between an int8 value and a zero point."""


def symbol(op: Op, role: str) -> str:
    return f"mz_op_{op.index:02d}_{role}"


def describe(tensor: Tensor) -> tuple[str, ...]:
    """Name, shape and quantization of a tensor, for a comment."""
    lines = [f'"{comment_text(tensor.name)}", {tensor.dtype.value} {shape_text(tensor.shape)}']
    if tensor.quantization is not None:
        scales = tensor.quantization.scales
        low, high = float(scales.min()), float(scales.max())
        scale = f"{low:.9g}" if low == high else f"{low:.3g} .. {high:.3g} per channel"
        zero_point = tensor.quantization.zero_point
        value = f"(value - {zero_point})" if zero_point else "value"
        lines.append(f"Real value = scale x {value}, scale {scale}.")
    return tuple(lines)


def operands(program: Program, op: Op, tensors: Sequence[int]) -> tuple[Operand, ...]:
    """Where a kernel finds these int8 tensors: in the arena, or as constants of `op`."""
    return tuple(_operand(program, op, place, tensor) for place, tensor in enumerate(tensors))


def _operand(program: Program, op: Op, place: int, index: int) -> Operand:
    tensor = program.model.tensor(index)
    if tensor.data is None:
        return Activation(program.buffer_of(index).index)
    values = np.asarray(tensor.data, dtype=np.int8).reshape(-1)
    return Constant(symbol(op, f"input_{place}"), values, describe(tensor))


def constant_bytes(model: Model, tensors: Sequence[int]) -> int:
    """Bytes of those of `tensors` that are constants."""
    found = (model.tensor(index) for index in tensors if index != -1)
    return sum(tensor.bytes for tensor in found if tensor.data is not None)


def rank_four(values: Sequence[int], filler: int) -> tuple[int, int, int, int]:
    """`values`, one per axis, with `filler` for the outer axes that a smaller rank lacks."""
    first, second, third, fourth = [filler] * (4 - len(values)) + list(values)
    return first, second, third, fourth


def extent(tensor: Tensor) -> ExtentStruct:
    """The extent of a tensor (1, height, width, channels)."""
    _, height, width, channels = tensor.shape
    return ExtentStruct(height, width, channels)


def window(op: Op, source: Tensor, taps: tuple[int, int]) -> WindowStruct:
    """The window of a convolution or pooling `op` on image `source`; taps are (height, width)."""
    placed = window_of(op, (source.shape[1], source.shape[2]), taps)
    return WindowStruct(
        height=placed.height,
        width=placed.width,
        stride_h=placed.stride_h,
        stride_w=placed.stride_w,
        dilation_h=placed.dilation_h,
        dilation_w=placed.dilation_w,
        pad_top=placed.pad_top,
        pad_left=placed.pad_left,
    )
