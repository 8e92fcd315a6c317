"""QUANTIZE int8 to int8, RELU and RELU6: each value brought to another scale, or only clamped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import quantize_multipliers
from mcuzoo.graph.model import DType, Model, Op, Quantization
from mcuzoo.graph.parameters import Requantization, quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import MAX_DIFFERENCE
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape, once
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.lookup import EVERY_VALUE, TABLE_BYTES, Lookup, lookup_work
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.operator import Aot

_WORTH_A_TABLE = 1024
"""Elements for which a table's bytes are well spent: it is four times as quick as arithmetic."""


@dataclass(frozen=True)
class RequantizeParams(KernelParams):
    """As mz_requantize_s8.h has them. elements: how many. multiplier, offset: from values to
    outputs. minimum, maximum: the activation as int8 values of the output.
    """

    c_type = "mz_requantize_params"
    elements: int
    multiplier: int
    offset: int
    minimum: int
    maximum: int

    passes = once

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return RowWindow(1, 1, 0, (Setting("elements", "input_rows", target[2] * target[3]),))


@dataclass(frozen=True)
class Rescaling:
    """Such an operator. It is defined by its requantization of (input value - input zero point)."""

    requantization: Callable[[Model, Op], Requantization]

    def aot(self, constraint: str) -> Aot:
        return Aot(
            constraint=constraint,
            rule=self.rule,
            reference=self.reference,
            prepare=self.prepare,
            variants=(Lookup(), Direct("mz_requantize_s8")),
            constant_bytes=_constant_bytes,
        )

    def rule(self, model: Model, op: Op) -> None:
        """int8 to int8."""
        rules.arity(op, range(1, 2))
        source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
        rules.int8_activation(source)
        rules.int8_activation(target)
        rules.same_shape(target, source.shape)
        shift = int(self.requantization(model, op).shifts[0])
        rules.requantizable(shift, MAX_DIFFERENCE, source)

    def demands(self, model: Model, op: Op) -> None:
        """Demands of RELU and RELU6."""
        source, target = rules.one_to_one(model, op)
        rules.same_shape(target, source.shape)
        if source.dtype is DType.INT8:
            rules.shifts_in_range(self.requantization(model, op).shifts)

    def reference(self, model: Model, op: Op) -> Kernel:
        to = self.requantization(model, op)
        zero_point = quantization_of(model.tensor(op.inputs[0])).zero_point

        def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
            return requantize(given(inputs, 0).astype(np.int64) - zero_point, to)

        return run

    def prepare(self, program: Program, step: Step) -> DirectWork:
        op = step.op
        source = program.model.tensor(op.inputs[0])
        outputs = self.reference(program.model, op)((EVERY_VALUE,))
        assert isinstance(outputs, np.ndarray)
        to = self.requantization(program.model, op)
        target = program.model.tensor(op.outputs[0])
        slope = quantization_of(source).scale / quantization_of(target).scale
        line = line_of_values(outputs, slope, to)
        if line is None or source.elements >= _WORTH_A_TABLE:
            return lookup_work(program, step, 0, outputs)
        params = RequantizeParams(source.elements, *line, to.minimum, to.maximum)
        return direct_work(program, step, params, op.inputs, (ELEMENT_BY_ELEMENT,))


def line_of_values(
    outputs: NDArray[np.int8], slope: float, to: Requantization
) -> tuple[int, int] | None:
    """(multiplier, offset) that give `outputs`, int8 (256,), for the values from -128 on; None
    where none are found. Proven by trying all values, as mz_requantize_s8 computes them."""
    wanted = outputs.astype(np.int64) + 128
    lowest = np.where(outputs == to.minimum, -_INT32, wanted << SHIFT)
    highest = np.where(outputs == to.maximum, _INT32, (wanted + 1 << SHIFT) - 1)
    unit = round(slope * 2 ** (SHIFT + 8))
    for multiplier in (unit + step for step in _STEPS):
        if not 0 < multiplier < _INT32:
            continue
        high = (EVERY_VALUE.astype(np.int64) << 24) * multiplier >> 32
        least, most = int((lowest - high).max()), int((highest - high).min())
        offset = max(least, min(most, 0))
        if least <= most and np.all(np.abs(high + offset) < _INT32):
            return multiplier, offset
    return None


SHIFT = 16
"""MZ_REQUANTIZE_SHIFT."""

_INT32 = (1 << 31) - 1
_STEPS = (0, *(sign << power for power in range(16) for sign in (1, -1)))
"""What is added to the multiplier in search of a line."""


def _constant_bytes(model: Model, op: Op) -> int:
    elements = model.tensor(op.inputs[0]).elements if op.inputs and op.inputs[0] >= 0 else 0
    return TABLE_BYTES if elements >= _WORTH_A_TABLE else 0


def rescaled(ratio: float, target: Quantization, minimum: int) -> Requantization:
    """Multiplied by `ratio`, not below `minimum`."""
    multipliers, shifts = quantize_multipliers(np.array([ratio]))
    return Requantization(multipliers, shifts, target.zero_point, minimum, 127)
