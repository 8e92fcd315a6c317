"""QUANTIZE: from one scale to another; as the first op it is cut."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import Requantization, quantization_of
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.rescaling import Rescaling, rescaled
from mcuzoo.ops.operator import Operator, Rewrite, Tflm

# EvalQuantizeReference: input type -> output types.
QUANTIZED_TO: dict[DType, tuple[DType, ...]] = {
    DType.FLOAT32: (DType.INT8, DType.INT16),
    DType.INT32: (DType.INT8, DType.INT16),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.UINT8: (DType.INT8,),
}


def demands(model: Model, op: Op) -> None:
    """QUANTIZE: from floats, or from one integer type to another."""
    rules.arity(op, range(1, 2))
    source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
    rules.operand(source, QUANTIZED_TO.keys())
    rules.carried(target, QUANTIZED_TO[source.dtype])
    rules.per_tensor(target)
    rules.same_shape(target, source.shape)
    if source.dtype is not DType.FLOAT32:
        rules.factor_in_range(quantization_of(source).scale / quantization_of(target).scale)


def _requantization(model: Model, op: Op) -> Requantization:
    source, target = (
        quantization_of(model.tensor(index)) for index in (op.inputs[0], op.outputs[0])
    )
    return rescaled(source.scale / target.scale, target, -128)


OPERATOR = Operator(
    name="QUANTIZE",
    aot=Rescaling(_requantization).aot("int8 to int8, or as the first op"),
    tflm=Tflm(resolver="AddQuantize", rule=demands),
    rewrite=Rewrite(int8_version=1, weights=None, output="any"),
)
