"""ADD and SUB of operands of one shape on mz_add_s8_dsp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Op
from mcuzoo.graph.parameters import Requantization
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, DirectWork
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape

SHIFT = 20
"""MZ_ADD_SHIFT."""

_INT32 = 1 << 31
_NEARBY = (0, 1, -1, 2, -2, 3, -3, 5, -5, 8, -8)
"""What is added to a multiplier in search of a line."""

_VALUES = np.arange(-128, 128, dtype=np.int64)


@dataclass(frozen=True)
class AddDspParams(KernelParams):
    """As mz_add_s8_dsp.h has them. count: of elements. first, second: what an operand's value is
    multiplied by. start: what is added. zero_point: of the output, and its minimum. maximum: the
    fused activation as an int8 value of the output.
    """

    c_type = "mz_add_s8_dsp_params"
    count: int
    first: int
    second: int
    start: int
    zero_point: int
    maximum: int

    def passes(self, constant: Constant) -> int:
        return 1

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return RowWindow(1, 1, 0, (Setting("count", "output_rows", prod(target[2:])),))


@dataclass(frozen=True, eq=False)
class SumWork(DirectWork):
    """A sum of two operands of one shape. line: that gives all 65,536 outputs; None: there is
    none."""

    line: AddDspParams | None = field(default=None, kw_only=True)


class SumDsp:
    """Work with a line."""

    kernel = "mz_add_s8_dsp"

    def accepts(self, work: DirectWork) -> bool:
        return isinstance(work, SumWork) and work.line is not None

    def lower(self, work: DirectWork) -> tuple[Call, ...]:
        assert isinstance(work, SumWork) and work.line is not None
        return work.call(self.kernel, work.line, overlaps=(ELEMENT_BY_ELEMENT,) * 2)


def line_of_sum(
    outputs: NDArray[np.int8], slopes: Sequence[float], to: Requantization, count: int
) -> AddDspParams | None:
    """Parameters that give `outputs`, int8 (256, 256): for each value of the first operand and the
    second, from -128 on; None if none are found.

    slopes: by how much the output rises for each unit of an operand. to: clamps the output. Proven
    by trying all pairs of values, as the kernel computes them:

        high(first * a * 2^24) + high(second * b * 2^24) + start, >> SHIFT, saturated to int8

    where high is the upper word of a signed 64-bit product, moved by the minimum and clamped.
    """
    units = [round(slope * 2 ** (SHIFT + 8)) for slope in slopes]
    if max(map(abs, units)) >= _INT32 - max(_NEARBY):
        return None
    moved = outputs.astype(np.int64) - to.minimum - 128
    least, most = moved == -128, outputs == to.maximum
    for more in _NEARBY:
        first = _upper(units[0] + more)[:, None]
        for also in _NEARBY:
            sums = first + _upper(units[1] + also)
            at_least = np.where(least, -_INT32, (moved << SHIFT) - sums).max()
            at_most = np.where(most, _INT32, (moved + 1 << SHIFT) - 1 - sums).min()
            if at_least > at_most:
                continue
            start = int(max(at_least, min(at_most, 1 << SHIFT - 1)))
            if abs(start) < _INT32 and np.all(np.abs(sums + start) < _INT32):
                return AddDspParams(
                    count, units[0] + more, units[1] + also, start, to.minimum, to.maximum
                )
    return None


def _upper(multiplier: int) -> NDArray[np.int64]:
    """The upper word of each int8 value, in a word's highest byte, times the multiplier."""
    return (_VALUES << 24) * multiplier >> 32
