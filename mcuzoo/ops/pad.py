"""PAD, and PADV2 with one constant int8 value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import rank_four
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape, once
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm, no_constants


def rule(model: Model, op: Op) -> None:
    """PAD, and PADV2 with one constant int8 value."""
    rules.arity(op, range(2, 3) if op.name == "PAD" else range(3, 4))
    source, paddings = (rules.input_tensor(model, op, place) for place in (0, 1))
    target = rules.output_tensor(model, op)
    for tensor in (source, target):
        rules.int8_activation(tensor, rules.MAX_BROADCAST_RANK)
    rules.same_shape(target, padded_shape(source, paddings))
    if op.name == "PADV2":
        value = rules.input_tensor(model, op, 2)
        rules.int8_activation(value)
        rules.constant(value, DType.INT8)
        if value.elements != 1:
            raise rules.Refusal(f"holds {value.elements} values, not one", value.index)
        rules.same_quantization(value, target, "the output")


def padded_shape(source: Tensor, paddings: Tensor) -> tuple[int, ...]:
    """The shape of PAD's output, which needs constant (before, after) for each dimension."""
    pairs = rules.constant(paddings, DType.INT32)
    if pairs.shape != (len(source.shape), 2) or np.any(pairs < 0):
        raise rules.Refusal(f"holds {rules.shown(pairs)}", paddings.index)
    sizes = np.array(source.shape, dtype=np.int64) + pairs.astype(np.int64).sum(axis=1)
    return tuple(sizes.tolist())


PADDED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32))


def demands(model: Model, op: Op) -> None:
    """PAD and PADV2, by zeros (the zero point) or one constant value."""
    rules.arity(op, range(2, 4))
    source, target = rules.moved(model, op, PADDED)
    rules.same_shape(target, padded_shape(source, rules.input_tensor(model, op, 1)))
    if source.dtype is DType.INT8:
        for tensor in (source, target):
            rules.per_tensor(tensor)
    if len(op.inputs) == 3:
        value = rules.input_tensor(model, op, 2)
        rules.constant(value, source.dtype)
        if value.elements != 1:
            raise rules.Refusal(f"holds {value.elements} values, not one", value.index)
        if source.dtype is DType.INT8:
            rules.same_quantization(value, target, "the output")


def reference(model: Model, op: Op) -> Kernel:
    """The output's zero point around the input, or PADV2's own value."""
    data = model.tensor(op.inputs[1]).data
    assert data is not None
    pairs = [(int(before), int(after)) for before, after in data]
    value = quantization_of(model.tensor(op.outputs[0])).zero_point
    if op.name == "PADV2":
        constant = model.tensor(op.inputs[2]).data
        assert constant is not None
        value = int(constant.reshape(-1)[0])

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        return np.pad(given(inputs, 0), pairs, constant_values=value).astype(np.int8)

    return run


Axes = tuple[int, int, int, int]


@dataclass(frozen=True)
class PadParams(KernelParams):
    """As mz_pad_s8.h has them. sizes: of the input, outermost first; innermost axes of which only
    the first is padded are one. before, after: elements put at both ends of each axis. value: what
    they hold, int8.
    """

    c_type = "mz_pad_params"
    sizes: Axes
    before: Axes
    after: Axes
    value: int

    passes = once

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        settings = (
            Setting("sizes[1]", "input_rows"),
            Setting("before[1]", "pad_top"),
            Setting("after[1]", "pad_bottom"),
        )
        return RowWindow(1, 1, self.before[1], settings)


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    before, after = pads_of(model, op)
    sizes = rank_four(model.tensor(op.inputs[0]).shape, 1)
    if before[3] == after[3] == 0:
        # Rows of pixels are copied as a whole.
        pixel = sizes[3]
        sizes = (*sizes[:2], 1, sizes[2] * pixel)
        before = (*before[:2], 0, before[2] * pixel)
        after = (*after[:2], 0, after[2] * pixel)
    params = PadParams(sizes, before, after, _value(model, op))
    return direct_work(program, step, params, op.inputs[:1])


def pads_of(model: Model, op: Op) -> tuple[Axes, Axes]:
    """Elements put before and after each of four axes, outermost first."""
    before, after = np.asarray(model.tensor(op.inputs[1]).data).T.tolist()
    return rank_four(before, 0), rank_four(after, 0)


def _value(model: Model, op: Op) -> int:
    """The value of the padding: PADV2 names it; for PAD it is the real 0."""
    if op.name == "PADV2":
        return int(np.asarray(model.tensor(op.inputs[2]).data).reshape(-1)[0])
    return quantization_of(model.tensor(op.outputs[0])).zero_point


PAD = Operator(
    name="PAD",
    aot=Aot(
        constraint="int8, rank <= 4, constant paddings",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_pad_s8"),),
        constant_bytes=no_constants,
    ),
    tflm=Tflm(resolver="AddPad", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="as the input"),
)
PADV2 = Operator(
    name="PADV2",
    aot=Aot(
        constraint="int8, rank <= 4, constant paddings and value",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_pad_s8"),),
        constant_bytes=no_constants,
    ),
    tflm=Tflm(resolver="AddPadV2", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="as the input"),
)
