"""RELU and RELU6."""

from __future__ import annotations

import numpy as np

from mcuzoo.graph.fixedpoint import quantize_multipliers, quantize_value
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import Requantization, quantization_of
from mcuzoo.ops.common.rescaling import Rescaling, rescaled
from mcuzoo.ops.operator import Operator, Rewrite, Tflm


def _relu(model: Model, op: Op) -> Requantization:
    """TFLM until August 2026 divided in float32, which gives other outputs in a few ties."""
    source, target = (
        quantization_of(model.tensor(index)) for index in (op.inputs[0], op.outputs[0])
    )
    return rescaled(source.scale / target.scale, target, max(-128, target.zero_point))


def _relu6(model: Model, op: Op) -> Requantization:
    """RELU6 is not rescaled: TFLM's kernel takes the output to have the input's scale."""
    source = quantization_of(model.tensor(op.inputs[0]))
    zero, six = source.zero_point, quantize_value(6.0, source.scale, source.zero_point)
    multipliers, shifts = quantize_multipliers(np.ones(1))
    return Requantization(multipliers, shifts, zero, zero, min(six, 127))


RELU = Operator(
    name="RELU",
    aot=Rescaling(_relu).aot("int8"),
    tflm=Tflm(resolver="AddRelu", rule=Rescaling(_relu).demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="any"),
)
RELU6 = Operator(
    name="RELU6",
    aot=Rescaling(_relu6).aot("int8"),
    tflm=Tflm(resolver="AddRelu6", rule=Rescaling(_relu6).demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="as the input"),
)
