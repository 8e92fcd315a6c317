"""L2_NORMALIZATION along the last dimension: each row divided by its length.

Sources: tensorflow/lite/micro/kernels/l2norm.cc and
tensorflow/lite/kernels/internal/reference/integer_ops/l2normalization.h.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import inverse_square_root, multiply_by_quantized_multiplier
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import MAX_DIFFERENCE
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape, once
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given, saturated
from mcuzoo.ops.operator import Aot, Operator, Tflm, Without, no_constants

OUTPUT_SHIFT = 7
"""To outputs in 1/128."""

MAX_DEPTH = (2**31 - 1) // MAX_DIFFERENCE**2
"""Squares of longer rows could overflow TFLM's sum."""


def rule(model: Model, op: Op) -> None:
    """int8, to 1/128 with zero point 0."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """int8, to 1/128 with zero point 0; or floats."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds, rules.MAX_BROADCAST_RANK)
    rules.same_shape(target, source.shape)
    activation = str(op.options["fused_activation_function"])
    if activation != "NONE":
        raise rules.Refusal(f"the fused activation {activation} has no kernel")
    if not source.shape:
        raise rules.Refusal("has no dimension", source.index)
    if source.dtype is DType.INT8:
        rules.fixed_output(target, 1 << OUTPUT_SHIFT, 0)
        if source.shape[-1] > MAX_DEPTH:
            raise rules.Refusal(f"has rows longer than {MAX_DEPTH}", source.index)


def reference(model: Model, op: Op) -> Kernel:
    zero_point = quantization_of(model.tensor(op.inputs[0])).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        values = given(inputs, 0)
        rows = values.reshape(-1, values.shape[-1]).astype(np.int64) - zero_point
        factors = [inverse_square_root(square) for square in (rows * rows).sum(axis=1).tolist()]
        multipliers, shifts = np.array(factors, dtype=np.int32).T[..., np.newaxis]
        output = multiply_by_quantized_multiplier(rows, multipliers, shifts + OUTPUT_SHIFT)
        return saturated(output).reshape(values.shape)

    return run


@dataclass(frozen=True)
class L2NormalizationParams(KernelParams):
    """As mz_l2_normalization_s8.h has them. rows: of `depth` elements, 33025 at most. zero_point:
    of the input.
    """

    c_type = "mz_l2_normalization_params"
    rows: int
    depth: int
    zero_point: int

    passes = once

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return RowWindow(1, 1, 0, (Setting("rows", "input_rows", target[2]),))


def prepare(program: Program, step: Step) -> DirectWork:
    op = step.op
    source = program.model.tensor(op.inputs[0])
    depth = source.shape[-1]
    zero_point = quantization_of(source).zero_point
    params = L2NormalizationParams(source.elements // depth, depth, zero_point)
    return direct_work(program, step, params, op.inputs, (ELEMENT_BY_ELEMENT,))


OPERATOR = Operator(
    name="L2_NORMALIZATION",
    aot=Aot(
        constraint="int8, rank <= 4",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_l2_normalization_s8"),),
        constant_bytes=no_constants,
    ),
    tflm=Tflm(resolver="AddL2Normalization", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
