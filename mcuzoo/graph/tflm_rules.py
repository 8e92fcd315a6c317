"""What TFLite-Micro's kernels demand of an op: the common part.

Sources: Init, Prepare and Eval under tensorflow/lite/micro/kernels (and its folder cmsis_nn), the
functions of tensorflow/lite/kernels/internal that they call. A rule covers what Prepare refuses,
what it aborts on (the CHECKs of quantization_util.cc), and what neither it nor Eval looks at
although Eval then reads or writes beyond a tensor or gives values of another meaning. It holds for
both kernel libraries. Rules look and fail like those of the ahead-of-time runtime (rules.py).
"""

from __future__ import annotations

from collections.abc import Collection

from mcuzoo.graph.fixedpoint import quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.rules import (
    MAX_SCALE,
    MIN_SCALE,
    Refusal,
    arity,
    input_tensor,
    output_tensor,
    shifts_in_range,
)

# RuntimeShape::kMaxSmallSize; a longer shape is cut off without a word.
MAX_RANK = 6
REAL = frozenset((DType.INT8, DType.FLOAT32))


def operand(tensor: Tensor, kinds: Collection[DType] = REAL, max_rank: int = MAX_RANK) -> None:
    """Of one of `kinds`, not empty; with one sensible scale if it is quantized."""
    carried(tensor, kinds, max_rank)
    if tensor.dtype is not DType.FLOAT32:
        per_tensor(tensor)


def carried(tensor: Tensor, kinds: Collection[DType], max_rank: int = MAX_RANK) -> None:
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
    model: Model, op: Op, kinds: Collection[DType] = REAL, max_rank: int = MAX_RANK
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
