"""Operators of one value at a time, as a table of their outputs for every int8 value.

The host computes the table with TFLM's own arithmetic, so the kernel is the same for all. A table
per channel serves an operator whose other operand is a constant per channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, DirectWork, direct_work
from mcuzoo.lowering.operands import describe, symbol
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape, pieces
from mcuzoo.lowering.variant import Work
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.common.rules import Rule
from mcuzoo.ops.operator import Aot

TABLE_BYTES = 256
EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)


@dataclass(frozen=True)
class LookupParams(KernelParams):
    """As mz_lookup_s8.h has them. elements: how many. depth: tables, one for each channel of a
    pixel; 1: one for all. outputs: int8 [depth, 256], for the inputs -128 to 127.
    """

    c_type = "mz_lookup_params"
    elements: int
    depth: int
    outputs: Constant

    def passes(self, constant: Constant) -> int:
        """As many passes as look-ups per byte, if they are spread evenly."""
        return pieces(self.elements, TABLE_BYTES * self.depth)

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return RowWindow(1, 1, 0, (Setting("elements", "input_rows", target[2] * target[3]),))


@dataclass(frozen=True)
class Lookup:
    """The kernel of tables, for work whose parameters are a table."""

    kernel: str = "mz_lookup_s8"

    def accepts(self, work: Work) -> bool:
        return isinstance(work, DirectWork) and isinstance(work.params, LookupParams)

    def lower(self, work: DirectWork) -> tuple[Any, ...]:
        return work.call(self.kernel, work.params, overlaps=work.overlaps)


def lookup_work(program: Program, step: Step, place: int, outputs: NDArray[np.int8]) -> DirectWork:
    """Input `place` looked up in `outputs`: int8 (256,), or (channels, 256) along its last axis."""
    op = step.op
    source = program.model.tensor(op.inputs[place])
    first, *more = describe(source)
    meaning = (f"{op.name} of every value, from -128 to 127, of {first}", *more)
    table = Constant(symbol(op, "outputs"), outputs.reshape(-1), meaning)
    depth = outputs.size // TABLE_BYTES
    params = LookupParams(source.elements, depth, table)
    return direct_work(program, step, params, (op.inputs[place],), (ELEMENT_BY_ELEMENT,))


@dataclass(frozen=True)
class Unary:
    """An operator of one input. `outputs_of`: int8 (256,), the outputs for the inputs -128 to 127,
    of an op that `rule` has accepted."""

    outputs_of: Callable[[Model, Op], NDArray[np.int8]]

    def aot(self, rule: Rule, constraint: str = "int8") -> Aot:
        return Aot(
            constraint=constraint,
            rule=rule,
            reference=self.reference,
            prepare=self.prepare,
            variants=(Lookup(),),
            constant_bytes=_table_bytes,
        )

    def reference(self, model: Model, op: Op) -> Kernel:
        outputs = self.outputs_of(model, op)

        def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
            return outputs[given(inputs, 0).astype(np.int64) + 128]

        return run

    def prepare(self, program: Program, step: Step) -> DirectWork:
        return lookup_work(program, step, 0, self.outputs_of(program.model, step.op))


def _table_bytes(model: Model, op: Op) -> int:
    return TABLE_BYTES
