"""Conditions that several operators share: those of the ahead-of-time runtime (an operator's
`rule`) and those of TFLite-Micro (its `demands`).

A rule is a function of model and op that returns when the op is fine and raises Refusal when not.
The shapes that kernels rely on are checked here too, so that generated code never reads or writes
beyond a tensor.

Sources of the demands: Init, Prepare and Eval under tensorflow/lite/micro/kernels (and its folder
cmsis_nn), the functions of tensorflow/lite/kernels/internal that they call. A demand covers what
Prepare refuses, and what makes it abort (the CHECKs of quantization_util.cc). It also covers what
neither Prepare nor Eval checks, although Eval would then access memory beyond a tensor or give
wrong values. It holds for both kernel libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import ACTIVATION_REAL_RANGE, quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.window import window_of
from mcuzoo.lowering.operands import REQUANTIZATION_LIMIT

MAX_LEFT_SHIFT = 30
# Scales beyond these belong to no real network and would overflow the preparation in float32.
MIN_SCALE, MAX_SCALE = 1e-8, 1e8
# In pixels; every coordinate that a kernel computes stays within 32 bits.
MAX_REACH = 32767
# RuntimeShape::kMaxSmallSize; a longer shape is cut off without an error.
MAX_SHAPE_RANK = 6
MAX_BROADCAST_RANK = 4
# CMSIS-NN's kernels for int8 know four dimensions, TFLM's for slices, too.
MAX_MOVED_RANK = 4
TURNED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16))
INT8 = frozenset((DType.INT8,))
REAL = frozenset((DType.INT8, DType.FLOAT32))


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
    operand(tensor, INT8, max_rank)


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
    """The numbers as a list of at most sixteen."""
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


def requantizable(shift: int, largest: int, tensor: Tensor) -> None:
    """Check that a sum over `tensor` of this magnitude can be requantized in 32 bits."""
    if largest << max(shift, 0) >= REQUANTIZATION_LIMIT:
        raise Refusal("could give a sum too large for 32-bit fixed point", tensor.index)


def known_activation(op: Op) -> None:
    activation = str(op.options["fused_activation_function"])
    if activation not in ACTIVATION_REAL_RANGE:
        raise Refusal(f"the fused activation {activation} has no INT8 kernel")


def shifts_in_range(shifts: NDArray[np.int32] | int) -> None:
    if int(np.max(shifts)) > MAX_LEFT_SHIFT:
        raise Refusal("its scales are too far apart for 32-bit fixed point")


def slides(model: Model, op: Op, taps: tuple[int, int], channels: int) -> None:
    """Check that a window of `taps` (height, width) over the input gives the output's shape."""
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    names = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
    steps = [int(op.options.get(name, 1)) for name in names]
    reach = max(taps[0] * steps[2], taps[1] * steps[3], *steps)
    if min(*taps, *steps) < 1 or reach > MAX_REACH:
        raise Refusal(f"its window is {list(taps)} with strides and dilations {steps}")
    window = window_of(op, (source.shape[1], source.shape[2]), taps)
    shape = (source.shape[0], window.output_height, window.output_width, channels)
    same_shape(target, shape)


def broadcast_shape(first: Tensor, second: Tensor) -> tuple[int, ...]:
    """The shape of two operands that are broadcast as by NumPy."""
    try:
        return tuple(np.broadcast_shapes(first.shape, second.shape))
    except ValueError:
        raise Refusal(
            f"of shape {list(second.shape)} does not broadcast to {list(first.shape)}",
            second.index,
        ) from None


def operand(
    tensor: Tensor, kinds: Collection[DType] = REAL, max_rank: int = MAX_SHAPE_RANK
) -> None:
    """Check that a tensor is of `kinds`, not empty and, if quantized, has one sensible scale."""
    carried(tensor, kinds, max_rank)
    if tensor.dtype is not DType.FLOAT32:
        per_tensor(tensor)


def carried(tensor: Tensor, kinds: Collection[DType], max_rank: int = MAX_SHAPE_RANK) -> None:
    """Like `operand`, for a kernel that reads no scale."""
    if tensor.dtype not in kinds:
        names = " or ".join(sorted(kind.value for kind in kinds))
        raise Refusal(f"is {tensor.dtype.value}, not {names}", tensor.index)
    if tensor.elements == 0:
        raise Refusal(f"of shape {list(tensor.shape)} is empty", tensor.index)
    if len(tensor.shape) > max_rank:
        raise Refusal(f"has {len(tensor.shape)} dimensions, more than {max_rank}", tensor.index)


def per_tensor(tensor: Tensor) -> None:
    quantization = tensor.quantization
    if quantization is None:
        raise Refusal(f"is {tensor.dtype.value} without scale and zero point", tensor.index)
    if quantization.per_channel:
        raise Refusal("is an activation with a scale per channel", tensor.index)
    if not MIN_SCALE <= quantization.scale <= MAX_SCALE:
        raise Refusal(f"has the scale {quantization.scale:g}", tensor.index)


def one_to_one(
    model: Model, op: Op, kinds: Collection[DType] = REAL, max_rank: int = MAX_SHAPE_RANK
) -> tuple[Tensor, Tensor]:
    """(input, output) of an op that has one of each, both `operand`s of the same type."""
    arity(op, range(1, 2))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    for tensor in (source, target):
        operand(tensor, kinds, max_rank)
    same_type(target, source)
    return source, target


def same_type(tensor: Tensor, other: Tensor) -> None:
    if tensor.dtype is not other.dtype:
        raise Refusal(f"is {tensor.dtype.value}, not {other.dtype.value}", tensor.index)


def same_quantization(tensor: Tensor, other: Tensor, than: str) -> None:
    """Check equal quantization, exactly: TFLM's kernels compare the floats."""
    mine, theirs = tensor.quantization, other.quantization
    if mine is None or theirs is None:
        if mine is not theirs:
            raise Refusal(f"is quantized unlike {than}", tensor.index)
    elif (mine.scale, mine.zero_point) != (theirs.scale, theirs.zero_point):
        raise Refusal(f"is quantized unlike {than}", tensor.index)


def fixed_output(tensor: Tensor, denominator: int, zero_point: int) -> None:
    """Check that the output has the scale that the kernel assumes: 1/`denominator`."""
    quantization = tensor.quantization
    assert quantization is not None
    if quantization.scale != 1 / denominator or quantization.zero_point != zero_point:
        raise Refusal(
            f"is not quantized with scale 1/{denominator} and zero point {zero_point}",
            tensor.index,
        )


def factor_in_range(real: float) -> None:
    """Check that `real` can be a fixed-point factor of 32 bits."""
    shifts_in_range(quantize_multiplier(real)[1])


def broadcast_operands(
    model: Model,
    op: Op,
    kinds: Collection[DType] = REAL,
    check: Callable[[Tensor, Collection[DType], int], None] = operand,
) -> tuple[Tensor, Tensor, Tensor]:
    """(first, second, output), of one of `kinds`, broadcast; `check` looks at each."""
    arity(op, range(2, 3))
    first, second = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    for tensor in (first, second, target):
        check(tensor, kinds, MAX_BROADCAST_RANK)
        same_type(tensor, first)
    same_shape(target, broadcast_shape(first, second))
    return first, second, target


def sum_in_range(shift: int, target: Tensor) -> None:
    """QuantizeMultiplierSmallerThanOneExp aborts on a factor of 1 or more."""
    if shift > 0:
        raise Refusal("has a scale too small for the inputs'", target.index)


def images(model: Model, op: Op, kinds: Collection[DType] = REAL) -> tuple[Tensor, Tensor]:
    """(input, output), images of one of `kinds`; for INT8 (ahead-of-time) with batch 1."""
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    for tensor in (source, target):
        operand(tensor, kinds)
        if len(tensor.shape) != 4 or (kinds == INT8 and tensor.shape[0] != 1):
            batch = "1" if kinds == INT8 else "batch"
            raise Refusal(
                f"has the shape {list(tensor.shape)}, not ({batch}, height, width, channels)",
                tensor.index,
            )
    same_type(target, source)
    return source, target


def moved(
    model: Model, op: Op, kinds: Collection[DType], max_rank: int = MAX_MOVED_RANK
) -> tuple[Tensor, Tensor]:
    """(input, output) of an op that moves values, of the same type, one of `kinds`."""
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    for tensor in (source, target):
        carried(tensor, kinds, max_rank)
    same_type(target, source)
    if not source.shape:
        raise Refusal("has no dimension", source.index)
    return source, target


def int8_ends(model: Model, op: Op) -> None:
    """Check that the first input is computed, and it and the output are int8 with one scale."""
    source = input_tensor(model, op, 0)
    if source.data is not None:
        raise Refusal("is a constant; fold it into the graph", source.index)
    for tensor in (source, output_tensor(model, op)):
        int8_activation(tensor)


def indices(tensor: Tensor) -> NDArray[Any]:
    """A constant of int32 or int64."""
    return constant(tensor, DType.INT64 if tensor.dtype is DType.INT64 else DType.INT32)


def one_axis(model: Model, op: Op, place: int, rank: int) -> int:
    """The axis that an input names: a constant int32, of `rank` axes, from the end if negative."""
    tensor = input_tensor(model, op, place)
    values = constant(tensor, DType.INT32).reshape(-1)
    if len(values) != 1 or not -rank <= int(values[0]) < rank:
        raise Refusal(f"holds {shown(values)}, not one of {rank} axes", tensor.index)
    return int(values[0]) % rank


def resized(model: Model, op: Op, kinds: Collection[DType]) -> tuple[Tensor, Tensor]:
    arity(op, range(2, 3))
    source, target = moved(model, op, kinds)
    if len(source.shape) != 4:
        raise Refusal(f"has {len(source.shape)} dimensions, not 4", source.index)
    size = input_tensor(model, op, 1)
    values = constant(size, DType.INT32)
    if values.shape != (2,) or values.min() < 1 or max(*values, *source.shape[1:3]) > MAX_REACH:
        raise Refusal(f"holds {shown(values)}", size.index)
    same_shape(target, (source.shape[0], int(values[0]), int(values[1]), source.shape[3]))
    return source, target


def resize_options(op: Op) -> tuple[bool, bool]:
    return bool(op.options["align_corners"]), bool(op.options["half_pixel_centers"])
