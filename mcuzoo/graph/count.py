"""Multiply-accumulates and parameters."""

from __future__ import annotations

from math import prod

from mcuzoo.graph.model import Model, Op, Tensor

WEIGHTED_OPS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})


def count_macs(model: Model, op: Op) -> int:
    """Multiply-accumulates with weights; a published "OPS" figure is twice that.

    Windows that hang over the image's edge count in full. Ops without weights count 0.
    """
    if op.name not in WEIGHTED_OPS or len(op.inputs) < 2 or op.inputs[1] == -1 or not op.outputs:
        return 0
    weights = model.tensor(op.inputs[1]).shape
    if op.name == "TRANSPOSE_CONV":
        # Every value of the image meets the weights of its channel.
        images = [model.tensor(index) for index in op.inputs[2:3] if index != -1]
        return sum(image.elements for image in images) * prod(weights[:-1])
    output = model.tensor(op.outputs[0])
    per_output = weights[1:3] if op.name == "DEPTHWISE_CONV_2D" else weights[1:]
    return output.elements * prod(per_output)


def count_params(model: Model, op: Op) -> int:
    """Elements of the op's constant weights and bias. Ops without weights count 0."""
    return sum(tensor.elements for tensor in learnt_tensors(model, op))


def learnt_tensors(model: Model, op: Op) -> list[Tensor]:
    if op.name not in WEIGHTED_OPS:
        return []
    tensors = [model.tensor(index) for index in op.inputs[1:] if index != -1]
    return [tensor for tensor in tensors if tensor.data is not None]
