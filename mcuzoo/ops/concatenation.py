"""CONCATENATION of tensors along one axis: one call for each of them copies it to its place.

Along the outermost axis an input is one run of bytes, so it may be made directly in the output.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, between, copying
from mcuzoo.ops.operator import Operator, Tflm, Without

# concatenation.cc, kMaxInputNum.
MAX_CONCATENATED = 10
CONCATENATED = frozenset(
    (DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL)
)


def rule(model: Model, op: Op) -> None:
    """int8, all quantized alike: kernels copy."""
    demands(model, op)
    for index in (*op.inputs, *op.outputs):
        rules.int8_activation(model.tensor(index))


def demands(model: Model, op: Op) -> None:
    """Up to ten tensors, quantized alike."""
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


def moves(model: Model, op: Op) -> Sequence[Move]:
    axis = int(op.options["axis"])
    ends = list(accumulate(model.tensor(index).shape[axis] for index in op.inputs))
    return [
        Move(place, target=between(axis, begin, end))
        for place, (begin, end) in enumerate(zip([0, *ends], ends, strict=False))
    ]


OPERATOR = Operator(
    name="CONCATENATION",
    aot=copying("int8, quantized alike", rule, moves),
    tflm=Tflm(resolver="AddConcatenation", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
