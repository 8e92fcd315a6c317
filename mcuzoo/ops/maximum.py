"""MAXIMUM and MINIMUM with NumPy broadcasting; values are compared as they are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.binary import Binary
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Tflm, Without

COMPARED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.INT64))


def rule(model: Model, op: Op) -> None:
    """The operands may be any int8 tensors."""
    rules.broadcast_operands(model, op, rules.INT8, rules.carried)


def demands(model: Model, op: Op) -> None:
    """The operands may be of any type that TFLM compares."""
    rules.broadcast_operands(model, op, COMPARED, rules.carried)


@dataclass(frozen=True)
class MaximumParams(BinaryParams):
    """As mz_maximum_s8.h has them. flip: 0 for MAXIMUM; -1 for MINIMUM."""

    c_type = "mz_maximum_params"
    flip: int


def _aot(chosen: Callable[..., Any], flip: int) -> Aot:
    """flip: the bits that make the one of the other, since the lesser value is the greater of both
    complements: 0 or -1."""

    def params(model: Model, op: Op, broadcast: Broadcast) -> MaximumParams:
        return MaximumParams(broadcast, flip)

    def reference(model: Model, op: Op) -> Kernel:
        def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
            greater: NDArray[np.int8] = chosen(given(inputs, 0), given(inputs, 1))
            return greater

        return run

    return Binary("mz_maximum_s8", params, reference).aot(rule)


MAXIMUM = Operator(
    name="MAXIMUM",
    aot=_aot(np.maximum, 0),
    tflm=Tflm(resolver="AddMaximum", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
MINIMUM = Operator(
    name="MINIMUM",
    aot=_aot(np.minimum, -1),
    tflm=Tflm(resolver="AddMinimum", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
