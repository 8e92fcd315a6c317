"""HARD_SWISH: x * min(max(x + 3, 0), 6) / 6, as a table of its output for every int8 value.

TFLM computes it in int16, which wraps in a few places. Sources:
tensorflow/lite/kernels/internal/reference/hard_swish.h, Prepare in
tensorflow/lite/micro/kernels/hard_swish_common.cc, and gemmlowp's fixedpoint.h.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import INT32_MAX, quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.lookup import EVERY_VALUE, Unary
from mcuzoo.ops.common.reference import saturated
from mcuzoo.ops.operator import Operator, Tflm, Without

_FINER = 1 / 128
_RELUISH_SCALE = 3 / 32768
_INT16_MIN, _INT16_MAX = -(1 << 15), (1 << 15) - 1


def rule(model: Model, op: Op) -> None:
    """int8."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """int8 or floats."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    if source.dtype is not DType.INT8:
        return
    (_, output_shift), (_, reluish_shift) = _multipliers(model, op)
    if output_shift > 0:
        raise rules.Refusal("has a scale too small for the input's", target.index)
    if reluish_shift > rules.MAX_LEFT_SHIFT:
        raise rules.Refusal("has a scale too large", source.index)


def _multipliers(model: Model, op: Op) -> tuple[tuple[int, int], tuple[int, int]]:
    """(int16 mantissa, shift): to the output's scale, and to where 3 is 32768. TFLM until August
    2026 formed the factors in float32, which gives other outputs at a few scales."""
    source, target = (
        quantization_of(model.tensor(index)).scale for index in (op.inputs[0], op.outputs[0])
    )
    finer = _FINER * source
    output, reluish = (quantize_multiplier(finer / scale) for scale in (target, _RELUISH_SCALE))
    return _narrowed(*output), _narrowed(*reluish)


def _narrowed(mantissa: int, shift: int) -> tuple[int, int]:
    """DownScaleInt32ToInt16Multiplier."""
    half = 1 << 15
    return (_INT16_MAX if mantissa >= INT32_MAX - half else (mantissa + half) >> 16), shift


def outputs_of(model: Model, op: Op) -> NDArray[np.int8]:
    """int8 (256,): the outputs for the inputs -128 to 127."""
    source, target = (
        quantization_of(model.tensor(index)) for index in (op.inputs[0], op.outputs[0])
    )
    (output_mantissa, output_shift), (mantissa, shift) = _multipliers(model, op)
    fine = (EVERY_VALUE.astype(np.int64) - source.zero_point) << 7
    scaled = _high_mul(fine, output_mantissa)
    reluish = fine
    if shift > 0:
        reluish = _saturated(reluish << (shift - 1))
    reluish = _high_mul(reluish, mantissa)
    reluish = _saturated(reluish << 1) if shift > 0 else _divided(reluish, -shift)
    reluish = (reluish + (1 << 15)) >> 1
    product = _divided(_toward_zero(reluish * scaled), -output_shift)
    return saturated(_wrapped(product + target.zero_point))


def _high_mul(values: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    """int16 SaturatingRoundingDoublingHighMul; a factor is never the lowest int16."""
    product = values * factor
    return _toward_zero(product + np.where(product >= 0, 1 << 14, 1 - (1 << 14)))


def _toward_zero(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """values / 2**15, rounded as C does."""
    rounded: NDArray[np.int64] = np.sign(values) * (np.abs(values) >> 15)
    return rounded


def _saturated(values: NDArray[np.int64]) -> NDArray[np.int64]:
    kept: NDArray[np.int64] = np.clip(values, _INT16_MIN, _INT16_MAX)
    return kept


def _divided(values: NDArray[np.int64], exponent: int) -> NDArray[np.int64]:
    """gemmlowp's RoundingDivideByPOT in int16, whose mask wraps to -1 from an exponent of 16 on."""
    mask = _wrapped(np.int64((1 << exponent) - 1))
    threshold = (mask >> 1) + (values < 0)
    return _wrapped((values >> exponent) + ((values & mask) > threshold))


def _wrapped(values: NDArray[np.int64] | np.int64) -> NDArray[np.int64]:
    """The low 16 bits, as an int16."""
    return np.asarray(values, dtype=np.int64).astype(np.int16).astype(np.int64)


OPERATOR = Operator(
    name="HARD_SWISH",
    aot=Unary(outputs_of).aot(rule),
    tflm=Tflm(resolver="AddHardSwish", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
