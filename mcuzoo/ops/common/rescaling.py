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
    """As mz_requantize_s8.h has them. elements: how many. input_zero_point, output_zero_point: of
    each. multiplier, shift: input scale / output scale. minimum, maximum: the activation as int8
    values of the output.
    """

    c_type = "mz_requantize_params"
    elements: int
    input_zero_point: int
    multiplier: int
    shift: int
    output_zero_point: int
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
        if source.elements >= _WORTH_A_TABLE:
            outputs = self.reference(program.model, op)((EVERY_VALUE,))
            assert isinstance(outputs, np.ndarray)
            return lookup_work(program, step, 0, outputs)
        to = self.requantization(program.model, op)
        shift = int(to.shifts[0])
        params = RequantizeParams(
            elements=source.elements,
            input_zero_point=quantization_of(source).zero_point,
            multiplier=int(to.multipliers[0]),
            shift=shift,
            output_zero_point=to.output_zero_point,
            minimum=to.minimum,
            maximum=to.maximum,
        )
        return direct_work(program, step, params, op.inputs, (ELEMENT_BY_ELEMENT,))


def _constant_bytes(model: Model, op: Op) -> int:
    elements = model.tensor(op.inputs[0]).elements if op.inputs and op.inputs[0] >= 0 else 0
    return TABLE_BYTES if elements >= _WORTH_A_TABLE else 0


def rescaled(ratio: float, target: Quantization, minimum: int) -> Requantization:
    """Multiplied by `ratio`, not below `minimum`."""
    multipliers, shifts = quantize_multipliers(np.array([ratio]))
    return Requantization(multipliers, shifts, target.zero_point, minimum, 127)
