"""PRELU: values below zero times alpha, which broadcasts to the input.

Sources: tensorflow/lite/micro/kernels/prelu_common.cc and
tensorflow/lite/kernels/internal/reference/prelu.h.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import multiply_by_quantized_multiplier, quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.lowering.operands import MAX_DIFFERENCE
from mcuzoo.lowering.params import CStruct
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.binary import Binary, Quick
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast, Strides
from mcuzoo.ops.common.reference import Kernel, given, saturated
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8; alpha broadcasts to the input."""
    _check(model, op, rules.INT8)
    (_, kept), (_, leaked) = _factors(model, op)
    target = rules.output_tensor(model, op)
    rules.requantizable(kept, MAX_DIFFERENCE, target)
    rules.requantizable(leaked, MAX_DIFFERENCE**2, target)


def demands(model: Model, op: Op) -> None:
    """int8 or floats; alpha broadcasts to the input."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, _, target = rules.broadcast_operands(model, op, kinds)
    rules.same_shape(target, source.shape)
    if target.dtype is DType.INT8:
        for _, shift in _factors(model, op):
            rules.shifts_in_range(shift)


def _factors(model: Model, op: Op) -> tuple[tuple[int, int], tuple[int, int]]:
    """(mantissa, shift) for values that are not negative, and for products with alpha."""
    source, alpha = (quantization_of(model.tensor(index)).scale for index in op.inputs)
    output = quantization_of(model.tensor(op.outputs[0])).scale
    return quantize_multiplier(source / output), quantize_multiplier(source * alpha / output)


def reference(model: Model, op: Op) -> Kernel:
    factors = _factors(model, op)
    zero_points = [quantization_of(model.tensor(index)).zero_point for index in op.inputs]
    output_zero_point = quantization_of(model.tensor(op.outputs[0])).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        values, alphas = (
            given(inputs, place).astype(np.int64) - zero_points[place] for place in (0, 1)
        )
        kept, leaked = (
            multiply_by_quantized_multiplier(product, *factor).astype(np.int64)
            for product, factor in zip((values, values * alphas), factors, strict=True)
        )
        output = np.where(values >= 0, kept, leaked) + output_zero_point
        return saturated(output)

    return run


@dataclass(frozen=True)
class PreluParams(BinaryParams):
    """As mz_prelu_s8.h has them. input_strides, alpha_strides: in elements, outermost first; 0
    where alpha is broadcast. input_zero_point, alpha_zero_point, output_zero_point: of each.
    multiplier, shift: input scale / output scale. alpha_multiplier, alpha_shift: input scale *
    scale of alpha / output scale.
    """

    c_type = "mz_prelu_params"
    input_strides: Strides
    alpha_strides: Strides
    input_zero_point: int
    alpha_zero_point: int
    multiplier: int
    shift: int
    alpha_multiplier: int
    alpha_shift: int
    output_zero_point: int


def params(model: Model, op: Op, broadcast: Broadcast) -> PreluParams:
    kept, leaked = _factors(model, op)
    source, alpha = (quantization_of(model.tensor(index)).zero_point for index in op.inputs)
    return PreluParams(
        sizes=broadcast.sizes,
        input_strides=broadcast.first,
        alpha_strides=broadcast.second,
        input_zero_point=source,
        alpha_zero_point=alpha,
        multiplier=kept[0],
        shift=kept[1],
        alpha_multiplier=leaked[0],
        alpha_shift=leaked[1],
        output_zero_point=quantization_of(model.tensor(op.outputs[0])).zero_point,
    )


@dataclass(frozen=True)
class PreluPartStruct(CStruct):
    """As mz_prelu_s8_dsp.h has it. up: bits to the left before the multiplication. multiplier,
    offset, shift: of mz_requantization.h. bend: -1 where halves of negative numbers go down, 0
    where there are none.
    """

    c_type = "mz_prelu_part"
    up: int
    multiplier: int
    offset: int
    shift: int
    bend: int


@dataclass(frozen=True)
class PreluDspParams(BinaryParams):
    """As mz_prelu_s8_dsp.h has them. input_strides, alpha_strides: in elements, outermost first; 0
    where alpha is broadcast. input_zero_point, alpha_zero_point: of each. kept, leaked: what values
    above zero and products of values below zero with alpha become.
    """

    c_type = "mz_prelu_s8_dsp_params"
    input_strides: Strides
    alpha_strides: Strides
    input_zero_point: int
    alpha_zero_point: int
    kept: PreluPartStruct
    leaked: PreluPartStruct


def exact(model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel) -> PreluDspParams | None:
    """Where no factor is so large or so small that numbers leave 32 bits."""
    kept, leaked = _factors(model, op)
    if any(not -_MOST_RIGHT <= shift <= _MOST_LEFT for _, shift in (kept, leaked)):
        return None
    source, alpha = (quantization_of(model.tensor(index)).zero_point for index in op.inputs)
    return PreluDspParams(
        sizes=broadcast.sizes,
        input_strides=broadcast.first,
        alpha_strides=broadcast.second,
        input_zero_point=source,
        alpha_zero_point=alpha,
        kept=_part(*kept, quantization_of(model.tensor(op.outputs[0])).zero_point),
        leaked=_part(*leaked, 0),
    )


_MOST_LEFT = 6
_MOST_RIGHT = 16


def _part(multiplier: int, shift: int, zero_point: int) -> PreluPartStruct:
    """As mz_requantization.h's exact way; without a second division there is no second half."""
    right = max(-shift, 0)
    half = 1 << right + 6 if right else 0
    return PreluPartStruct(
        up=8 + max(shift, 0),
        multiplier=multiplier,
        offset=64 + half + (zero_point << right + 7),
        shift=right + 7,
        bend=-1 if right else 0,
    )


OPERATOR = Operator(
    name="PRELU",
    aot=Binary("mz_prelu_s8", params, reference, Quick("mz_prelu_s8_dsp", exact)).aot(
        rule, "int8, rank <= 4, alpha broadcasts"
    ),
    tflm=Tflm(resolver="AddPrelu", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
