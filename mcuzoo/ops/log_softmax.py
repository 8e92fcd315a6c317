"""LOG_SOFTMAX over the last dimension, in gemmlowp's fixed point; its exponentials are a table.

The sum of exponentials is as in SOFTMAX; its logarithm and the differences are in Q5.26. Sources:
tensorflow/lite/kernels/internal/reference/log_softmax.h,
log_x_for_x_greater_than_or_equal_to_1_impl in tensorflow/lite/kernels/internal/common.h, and
PreprocessLogSoftmaxScalingExp of quantization_util.cc.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import (
    INT32_MIN,
    multiply_by_quantized_multiplier,
    one_over_one_plus,
    quantize_multiplier,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
    saturating_shift_left,
)
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Tflm, Without
from mcuzoo.ops.softmax import (
    MAX_SOFTMAX_DEPTH,
    SOFTMAX_DIFFERENCE_BITS,
    SUM_INTEGER_BITS,
    SoftmaxParameters,
    exponential_bytes,
    exponential_constant,
    exponential_table,
    scaled_differences,
)

OUTPUT_INTEGER_BITS = 4
_ACCUMULATOR_FRACTION = 31 - (SOFTMAX_DIFFERENCE_BITS + 1)
# In Q0.31: ln 2, the square root of 1/2 and its square root; the coefficients of the rational
# function that stands for the logarithm about the latter; 1/4 in Q6.25.
_LN_2, _SQRT_HALF, _SQRT_SQRT_HALF = 1488522236, 1518500250, 1805811301
_ALPHA_N, _ALPHA_D, _ALPHA_I, _ALPHA_F = 117049297, 127690142, 1057819769, 638450708
_QUARTER = 1 << (_ACCUMULATOR_FRACTION - 2)


@dataclass(frozen=True)
class LogSoftmaxParameters:
    """scaling: of differences to Q5.26; reverse_multiplier, reverse_shift: the way back."""

    scaling: SoftmaxParameters
    reverse_multiplier: int
    reverse_shift: int


def log_softmax_parameters(model: Model, op: Op) -> LogSoftmaxParameters:
    scale = quantization_of(model.tensor(op.inputs[0])).scale
    scaling = scaled_differences(scale)
    real = (1 << (31 - scaling.shift)) / scaling.multiplier
    return LogSoftmaxParameters(scaling, *quantize_multiplier(real))


def rule(model: Model, op: Op) -> None:
    """int8, to 1/16 with zero point 127."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """int8, to 1/16 with zero point 127; or floats."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    if not source.shape:
        raise rules.Refusal("has no dimension", source.index)
    if source.dtype is not DType.INT8:
        return
    rules.fixed_output(target, 1 << OUTPUT_INTEGER_BITS, 127)
    if source.shape[-1] > MAX_SOFTMAX_DEPTH:
        raise rules.Refusal(f"has rows longer than {MAX_SOFTMAX_DEPTH}", source.index)
    if not quantization_of(source).scale * 2 ** (31 - SOFTMAX_DIFFERENCE_BITS) > 1:
        raise rules.Refusal("has a scale too small", source.index)


def reference(model: Model, op: Op) -> Kernel:
    parameters = log_softmax_parameters(model, op)
    scaling = parameters.scaling
    exponentials = exponential_table(scaling)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        values = given(inputs, 0)
        rows = values.reshape(-1, values.shape[-1]).astype(np.int64)
        differences = rows - rows.max(axis=1, keepdims=True)
        shares = rounding_divide_by_pot(exponentials[-differences], SUM_INTEGER_BITS)
        logarithms = logarithm_of(shares.sum(axis=1, keepdims=True))
        lowest = multiply_by_quantized_multiplier(
            logarithms + INT32_MIN, parameters.reverse_multiplier, parameters.reverse_shift
        )
        seen = differences > np.maximum(lowest.astype(np.int64), scaling.difference_min - 1)
        kept = np.where(seen, differences, 0)
        scaled = multiply_by_quantized_multiplier(kept, scaling.multiplier, scaling.shift)
        steps = rounding_divide_by_pot(
            scaled.astype(np.int64) - logarithms, 31 - SOFTMAX_DIFFERENCE_BITS - OUTPUT_INTEGER_BITS
        )
        output = np.where(seen, np.clip(steps + 127, -128, 127), -128)
        return output.astype(np.int8).reshape(values.shape)

    return run


def logarithm_of(sums: NDArray[np.int64]) -> NDArray[np.int64]:
    """ln(sum) in Q5.26, sums in Q12.19 and not below 1.

    The argument is brought into the octave about 2**(-1/4), from above or, times 2**(-1/2), from
    below, whichever leaves less; there a rational function stands for the logarithm.
    """
    mul = rounding_doubling_high_mul
    headroom = _headroom(sums)
    first = saturating_shift_left(mul(sums << headroom, _SQRT_HALF), 1)
    first_power = ((SUM_INTEGER_BITS - headroom - 1) << _ACCUMULATOR_FRACTION) + _QUARTER
    headroom = _headroom(mul(sums, _SQRT_HALF))
    second = np.minimum(sums << headroom, (1 << 31) - 1)
    second_power = ((SUM_INTEGER_BITS - headroom) << _ACCUMULATOR_FRACTION) - _QUARTER
    rest = np.minimum(first, second)
    power = np.maximum(first_power, second_power)
    mean = (rest + _SQRT_SQRT_HALF + 1) >> 1
    q = 2 * (rest - _SQRT_SQRT_HALF)
    square = mul(q, q)
    numerator = mul(q, rest) + mul(mul(q, square), _ALPHA_N)
    denominator = mul(mean, _ALPHA_I + q + mul(square, _ALPHA_D)) + mul(q, _ALPHA_F)
    quotient = mul(
        rounding_divide_by_pot(numerator, SOFTMAX_DIFFERENCE_BITS + 1),
        one_over_one_plus(denominator),
    )
    return saturating_shift_left(mul(power, _LN_2) + quotient, 1)


def _headroom(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """By how many bits positive int32 values can be shifted to the left."""
    return 31 - np.frexp(values.astype(np.float64))[1].astype(np.int64)


@dataclass(frozen=True)
class LogSoftmaxParams(KernelParams):
    """As mz_log_softmax_s8.h has them. rows: of `depth` elements, 4095 at most. exponentials:
    exp(-input scale * d) in Q0.31, int32 [256], d: the distance below the row's maximum.
    multiplier, shift: from a difference of two values to Q5.26. difference_min: the least
    difference that does not leave Q5.26. reverse_multiplier, reverse_shift: back from Q5.26.
    """

    c_type = "mz_log_softmax_params"
    rows: int
    depth: int
    exponentials: Constant
    multiplier: int
    shift: int
    difference_min: int
    reverse_multiplier: int
    reverse_shift: int

    def passes(self, constant: Constant) -> int:
        return self.rows

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return RowWindow(1, 1, 0, (Setting("rows", "input_rows", target[2]),))


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    source = model.tensor(op.inputs[0])
    parameters = log_softmax_parameters(model, op)
    scaling = parameters.scaling
    exponentials = exponential_constant(op, quantization_of(source).scale, scaling)
    depth = source.shape[-1]
    params = LogSoftmaxParams(
        rows=source.elements // depth,
        depth=depth,
        exponentials=exponentials,
        multiplier=scaling.multiplier,
        shift=scaling.shift,
        difference_min=scaling.difference_min,
        reverse_multiplier=parameters.reverse_multiplier,
        reverse_shift=parameters.reverse_shift,
    )
    return direct_work(program, step, params, op.inputs, (ELEMENT_BY_ELEMENT,))


OPERATOR = Operator(
    name="LOG_SOFTMAX",
    aot=Aot(
        constraint="int8, rows <= 4095",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_log_softmax_s8"),),
        constant_bytes=exponential_bytes,
    ),
    tflm=Tflm(resolver="AddLogSoftmax", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
