"""How many bytes of constants the ahead-of-time runtime keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call

_WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
_BYTES_PER_CHANNEL = 4 + 4 + 1
"""An int32 bias, and the int32 multiplier and int8 shift of its requantization."""

_EXPONENTIALS_BYTES = 256 * 4
"""SOFTMAX looks up the int32 exponential of each difference of two int8 values."""


def call_constant_bytes(calls: Iterable[Call]) -> int:
    """What the kernels of these calls read, without the linker's alignment."""
    return sum(constant.bytes for call in calls for constant in call.constants())


def constant_bytes(program: Program) -> int:
    """Of a program that cannot be lowered: what portable kernels would read."""
    return sum(_constants_of(program.model, step.op) for step in program.steps)


def _constants_of(model: Model, op: Op) -> int:
    """Nothing is known of the op: it may have any operands, and its shapes need not fit."""
    if op.name in _WEIGHTED:
        channels = sum(sum(model.tensor(index).shape[-1:]) for index in op.outputs[:1])
        return _bytes_of_constants(model, op.inputs[1:2]) + _BYTES_PER_CHANNEL * channels
    if op.name == "SOFTMAX":
        return _EXPONENTIALS_BYTES
    return _bytes_of_constants(model, op.inputs) if op.name == "ADD" else 0


def _bytes_of_constants(model: Model, indices: Sequence[int]) -> int:
    tensors = (model.tensor(index) for index in indices if index != -1)
    return sum(tensor.bytes for tensor in tensors if tensor.data is not None)
