"""SUB, which TFLM alone runs."""

from __future__ import annotations

import numpy as np

from mcuzoo.graph.fixedpoint import quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.add import ADD_LEFT_SHIFT
from mcuzoo.ops.common.rules import broadcast_operands, known_activation, sum_in_range
from mcuzoo.ops.operator import tflm_alone


def demands(model: Model, op: Op) -> None:
    """SUB with NumPy broadcasting; its factors are formed in float32."""
    first, second, target = broadcast_operands(model, op)
    known_activation(op)
    if target.dtype is DType.INT8:
        scales = [quantization_of(tensor).scales[0] for tensor in (first, second, target)]
        twice_larger = np.float32(2) * max(scales[:2])
        real = twice_larger / (np.float32(2**ADD_LEFT_SHIFT) * scales[2])
        sum_in_range(quantize_multiplier(float(real))[1], target)


OPERATOR = tflm_alone("SUB", "AddSub", demands)
