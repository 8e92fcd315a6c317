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
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.binary import Binary, Quick
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast
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
    """As mz_prelu_s8.h has them. input_zero_point, alpha_zero_point, output_zero_point: of each.
    multiplier, shift: input scale / output scale. alpha_multiplier, alpha_shift: input scale *
    scale of alpha / output scale.
    """

    c_type = "mz_prelu_params"
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
        axes=broadcast,
        input_zero_point=source,
        alpha_zero_point=alpha,
        multiplier=kept[0],
        shift=kept[1],
        alpha_multiplier=leaked[0],
        alpha_shift=leaked[1],
        output_zero_point=quantization_of(model.tensor(op.outputs[0])).zero_point,
    )


@dataclass(frozen=True)
class PreluDspParams(BinaryParams):
    """As mz_prelu_s8_dsp.h has them. input_zero_point, alpha_zero_point: of each. keep, offset: of
    values that are not below the input's zero point. multiplier, shift: of products with alpha.
    """

    c_type = "mz_prelu_s8_dsp_params"
    input_zero_point: int
    alpha_zero_point: int
    keep: int
    offset: int
    multiplier: int
    shift: int


def line(model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel) -> PreluDspParams | None:
    """Products are rounded exactly. That takes the way from them to the output, on which a line is
    sought that gives TFLM's outputs of all values that are kept."""
    _, (multiplier, left) = _factors(model, op)
    shift = -left
    if not 1 <= shift <= _MOST_RIGHT:
        return None
    source, alpha = (quantization_of(model.tensor(index)) for index in op.inputs)
    target = quantization_of(model.tensor(op.outputs[0]))
    base = target.zero_point + 128
    values = np.arange(source.zero_point, 128, dtype=np.int8)
    kept = arithmetic((values[:, None], np.zeros((1, 1), np.int8)))
    assert isinstance(kept, np.ndarray)
    unit = round(source.scale / target.scale * 2 ** (shift + 16))
    most = min(unit + _REACH, (1 << 31) - 1)
    if (MAX_DIFFERENCE**2 >> shift) + base >= _HALFWORD:
        return None
    # Products are rounded from there.
    zero = (1 << shift - 1) + (base << shift)
    above = values.astype(np.int64) - source.zero_point
    for keep in range(max(unit - _REACH, 1), most + 1):
        sums = (keep * above >> 16) + zero >> shift
        if sums.max() < _HALFWORD and np.array_equal(saturated(sums - 128), kept[:, 0]):
            zero_points = source.zero_point, alpha.zero_point
            return PreluDspParams(broadcast, *zero_points, keep, zero, multiplier, shift)
    return None


_MOST_RIGHT = 14
_REACH = 400
"""Multipliers tried on either side of the scales' own."""

_HALFWORD = (1 << 15) - 1
"""Outputs go in pairs before they are saturated."""

OPERATOR = Operator(
    name="PRELU",
    aot=Binary("mz_prelu_s8", params, reference, (Quick("mz_prelu_s8_dsp", line),)).aot(
        rule, "int8, rank <= 4, alpha broadcasts"
    ),
    tflm=Tflm(resolver="AddPrelu", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
