"""What operators share that take elements by tables of places, one for each axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import symbol
from mcuzoo.lowering.params import KernelParams, RowWindow, Shape, pieces
from mcuzoo.ops.common.copies import LARGEST, Loop, copied_constant_bytes, overlap_of, rows_of_loop
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot

AXES = 4
"""MZ_GATHER_AXES."""

Table = NDArray[np.int64] | None
"""The places along an axis that the output has, in order; None: all."""

Tables = Callable[[Model, Op], Sequence[Table]]
"""A table for each axis of the op's first input, which is no constant."""


def picking_reference(tables: Tables) -> Callable[[Model, Op], Kernel]:
    def reference(model: Model, op: Op) -> Kernel:
        made = tables(model, op)
        shape = model.tensor(op.outputs[0]).shape

        def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
            values = given(inputs, 0)
            for axis, table in enumerate(made):
                if table is not None:
                    values = np.take(values, table, axis)
            return values.reshape(shape)

        return run

    return reference


class Axis(NamedTuple):
    """`size` steps along an axis: `stride` bytes apart, or to the places of a table."""

    size: int
    stride: int
    table: Table

    def places(self) -> NDArray[np.int64]:
        """The input's offset at every step, in bytes."""
        steps = np.arange(self.size) if self.table is None else self.table
        return steps.astype(np.int64) * self.stride


@dataclass(frozen=True)
class GatherParams(KernelParams):
    """As mz_gather_s8.h has them. sizes: of the output, outermost first. strides: of the input in
    bytes, for an axis without a table. tables: where in `places` the axis' table begins; -1: it has
    none. run: bytes that stay together. places: int32, the input's offset in bytes for each step of
    an axis.
    """

    c_type = "mz_gather_params"
    sizes: tuple[int, int, int, int]
    strides: tuple[int, int, int, int]
    tables: tuple[int, int, int, int]
    run: int
    places: Constant

    def passes(self, constant: Constant) -> int:
        looked_up = sum(
            prod(self.sizes[: axis + 1]) for axis, table in enumerate(self.tables) if table >= 0
        )
        return pieces(looked_up, constant.values.size)

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        outer = next((at for at in range(AXES) if self.sizes[at] > 1), 0)
        if self.tables[outer] >= 0:
            return None
        reads = [self._places(axis) for axis in range(outer + 1, AXES)]
        return rows_of_loop(
            source,
            target,
            Loop(self.sizes[outer], self.strides[outer], prod(self.sizes[outer + 1 :]) * self.run),
            sum(int(places.min()) for places in reads),
            sum(int(places.max()) for places in reads) + self.run - 1,
            f"sizes[{outer}]",
        )

    def _places(self, axis: int) -> NDArray[np.int64]:
        first, size = self.tables[axis], self.sizes[axis]
        if first < 0:
            return np.arange(size) * self.strides[axis]
        return self.places.values[first : first + size].astype(np.int64)

    def reads(self) -> NDArray[np.int64]:
        """The offset of every run in the input, in the order of the output."""
        reads = np.zeros((), np.int64)
        for axis in range(AXES):
            reads = reads[..., None] + self._places(axis)
        return reads.reshape(-1)


def gather_params(op: Op, source: Shape, tables: Sequence[Table]) -> GatherParams:
    """Neighbouring axes without tables are one; the last ones are the run of bytes."""
    if all(table is None for table in tables):
        tables = [np.arange(source[0]), *tables[1:]]
    axes: list[Axis] = []
    for at, table in enumerate(tables):
        stride = prod(source[at + 1 :])
        size = source[at] if table is None else len(table)
        if table is None and axes and axes[-1].table is None:
            axes[-1] = Axis(axes[-1].size * size, stride, None)
        else:
            axes.append(Axis(size, stride, table))
    run = axes.pop().size if axes[-1].table is None else 1
    axes = [axis for axis in axes if axis.size > 1 or axis.table is not None]
    axes = [Axis(1, 0, None)] * (AXES - len(axes)) + axes
    places: list[NDArray[np.int64]] = []
    begins = [-1] * AXES
    for at, axis in enumerate(axes):
        if axis.table is not None:
            begins[at] = sum(map(len, places))
            places.append(axis.places())
    values = np.concatenate(places).astype(np.int32)
    return GatherParams(
        sizes=_four([axis.size for axis in axes]),
        strides=_four([axis.stride for axis in axes]),
        tables=_four(begins),
        run=run,
        places=Constant(symbol(op, "places"), values, ("Where bytes come from, axis by axis.",)),
    )


def _four(values: Sequence[int]) -> tuple[int, int, int, int]:
    first, second, third, fourth = values
    return first, second, third, fourth


def picking_prepare(tables: Tables) -> Callable[[Program, Step], DirectWork]:
    def prepare(program: Program, step: Step) -> DirectWork:
        model, op = program.model, step.op
        params = gather_params(op, model.tensor(op.inputs[0]).shape, tables(model, op))
        small = model.tensor(op.outputs[0]).elements <= LARGEST
        overlaps = (overlap_of(params.reads(), params.run),) if small else ()
        return direct_work(program, step, params, op.inputs[:1], overlaps)

    return prepare


def picking(constraint: str, rule: Callable[[Model, Op], None], tables: Tables) -> Aot:
    """The part of an operator for the ahead-of-time runtime; `rule` checks what `tables` relies
    on."""

    def _constant_bytes(model: Model, op: Op) -> int:
        shapes = [model.tensor(index).shape for index in op.outputs[:1]]
        return copied_constant_bytes(model, op) + 4 * sum(map(sum, shapes))

    return Aot(
        constraint=constraint,
        rule=rule,
        reference=picking_reference(tables),
        prepare=picking_prepare(tables),
        variants=(Direct("mz_gather_s8"),),
        constant_bytes=_constant_bytes,
    )
