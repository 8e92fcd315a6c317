"""RESHAPE: the same values under another shape."""

from __future__ import annotations

from mcuzoo.graph.model import Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.operator import Folded, Operator, Rewrite, Tflm


def rule(model: Model, op: Op) -> None:
    """RESHAPE: the same values in the same storage."""
    rules.arity(op, range(1, 3))
    source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
    if source.data is not None:
        raise rules.Refusal("is a constant; fold it into the graph", source.index)
    rules.int8_activation(source)
    if target.dtype is not source.dtype or target.elements != source.elements:
        raise rules.Refusal("differs from the input in size or type", target.index)


# The most dimensions that TfLiteReshapeParams holds.
MAX_NEW_SHAPE = 8


def demands(model: Model, op: Op) -> None:
    """RESHAPE: the same values under another shape; whatever a second input says."""
    rules.arity(op, range(1, 3))
    source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
    if len(op.options["new_shape"]) > MAX_NEW_SHAPE:
        raise rules.Refusal(f"its new_shape has {len(op.options['new_shape'])} dimensions")
    if source.elements == 0:
        raise rules.Refusal(f"of shape {list(source.shape)} is empty", source.index)
    rules.same_type(target, source)
    if target.elements != source.elements:
        raise rules.Refusal("differs from the input in size", target.index)


OPERATOR = Operator(
    name="RESHAPE",
    aot=Folded(constraint="int8", rule=rule),
    tflm=Tflm(resolver="AddReshape", rule=demands),
    rewrite=Rewrite(int8_version=1, weights=None, output="as the input"),
)
