"""Operands of kernel calls and the words that describe tensors in the generated C."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcuzoo.graph.model import Op, Tensor
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Operand
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.words import comment_text, shape_text


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
