"""PRELU, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common.rules import broadcast_operands, factor_in_range, same_shape
from mcuzoo.ops.operator import tflm_alone


def demands(model: Model, op: Op) -> None:
    """PRELU: alpha broadcasts to the input."""
    source, alpha, target = broadcast_operands(model, op)
    same_shape(target, source.shape)
    if target.dtype is DType.INT8:
        scales = [quantization_of(tensor).scale for tensor in (source, alpha, target)]
        factor_in_range(scales[0] / scales[2])
        factor_in_range(scales[0] * scales[1] / scales[2])


OPERATOR = tflm_alone("PRELU", "AddPrelu", demands)
