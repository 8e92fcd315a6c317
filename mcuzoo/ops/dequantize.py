"""DEQUANTIZE to float32."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.operator import Folded, Operator, Rewrite, Tflm


def rule(model: Model, op: Op) -> None:
    """DEQUANTIZE: the host converts the model's output; the board never computes in floats."""
    raise rules.Refusal("float values inside the graph have no kernel", op.outputs[0])


DEQUANTIZED = frozenset((DType.INT8, DType.INT16, DType.UINT8))


def demands(model: Model, op: Op) -> None:
    """DEQUANTIZE to float32."""
    rules.arity(op, range(1, 2))
    source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
    rules.operand(source, DEQUANTIZED)
    rules.carried(target, (DType.FLOAT32,))
    rules.same_shape(target, source.shape)


OPERATOR = Operator(
    name="DEQUANTIZE",
    aot=Folded(constraint="int8, as the last op", rule=rule),
    tflm=Tflm(resolver="AddDequantize", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="any"),
)
