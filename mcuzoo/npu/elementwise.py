"""Elementwise operations of an Ethos-U on operands that are less their zero points."""

from __future__ import annotations

import numpy as np

from mcuzoo.npu.arithmetic import Integers, round_away, round_up, scale
from mcuzoo.npu.operations import BlockOperation, ElementwiseMode, Rounding, Scale

_FRACTION_BITS = {1: 20, 2: 15}
"""By how many bits operands are widened when one of them is scaled, by their size in bytes.
Vela's `advanced_elementwise_add_sub_scale`, after TFLite's ADD."""

_LARGEST_SHIFT = 62
_LARGEST_LEFT = 31


def elementwise(operation: BlockOperation, first: Integers, second: Integers | None) -> Integers:
    """The result before the output's zero point. `second` is of the same shape, or broadcasts."""
    mode = ElementwiseMode(operation.mode)
    scale_of = operation.output_scale or Scale(1, 0)
    if mode is ElementwiseMode.CLZ:
        return leading_zeros(first)
    if mode is ElementwiseMode.ABS:
        return scale(np.abs(first), scale_of.mantissa, scale_of.shift, operation.rounding)
    if mode is ElementwiseMode.LRELU:
        low = scale(first, scale_of.mantissa, scale_of.shift, operation.rounding)
        return np.where(first < 0, low, first)
    assert second is not None
    a, b = (second, first) if operation.swapped else (first, second)
    if mode is ElementwiseMode.MIN:
        return np.minimum(a, b)
    if mode is ElementwiseMode.MAX:
        return np.maximum(a, b)
    if mode is ElementwiseMode.SHR:
        return _shift_right(a, b, operation.rounding)
    if mode is ElementwiseMode.SHL:
        return a << np.clip(b, 0, _LARGEST_LEFT)
    if mode is ElementwiseMode.MUL:
        # FITTED_WIDE_MUL
        mantissa = 1 if operation.ifm.element_bytes == 4 else scale_of.mantissa
        return scale(a * b, mantissa, scale_of.shift, operation.rounding)
    a, b = _operands(operation, a, b)
    result = a + b if mode is ElementwiseMode.ADD else a - b
    return scale(result, scale_of.mantissa, scale_of.shift, operation.rounding)


def _operands(operation: BlockOperation, a: Integers, b: Integers) -> tuple[Integers, Integers]:
    """The terms of a sum, on a common scale."""
    if operation.ifm.element_bytes == 4:
        return a, b
    scale_of = operation.operand_scale
    if operation.operand == 0:
        return a * scale_of.mantissa, b * operation.other_scale.mantissa
    bits = _FRACTION_BITS[operation.ifm.element_bytes]

    def scaled(values: Integers) -> Integers:
        return scale(values << bits, scale_of.mantissa, scale_of.shift + bits, operation.rounding)

    if operation.operand == 1:
        return scaled(a), b << (bits - 1)
    return a << (bits - 1), scaled(b)


def _shift_right(a: Integers, b: Integers, rounding: Rounding) -> Integers:
    bits = np.clip(b, 0, _LARGEST_SHIFT)
    if rounding is Rounding.TRUNCATE:
        return a >> bits
    return (round_up if rounding is Rounding.NATURAL else round_away)(a, bits)


def leading_zeros(values: Integers) -> Integers:
    """Of each as an int32."""
    unsigned = (values & 0xFFFFFFFF).astype(np.float64)
    _, exponents = np.frexp(unsigned)
    found: Integers = 32 - exponents.astype(np.int64)
    return found
