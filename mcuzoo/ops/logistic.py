"""LOGISTIC: the sigmoid, as a table of its output for every int8 value.

Sources: tensorflow/lite/kernels/internal/reference/integer_ops/logistic.h, Prepare in
tensorflow/lite/micro/kernels/logistic_common.cc, and gemmlowp's fixedpoint.h.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import (
    INT32_MAX,
    exp_of_negative,
    multiply_by_quantized_multiplier,
    one_over_one_plus,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import symbol
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape, pieces
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Tflm, Without

INTEGER_BITS = 4
"""Inputs are Q4.27; from about 15 on, on either side, the output is the last there is."""

TABLE_BYTES = 256


def rule(model: Model, op: Op) -> None:
    """int8, to 1/256 with zero point -128."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """int8, to 1/256 with zero point -128; or floats."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        rules.fixed_output(target, 256, -128)


def outputs_of(model: Model, op: Op) -> NDArray[np.int8]:
    """int8 (256,): the outputs for the inputs -128 to 127."""
    source = quantization_of(model.tensor(op.inputs[0]))
    fraction = 2.0 ** (31 - INTEGER_BITS)
    multiplier, shift = quantize_multiplier(source.scale * fraction)
    radius = floor((2**INTEGER_BITS - 1) * fraction / 2.0**shift)
    inputs = np.arange(-128, 128, dtype=np.int64) - source.zero_point
    kept = np.where(np.abs(inputs) < radius, inputs, 0)
    x = multiply_by_quantized_multiplier(kept, multiplier, shift).astype(np.int64)
    positive = one_over_one_plus(exp_of_negative(-np.abs(x), INTEGER_BITS))
    sigmoid = np.where(x == 0, 1 << 30, np.where(x > 0, positive, INT32_MAX - positive))
    inside = np.minimum(rounding_divide_by_pot(sigmoid, 31 - 8) - 128, 127)
    beyond = np.where(inputs <= -radius, -128, 127)
    return np.where(np.abs(inputs) < radius, inside, beyond).astype(np.int8)


def reference(model: Model, op: Op) -> Kernel:
    outputs = outputs_of(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        return outputs[given(inputs, 0).astype(np.int64) + 128]

    return run


@dataclass(frozen=True)
class LookupParams(KernelParams):
    c_type = "mz_lookup_params"
    elements: int
    outputs: Constant

    def passes(self, constant: Constant) -> int:
        """As many passes as look-ups per byte, if they are spread evenly."""
        return pieces(self.elements, TABLE_BYTES)

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return RowWindow(1, 1, 0, (Setting("elements", "input_rows", target[2] * target[3]),))


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    source = model.tensor(op.inputs[0])
    meaning = (f"Sigmoid of {quantization_of(source).scale:.9g} x a value, from -128 to 127.",)
    outputs = Constant(symbol(op, "outputs"), outputs_of(model, op), meaning)
    params = LookupParams(source.elements, outputs)
    return direct_work(program, step, params, op.inputs, (ELEMENT_BY_ELEMENT,))


def _constant_bytes(model: Model, op: Op) -> int:
    return TABLE_BYTES


OPERATOR = Operator(
    name="LOGISTIC",
    aot=Aot(
        constraint="int8",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_lookup_s8"),),
        constant_bytes=_constant_bytes,
    ),
    tflm=Tflm(resolver="AddLogistic", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
