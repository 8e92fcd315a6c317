"""Rules for the ops without weights or windows."""

from __future__ import annotations

import numpy as np

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import (
    add_parameters,
    elementwise_requantization,
    mean_requantization,
    quantization_of,
    softmax_scale,
)
from mcuzoo.graph.rules import (
    Refusal,
    arity,
    constant,
    input_tensor,
    int8_activation,
    known_activation,
    output_tensor,
    same_shape,
    shifts_in_range,
    shown,
)

MAX_RANK = 4
# TFLM sums exponentials in Q12.19: 4096 ones overflow.
MAX_SOFTMAX_DEPTH = 4095


def add(model: Model, op: Op) -> None:
    """ADD with NumPy broadcasting."""
    arity(op, range(2, 3))
    first, second = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    for tensor in (first, second, target):
        int8_activation(tensor, MAX_RANK)
    same_shape(target, broadcast_shape(first, second))
    known_activation(op)
    if int(add_parameters(model, op).to.shifts[0]) > 0:
        raise Refusal("has a scale too small for the inputs'", target.index)


def broadcast_shape(first: Tensor, second: Tensor) -> tuple[int, ...]:
    """Of what two operands give together, as NumPy broadcasts."""
    try:
        return tuple(np.broadcast_shapes(first.shape, second.shape))
    except ValueError:
        raise Refusal(
            f"of shape {list(second.shape)} does not broadcast to {list(first.shape)}",
            second.index,
        ) from None


def mean(model: Model, op: Op) -> None:
    """MEAN over constant axes."""
    arity(op, range(2, 3))
    source, axes_tensor = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    for tensor in (source, target):
        int8_activation(tensor, MAX_RANK)
    same_shape(target, mean_shape(source, axes_tensor, bool(op.options["keep_dims"])))
    count = source.elements // target.elements
    shifts_in_range(mean_requantization(model, op, count).shifts)


def mean_shape(source: Tensor, axes_tensor: Tensor, keep_dims: bool) -> tuple[int, ...]:
    """Of MEAN's output."""
    axes = mean_axes(source, axes_tensor)
    if keep_dims:
        return tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))
    return tuple(size for axis, size in enumerate(source.shape) if axis not in axes)


def mean_axes(source: Tensor, axes: Tensor) -> tuple[int, ...]:
    """The axes that MEAN reduces, counted from the front, in order, each once."""
    values = constant(axes, DType.INT32).reshape(-1)
    rank = len(source.shape)
    if any(not -rank <= axis < rank for axis in values):
        raise Refusal(f"names the axes {shown(values)} of {rank}", axes.index)
    return tuple(sorted({int(axis) % rank for axis in values}))


def pad(model: Model, op: Op) -> None:
    """PAD, and PADV2 with one constant int8 value."""
    arity(op, range(2, 3) if op.name == "PAD" else range(3, 4))
    source, paddings = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    for tensor in (source, target):
        int8_activation(tensor, MAX_RANK)
    same_shape(target, padded_shape(source, paddings))
    if op.name == "PADV2":
        value = input_tensor(model, op, 2)
        int8_activation(value)
        constant(value, DType.INT8)
        mine, theirs = quantization_of(value), quantization_of(target)
        if value.elements != 1 or (mine.scale, mine.zero_point) != (
            theirs.scale,
            theirs.zero_point,
        ):
            raise Refusal("is not one value quantized like the output", value.index)


def padded_shape(source: Tensor, paddings: Tensor) -> tuple[int, ...]:
    """Of PAD's output: constant (before, after) for each dimension."""
    pairs = constant(paddings, DType.INT32)
    if pairs.shape != (len(source.shape), 2) or np.any(pairs < 0):
        raise Refusal(f"holds {shown(pairs)}", paddings.index)
    sizes = np.array(source.shape, dtype=np.int64) + pairs.astype(np.int64).sum(axis=1)
    return tuple(sizes.tolist())


def softmax(model: Model, op: Op) -> None:
    """SOFTMAX over the last dimension, to 1/256 with zero point -128."""
    arity(op, range(1, 2))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    int8_activation(source)
    int8_activation(target)
    same_shape(target, source.shape)
    to = quantization_of(target)
    if to.scale != 1 / 256 or to.zero_point != -128:
        raise Refusal("is not quantized with scale 1/256 and zero point -128", target.index)
    if not source.shape or source.shape[-1] > MAX_SOFTMAX_DEPTH:
        raise Refusal(f"has rows longer than {MAX_SOFTMAX_DEPTH}", source.index)
    if not softmax_scale(model, op) > 1:
        raise Refusal(f"has a scale too small for beta {op.options['beta']}", source.index)


def elementwise(model: Model, op: Op) -> None:
    """RELU, RELU6, QUANTIZE: int8 to int8."""
    arity(op, range(1, 2))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    int8_activation(source)
    int8_activation(target)
    same_shape(target, source.shape)
    shifts_in_range(elementwise_requantization(model, op).shifts)


def reshape(model: Model, op: Op) -> None:
    """RESHAPE: the same values in the same storage."""
    arity(op, range(1, 3))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    if source.data is not None:
        raise Refusal("is a constant; fold it into the graph", source.index)
    int8_activation(source)
    if target.dtype is not source.dtype or target.elements != source.elements:
        raise Refusal("differs from the input in size or type", target.index)


def only_at_the_ends(model: Model, op: Op) -> None:
    """DEQUANTIZE: the host converts the model's output; the board never computes in floats."""
    raise Refusal("float values inside the graph have no kernel", op.outputs[0])
