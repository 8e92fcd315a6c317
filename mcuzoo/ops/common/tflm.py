"""What TFLite-Micro's kernels demand of an op: the common part.

Sources: Init, Prepare and Eval under tensorflow/lite/micro/kernels (and its folder cmsis_nn), the
functions of tensorflow/lite/kernels/internal that they call. A rule covers what Prepare refuses,
what it aborts on (the CHECKs of quantization_util.cc), and what neither it nor Eval looks at
although Eval then reads or writes beyond a tensor or gives values of another meaning. It holds for
both kernel libraries. Rules look and fail like those of the ahead-of-time runtime (rules.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from mcuzoo.graph.fixedpoint import quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.ops.common.rules import (
    MAX_REACH,
    MAX_SCALE,
    MIN_SCALE,
    Refusal,
    arity,
    broadcast_shape,
    constant,
    input_tensor,
    output_tensor,
    same_shape,
    shifts_in_range,
    shown,
)

# RuntimeShape::kMaxSmallSize; a longer shape is cut off without a word.
MAX_SHAPE_RANK = 6
REAL = frozenset((DType.INT8, DType.FLOAT32))


def operand(
    tensor: Tensor, kinds: Collection[DType] = REAL, max_rank: int = MAX_SHAPE_RANK
) -> None:
    """Of one of `kinds`, not empty; with one sensible scale if it is quantized."""
    carried(tensor, kinds, max_rank)
    if tensor.dtype is not DType.FLOAT32:
        per_tensor(tensor)


def carried(tensor: Tensor, kinds: Collection[DType], max_rank: int = MAX_SHAPE_RANK) -> None:
    """As `operand`, of a kernel that looks at no scale."""
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
    """Exactly: TFLM's kernels compare the floats."""
    mine, theirs = tensor.quantization, other.quantization
    if mine is None or theirs is None:
        if mine is not theirs:
            raise Refusal(f"is quantized unlike {than}", tensor.index)
    elif (mine.scale, mine.zero_point) != (theirs.scale, theirs.zero_point):
        raise Refusal(f"is quantized unlike {than}", tensor.index)


def fixed_output(tensor: Tensor, denominator: int, zero_point: int) -> None:
    """Quantized as the kernel takes for granted: scale 1/`denominator`."""
    quantization = tensor.quantization
    assert quantization is not None
    if quantization.scale != 1 / denominator or quantization.zero_point != zero_point:
        raise Refusal(
            f"is not quantized with scale 1/{denominator} and zero point {zero_point}",
            tensor.index,
        )


def factor_in_range(real: float) -> None:
    """`real` as a fixed-point factor of 32 bits."""
    shifts_in_range(quantize_multiplier(real)[1])


MAX_BROADCAST_RANK = 4


def broadcast_operands(
    model: Model,
    op: Op,
    check: Callable[[Tensor, Collection[DType], int], None] = operand,
    types: Collection[DType] = REAL,
) -> tuple[Tensor, Tensor, Tensor]:
    """(first, second, output), of one of `types`, broadcast; `check` looks at each."""
    arity(op, range(2, 3))
    first, second = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    for tensor in (first, second, target):
        check(tensor, types, MAX_BROADCAST_RANK)
        same_type(tensor, first)
    same_shape(target, broadcast_shape(first, second))
    return first, second, target


def sum_in_range(shift: int, target: Tensor) -> None:
    """QuantizeMultiplierSmallerThanOneExp aborts on a factor of 1 or more."""
    if shift > 0:
        raise Refusal("has a scale too small for the inputs'", target.index)


def images(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    for tensor in (source, target):
        operand(tensor)
        if len(tensor.shape) != 4:
            raise Refusal(
                f"has the shape {list(tensor.shape)}, not (batch, height, width, channels)",
                tensor.index,
            )
    same_type(target, source)
    return source, target


# CMSIS-NN's kernels for int8 know four dimensions, TFLM's for slices, too.
MAX_MOVED_RANK = 4


def moved(model: Model, op: Op, kinds: frozenset[DType]) -> tuple[Tensor, Tensor]:
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    for tensor in (source, target):
        carried(tensor, kinds, MAX_MOVED_RANK)
    same_type(target, source)
    if not source.shape:
        raise Refusal("has no dimension", source.index)
    return source, target


def resized(model: Model, op: Op, kinds: frozenset[DType]) -> tuple[Tensor, Tensor]:
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


TURNED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16))
