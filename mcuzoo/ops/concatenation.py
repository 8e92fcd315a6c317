"""CONCATENATION of tensors along one axis."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.ops.common import rules
from mcuzoo.ops.operator import tflm_alone

# concatenation.cc, kMaxInputNum.
MAX_CONCATENATED = 10
CONCATENATED = frozenset(
    (DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL)
)


def demands(model: Model, op: Op) -> None:
    """CONCATENATION of up to ten tensors."""
    rules.arity(op, range(1, MAX_CONCATENATED + 1))
    sources = [rules.input_tensor(model, op, place) for place in range(len(op.inputs))]
    target = rules.output_tensor(model, op)
    rank = len(target.shape)
    axis = int(op.options["axis"])
    if not -rank <= axis < rank:
        raise rules.Refusal(f"its axis is {axis} of {rank}")
    axis %= rank
    if op.options["fused_activation_function"] != "NONE":
        raise rules.Refusal(f"it fuses {op.options['fused_activation_function']}")
    rules.carried(target, CONCATENATED)
    for source in sources:
        rules.carried(source, CONCATENATED)
        rules.same_type(source, target)
        _joins(source, target, axis)
        if source.dtype is DType.INT8:
            rules.same_quantization(source, target, "the output")
        elif source.dtype is DType.INT16 and _zero_point(source) | _zero_point(target):
            raise rules.Refusal("is int16 with a zero point", source.index)
    if sum(source.shape[axis] for source in sources) != target.shape[axis]:
        raise rules.Refusal(f"has the shape {list(target.shape)}", target.index)


def _joins(source: Tensor, target: Tensor, axis: int) -> None:
    kept = [size for place, size in enumerate(source.shape) if place != axis]
    wanted = [size for place, size in enumerate(target.shape) if place != axis]
    if len(source.shape) != len(target.shape) or kept != wanted:
        raise rules.Refusal(
            f"has the shape {list(source.shape)}, the output {list(target.shape)}", source.index
        )


def _zero_point(tensor: Tensor) -> int:
    return tensor.quantization.zero_point if tensor.quantization else 0


OPERATOR = tflm_alone("CONCATENATION", "AddConcatenation", demands)
