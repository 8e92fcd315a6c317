"""Ranges that the kernels' fixed-point arithmetic relies on, checked ahead of time."""

from __future__ import annotations

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.model import Op, Tensor

ACCUMULATOR_LIMIT = 2**31
REQUANTIZATION_LIMIT = 2**30
"""mz_multiply_by_quantized doubles its argument after the shift to the left."""

MAX_DIFFERENCE = 255
"""Between an int8 value and a zero point."""

HINT = "Quantize the model again; values or scales this large are not what quantization makes."


def require_room(op: Op, tensor: Tensor, largest: int) -> None:
    """Raise UnsupportedOpError unless a value of this magnitude can be requantized."""
    if largest >= REQUANTIZATION_LIMIT:
        raise UnsupportedOpError(
            f"Op {op.index} {op.name}: the sums over tensor {tensor.index} {tensor.name!r} could "
            f"reach {largest:,}, too large for 32-bit fixed point.",
            HINT,
        )
