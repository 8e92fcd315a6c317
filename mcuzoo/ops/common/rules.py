"""What every INT8 op must keep to run on the ahead-of-time runtime: the common part.

A rule is a function of model and op that returns when the op is fine and raises Refusal when not.
The shapes that kernels rely on are checked here too, so that generated code never reads or writes
beyond a tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import ACTIVATION_REAL_RANGE
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.window import window_of

MAX_LEFT_SHIFT = 30
# Scales beyond these belong to no real network and would overflow the preparation in float32.
MIN_SCALE, MAX_SCALE = 1e-8, 1e8


class Refusal(Exception):
    """Why an op does not run; `tensor` is the index of the tensor at fault, if it is one."""

    def __init__(self, reason: str, tensor: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tensor = tensor


Rule = Callable[[Model, Op], None]


def arity(op: Op, inputs: range, outputs: int = 1) -> None:
    if len(op.inputs) not in inputs or len(op.outputs) != outputs:
        raise Refusal(f"it has {len(op.inputs)} inputs and {len(op.outputs)} outputs")


def input_tensor(model: Model, op: Op, place: int) -> Tensor:
    if op.inputs[place] == -1:
        raise Refusal(f"input {place} is missing")
    return model.tensor(op.inputs[place])


def optional_input(model: Model, op: Op, place: int) -> Tensor | None:
    if place >= len(op.inputs) or op.inputs[place] == -1:
        return None
    return model.tensor(op.inputs[place])


def output_tensor(model: Model, op: Op) -> Tensor:
    return model.tensor(op.outputs[0])


def int8_activation(tensor: Tensor, max_rank: int = 8) -> None:
    """int8 with one sensible scale, no empty dimension, computed at run time or constant."""
    if tensor.dtype is not DType.INT8:
        raise Refusal(f"is {tensor.dtype.value}, not int8", tensor.index)
    if tensor.quantization is None:
        raise Refusal("is int8 without scale and zero point", tensor.index)
    if tensor.quantization.per_channel:
        raise Refusal("is an activation with a scale per channel", tensor.index)
    if not MIN_SCALE <= tensor.quantization.scale <= MAX_SCALE:
        raise Refusal(f"has the scale {tensor.quantization.scale:g}", tensor.index)
    if tensor.elements == 0:
        raise Refusal(f"of shape {list(tensor.shape)} is empty", tensor.index)
    if len(tensor.shape) > max_rank:
        raise Refusal(f"has {len(tensor.shape)} dimensions, more than {max_rank}", tensor.index)


def same_shape(tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape:
        raise Refusal(f"has the shape {list(tensor.shape)}, not {list(shape)}", tensor.index)


def constant(tensor: Tensor, dtype: DType) -> NDArray[Any]:
    if tensor.data is None:
        raise Refusal("is not a constant", tensor.index)
    if tensor.dtype is not dtype:
        raise Refusal(f"is {tensor.dtype.value}, not {dtype.value}", tensor.index)
    return tensor.data


def shown(values: NDArray[Any]) -> str:
    """As a list, of which no more than the first sixteen numbers are told."""
    if values.size <= 16:
        return str(values.tolist())
    return f"[{', '.join(str(value) for value in values.reshape(-1)[:16])}, ...]"


def symmetric_weights(tensor: Tensor, channels: int, axis: int) -> None:
    """int8 constants with zero point 0 and one scale, or one per output channel."""
    constant(tensor, DType.INT8)
    quantization = tensor.quantization
    if quantization is None:
        raise Refusal("is int8 without scale", tensor.index)
    if np.any(quantization.scales > MAX_SCALE):
        raise Refusal(f"has a scale above {MAX_SCALE:g}", tensor.index)
    if np.any(quantization.zero_points != 0):
        raise Refusal("has a zero point other than 0, which kernels ignore", tensor.index)
    if quantization.per_channel and (
        quantization.axis != axis or len(quantization.scales) != channels
    ):
        raise Refusal(f"has its scales along axis {quantization.axis}, not {axis}", tensor.index)


def int32_bias(tensor: Tensor | None, channels: int) -> None:
    if tensor is not None:
        constant(tensor, DType.INT32)
        if tensor.elements != channels:
            raise Refusal(f"holds {tensor.elements} values, not {channels}", tensor.index)


def known_activation(op: Op) -> None:
    activation = str(op.options["fused_activation_function"])
    if activation not in ACTIVATION_REAL_RANGE:
        raise Refusal(f"the fused activation {activation} has no INT8 kernel")


def shifts_in_range(shifts: NDArray[np.int32] | int) -> None:
    if int(np.max(shifts)) > MAX_LEFT_SHIFT:
        raise Refusal("its scales are too far apart for 32-bit fixed point")


# Pixels; keeps every coordinate that a kernel forms within 32 bits.
MAX_REACH = 32767


def int8_images(model: Model, op: Op) -> None:
    for tensor in (input_tensor(model, op, 0), output_tensor(model, op)):
        int8_activation(tensor)
        if len(tensor.shape) != 4 or tensor.shape[0] != 1:
            raise Refusal(
                f"has the shape {list(tensor.shape)}, not (1, height, width, channels)",
                tensor.index,
            )


def slides(model: Model, op: Op, taps: tuple[int, int], channels: int) -> None:
    """Does a window of `taps` (height, width) over the input's rows give the output's shape?"""
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    names = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
    steps = [int(op.options.get(name, 1)) for name in names]
    reach = max(taps[0] * steps[2], taps[1] * steps[3], *steps)
    if min(*taps, *steps) < 1 or reach > MAX_REACH:
        raise Refusal(f"its window is {list(taps)} with strides and dilations {steps}")
    window = window_of(op, (source.shape[1], source.shape[2]), taps)
    shape = (source.shape[0], window.output_height, window.output_width, channels)
    same_shape(target, shape)


MAX_RANK = 4


def broadcast_shape(first: Tensor, second: Tensor) -> tuple[int, ...]:
    """Of what two operands give together, as NumPy broadcasts."""
    try:
        return tuple(np.broadcast_shapes(first.shape, second.shape))
    except ValueError:
        raise Refusal(
            f"of shape {list(second.shape)} does not broadcast to {list(first.shape)}",
            second.index,
        ) from None
