"""CONCATENATION of tensors along one axis: one call for each of them copies it to its place.

Along the outermost axis an input is one run of bytes, so it may be made directly in the output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation, Call, Inside
from mcuzoo.lowering.operands import constant_bytes, operands
from mcuzoo.lowering.params import KernelParams, not_by_rows, once
from mcuzoo.lowering.variant import Work
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Tflm, Without

# concatenation.cc, kMaxInputNum.
MAX_CONCATENATED = 10
CONCATENATED = frozenset(
    (DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL)
)


def rule(model: Model, op: Op) -> None:
    """int8, all quantized alike: kernels copy."""
    demands(model, op)
    for index in (*op.inputs, *op.outputs):
        rules.int8_activation(model.tensor(index))


def demands(model: Model, op: Op) -> None:
    """Up to ten tensors, quantized alike."""
    rules.arity(op, range(1, MAX_CONCATENATED + 1))
    sources = [rules.input_tensor(model, op, place) for place in range(len(op.inputs))]
    target = rules.output_tensor(model, op)
    rank = len(target.shape)
    axis = int(op.options["axis"])
    if not -rank <= axis < rank:
        raise rules.Refusal(f"its axis is {axis} of {rank}")
    axis %= rank
    if op.options["fused_activation_function"] != "NONE":
        raise rules.Refusal(f"it fuses {op.options['fused_activation_function']}")
    rules.carried(target, CONCATENATED)
    for source in sources:
        rules.carried(source, CONCATENATED)
        rules.same_type(source, target)
        _joins(source, target, axis)
        if source.dtype is DType.INT8:
            rules.same_quantization(source, target, "the output")
        elif source.dtype is DType.INT16 and _zero_point(source) | _zero_point(target):
            raise rules.Refusal("is int16 with a zero point", source.index)
    if sum(source.shape[axis] for source in sources) != target.shape[axis]:
        raise rules.Refusal(f"has the shape {list(target.shape)}", target.index)


def _joins(source: Tensor, target: Tensor, axis: int) -> None:
    kept = [size for place, size in enumerate(source.shape) if place != axis]
    wanted = [size for place, size in enumerate(target.shape) if place != axis]
    if len(source.shape) != len(target.shape) or kept != wanted:
        raise rules.Refusal(
            f"has the shape {list(source.shape)}, the output {list(target.shape)}", source.index
        )


def _zero_point(tensor: Tensor) -> int:
    return tensor.quantization.zero_point if tensor.quantization else 0


@dataclass(frozen=True)
class ConcatenateParams(KernelParams):
    c_type = "mz_concatenate_params"
    rows: int
    input_row_bytes: int
    output_row_bytes: int
    offset: int

    passes = once
    by_rows = not_by_rows


@dataclass(frozen=True, eq=False)
class ConcatenateWork(Work):
    """params: one for each input."""

    params: tuple[ConcatenateParams, ...]


def prepare(program: Program, step: Step) -> ConcatenateWork:
    model, op = program.model, step.op
    shape = model.tensor(op.outputs[0]).shape
    axis = int(op.options["axis"]) % len(shape)
    rows, row_bytes = prod(shape[:axis]), prod(shape[axis:])
    sizes = [prod(model.tensor(index).shape[axis:]) for index in op.inputs]
    params = (
        ConcatenateParams(rows, size, row_bytes, sum(sizes[:place]))
        for place, size in enumerate(sizes)
    )
    inputs = operands(program, op, op.inputs)
    return ConcatenateWork(op, inputs, tuple(map(Activation, step.writes)), tuple(params))


class Copies:
    kernel = "mz_concatenate_s8"

    def accepts(self, work: ConcatenateWork) -> bool:
        return True

    def lower(self, work: ConcatenateWork) -> tuple[Call, ...]:
        return tuple(
            Call(
                work.op,
                self.kernel,
                params,
                (operand,),
                work.outputs,
                partial=len(work.inputs) > 1,
                inside=Inside(params.offset, params.input_row_bytes) if params.rows == 1 else None,
            )
            for operand, params in zip(work.inputs, work.params, strict=True)
        )


def reference(model: Model, op: Op) -> Kernel:
    axis = int(op.options["axis"])

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        tensors = [given(inputs, place) for place in range(len(inputs))]
        return np.concatenate(tensors, axis=axis)

    return run


def _constant_bytes(model: Model, op: Op) -> int:
    return constant_bytes(model, op.inputs)


OPERATOR = Operator(
    name="CONCATENATION",
    aot=Aot(
        constraint="int8, quantized alike",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Copies(),),
        constant_bytes=_constant_bytes,
    ),
    tflm=Tflm(resolver="AddConcatenation", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
