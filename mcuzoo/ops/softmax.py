"""SOFTMAX over the last dimension, in gemmlowp's fixed point; its exponentials are a table.

Values below 1 are held in Q0.31, sums of exponentials in Q12.19, differences in Q5.26. Sources:
tensorflow/lite/kernels/internal/reference/softmax.h and gemmlowp's fixedpoint.h.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import (
    exp_of_negative,
    one_over_one_plus,
    quantize_multiplier,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
)
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import symbol
from mcuzoo.lowering.params import KernelParams, not_by_rows
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm

# TFLM sums exponentials in Q12.19: 4096 ones overflow.
MAX_SOFTMAX_DEPTH = 4095
SOFTMAX_DIFFERENCE_BITS = 5
SUM_INTEGER_BITS = 12


@dataclass(frozen=True)
class SoftmaxParameters:
    """A difference to the row's maximum, times this, is in Q5.26; below difference_min it is 0.

    multiplier: a mantissa in Q0.31; shift: its exponent.
    """

    multiplier: int
    shift: int
    difference_min: int


def softmax_parameters(model: Model, op: Op) -> SoftmaxParameters:
    """PreprocessSoftmaxScaling and CalculateInputRadius of quantization_util.cc."""
    return _scaled(softmax_scale(model, op))


def scaled_differences(scale: float) -> SoftmaxParameters:
    """For an input scale, beta 1."""
    return _scaled(scale * 2 ** (31 - SOFTMAX_DIFFERENCE_BITS))


def _scaled(real: float) -> SoftmaxParameters:
    fraction_bits = 31 - SOFTMAX_DIFFERENCE_BITS
    multiplier, shift = quantize_multiplier(min(real, 2.0**31 - 1.0))
    radius = (2**SOFTMAX_DIFFERENCE_BITS - 1) * 2**fraction_bits / 2**shift
    return SoftmaxParameters(multiplier, shift, -floor(radius))


def softmax_scale(model: Model, op: Op) -> float:
    """beta * input scale in units of 2**-26."""
    scale = quantization_of(model.tensor(op.inputs[0])).scale
    beta = float(op.options["beta"])
    return float(beta * scale * 2 ** (31 - SOFTMAX_DIFFERENCE_BITS))


def rule(model: Model, op: Op) -> None:
    """SOFTMAX over the last dimension, to 1/256 with zero point -128."""
    rules.arity(op, range(1, 2))
    source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
    rules.int8_activation(source)
    rules.int8_activation(target)
    rules.same_shape(target, source.shape)
    to = quantization_of(target)
    if to.scale != 1 / 256 or to.zero_point != -128:
        raise rules.Refusal("is not quantized with scale 1/256 and zero point -128", target.index)
    if not source.shape or source.shape[-1] > MAX_SOFTMAX_DEPTH:
        raise rules.Refusal(f"has rows longer than {MAX_SOFTMAX_DEPTH}", source.index)
    if not softmax_scale(model, op) > 1:
        raise rules.Refusal(f"has a scale too small for beta {op.options['beta']}", source.index)


def demands(model: Model, op: Op) -> None:
    """SOFTMAX over the last dimension."""
    source, target = rules.one_to_one(model, op)
    if source.dtype is DType.INT8:
        rule(model, op)
        return
    rules.same_shape(target, source.shape)
    if not source.shape:
        raise rules.Refusal("has no dimension", source.index)
    if not math.isfinite(float(op.options["beta"])):
        raise rules.Refusal(f"its beta is {op.options['beta']}")


def reference(model: Model, op: Op) -> Kernel:
    exponentials = exponential_table(softmax_parameters(model, op))

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        values = given(inputs, 0)
        rows = values.reshape(-1, values.shape[-1]).astype(np.int64)
        below = rows.max(axis=1, keepdims=True) - rows
        exps = exponentials[below]
        sums = rounding_divide_by_pot(exps, SUM_INTEGER_BITS).sum(axis=1, keepdims=True)
        reciprocals, bits = _reciprocal(sums)
        shares = rounding_doubling_high_mul(reciprocals, exps)
        output = rounding_divide_by_pot(shares, bits + 31 - 8) - 128
        return np.clip(output, -128, 127).astype(np.int8).reshape(values.shape)

    return run


def exponential_table(parameters: SoftmaxParameters) -> NDArray[np.int64]:
    """int64 (256,), Q0.31: exp(-beta * scale * d) for the distances d = 0..255 to the maximum."""
    differences = -np.arange(256, dtype=np.int64)
    used = differences >= parameters.difference_min
    kept = np.where(used, differences, 0)
    scaled = rounding_doubling_high_mul(kept << parameters.shift, parameters.multiplier)
    return np.where(used, exp_of_negative(scaled, SOFTMAX_DIFFERENCE_BITS), 0)


def _reciprocal(sums: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """1 / sum as (Q0.31 mantissa, bits that the sum lies above 1).

    `sums` are Q12.19, between 1 and 4096.
    """
    headroom = 32 - np.frexp(sums.astype(np.float64))[1].astype(np.int64)
    above_one = (sums << headroom) - (1 << 31)
    return one_over_one_plus(above_one), SUM_INTEGER_BITS - headroom


@dataclass(frozen=True)
class SoftmaxParams(KernelParams):
    """As mz_softmax_s8.h has them. rows: of `depth` elements, 4095 at most. exponentials: exp(-beta
    * input scale * d) in Q0.31, int32 [256], d: the distance below the row's maximum.
    """

    c_type = "mz_softmax_params"
    rows: int
    depth: int
    exponentials: Constant

    by_rows = not_by_rows

    def passes(self, constant: Constant) -> int:
        return self.rows


def exponential_constant(op: Op, factor: float, parameters: SoftmaxParameters) -> Constant:
    """The table for a kernel. factor: what one step of the input is, in the exponent."""
    return Constant(
        symbol(op, "exponentials"),
        exponential_table(parameters).astype(np.int32),
        (f"exp(-{factor:.9g} x d) in Q0.31 for d = 0..255 below the row's maximum.",),
    )


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    source = model.tensor(op.inputs[0])
    factor = float(op.options["beta"]) * quantization_of(source).scale
    exponentials = exponential_constant(op, factor, softmax_parameters(model, op))
    depth = source.shape[-1]
    params = SoftmaxParams(source.elements // depth, depth, exponentials)
    return direct_work(program, step, params, op.inputs, (ELEMENT_BY_ELEMENT,))


def exponential_bytes(model: Model, op: Op) -> int:
    """The int32 exponential of each difference of two int8 values."""
    return 256 * 4


OPERATOR = Operator(
    name="SOFTMAX",
    aot=Aot(
        constraint="int8, rows <= 4095",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_softmax_s8"),),
        constant_bytes=exponential_bytes,
    ),
    tflm=Tflm(resolver="AddSoftmax", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="1/256"),
)
