"""ADD, SUB and SQUARED_DIFFERENCE bring both operands to twice the larger scale first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import multiply_by_quantized_multiplier, quantize_multiplier
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import Requantization, quantization_of
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import describe, symbol
from mcuzoo.lowering.params import CStruct
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast
from mcuzoo.ops.common.lookup import EVERY_VALUE
from mcuzoo.ops.common.reference import Kernel
from mcuzoo.ops.kernels.sum_dsp import AddDspParams, line_of_sum


@dataclass(frozen=True)
class Addend:
    """An operand less its zero point, times this factor; the shift is to the right.

    zero_point: of the operand. multiplier: the factor's mantissa in Q0.31.
    """

    zero_point: int
    multiplier: int
    shift: int


def addend(zero_point: int, factor: float) -> Addend:
    """factor: the operand's scale / twice the larger scale."""
    return Addend(zero_point, *quantize_multiplier(factor))


@dataclass(frozen=True)
class Addends:
    """Both operands, shifted left by `headroom` bits, then brought to twice the larger scale; and
    the way from there to the output.

    both: the first operand and the second.
    """

    headroom: int
    both: tuple[Addend, Addend]
    to: Requantization

    def scaled(self, place: int, values: NDArray[Any]) -> NDArray[np.int64]:
        """Operand `place` on the common scale."""
        one = self.both[place]
        shifted = (values.astype(np.int64) - one.zero_point) << self.headroom
        return multiply_by_quantized_multiplier(shifted, one.multiplier, one.shift).astype(np.int64)

    def line(
        self, model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel, sign: int
    ) -> AddDspParams | None:
        """The first operand and `sign` times the second along a line, if there is one."""
        pairs = arithmetic((EVERY_VALUE[:, None], EVERY_VALUE[None]))
        assert isinstance(pairs, np.ndarray)
        scales = [quantization_of(model.tensor(index)).scale for index in op.inputs]
        output = quantization_of(model.tensor(op.outputs[0])).scale
        slopes = scales[0] / output, sign * scales[1] / output
        return line_of_sum(pairs, slopes, self.to, broadcast)

    def exact(
        self, model: Model, op: Op, broadcast: Broadcast, sign: int
    ) -> AddExactDspParams | None:
        """The first operand and `sign` times the second, rounded as TFLM does. The one of the
        larger scale is exact on the common scale; the other one is looked up."""
        scales = [quantization_of(model.tensor(index)).scale for index in op.inputs]
        turned = scales[1] > scales[0]
        signs = (sign, 1) if turned else (1, sign)
        unit = signs[0] << self.headroom
        own = 2 * signs[0] * self.scaled(1 if turned else 0, EVERY_VALUE)
        others = 2 * signs[1] * self.scaled(0 if turned else 1, EVERY_VALUE)
        others += own[0] - unit * int(EVERY_VALUE[0])
        right, base = -int(self.to.shifts[0]), self.to.output_zero_point + 128
        multiplier = int(self.to.multipliers[0])
        most = int(np.abs(own).max() + np.abs(others).max()) * multiplier >> 32 + max(right, 0)
        if not 1 <= right <= _MOST_RIGHT or most + base >= _HALFWORD - 1:
            return None
        described = describe(model.tensor(op.inputs[0 if turned else 1]))
        meaning = (
            "What is added to a multiple of the other value, for -128 to 127, of",
            *described,
        )
        return AddExactDspParams(
            axes=broadcast,
            others=Constant(symbol(op, "others"), others.astype(np.int32), meaning),
            turned=int(turned),
            unit=unit >> 8,  # of halfwords with a value in their upper byte
            multiplier=multiplier,
            offset=(1 << right - 1) + (base << right),
            shift=right,
            minimum=self.to.minimum,
            maximum=self.to.maximum,
        )

    def params(self, broadcast: Broadcast) -> AddParams:
        first, second = self.both
        return AddParams(
            axes=broadcast,
            operands=(_operand(first), _operand(second)),
            output_zero_point=self.to.output_zero_point,
            output_multiplier=int(self.to.multipliers[0]),
            output_shift=int(self.to.shifts[0]),
            minimum=self.to.minimum,
            maximum=self.to.maximum,
        )


_MOST_RIGHT = 22
"""With which the offset is within 32 bits."""

_HALFWORD = 1 << 15
"""Outputs go in pairs before they are saturated."""


@dataclass(frozen=True)
class AddExactDspParams(BinaryParams):
    """As mz_add_exact_s8_dsp.h has them. others: int32 [256], what is added to 256 * `unit` times a
    value of the operand with the larger scale; turned: 1 where that is the second one. multiplier,
    offset, shift: from sums to outputs. minimum, maximum: the fused activation as int8 values of
    the output.
    """

    c_type = "mz_add_exact_s8_dsp_params"
    others: Constant
    turned: int
    unit: int
    multiplier: int
    offset: int
    shift: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class AddOperandStruct(CStruct):
    """mz_add_operand. zero_point: of the operand. multiplier, shift: its scale / twice the larger
    scale of the two.
    """

    c_type = "mz_add_operand"
    zero_point: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class AddParams(BinaryParams):
    """mz_add_params. output_multiplier, output_shift: the common scale, or its square, / output
    scale. minimum, maximum: the fused activation as int8 values of the output. output_zero_point:
    of the output; operands: the first and the second.
    """

    c_type = "mz_add_params"
    operands: tuple[AddOperandStruct, AddOperandStruct]
    output_zero_point: int
    output_multiplier: int
    output_shift: int
    minimum: int
    maximum: int


def _operand(one: Addend) -> AddOperandStruct:
    return AddOperandStruct(one.zero_point, one.multiplier, one.shift)
