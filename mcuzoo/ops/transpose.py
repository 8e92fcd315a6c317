"""TRANSPOSE, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.operator import tflm_alone


def demands(model: Model, op: Op) -> None:
    """TRANSPOSE by a constant permutation."""
    rules.arity(op, range(2, 3))
    source, target = rules.moved(model, op, rules.TURNED)
    order = rules.input_tensor(model, op, 1)
    values = rules.constant(order, DType.INT32)
    if values.ndim != 1 or sorted(values) != list(range(len(source.shape))):
        raise rules.Refusal(f"holds {rules.shown(values)}", order.index)
    rules.same_shape(target, tuple(source.shape[int(axis)] for axis in values))


OPERATOR = tflm_alone("TRANSPOSE", "AddTranspose", demands)
