"""What operators share that only move bytes.

Such an operator is a list of Moves: a part of an input becomes a part of an output. Both parts are
views in NumPy. The reference copies one to the other; lowering takes the strides of both for the
loops of mz_copy_s8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation, Call, Operand, Overlap, Run
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import constant_bytes, operands, symbol
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape, once
from mcuzoo.lowering.variant import Work
from mcuzoo.ops.common.reference import Kernel
from mcuzoo.ops.operator import Aot

AXES = 6
"""MZ_COPY_AXES: the loops of mz_copy_s8, as many as a tensor has dimensions."""

LARGEST = 1 << 22
"""Elements of the largest output whose overlap with the input is worked out."""

View = Callable[[NDArray[Any]], NDArray[Any]]


def whole(array: NDArray[Any]) -> NDArray[Any]:
    return array


def between(axis: int, begin: int, end: int) -> View:
    """The part from `begin` to before `end` along an axis."""

    def view(array: NDArray[Any]) -> NDArray[Any]:
        index = (*(slice(None),) * (axis % array.ndim), slice(begin, end))
        return array[index]

    return view


@dataclass(frozen=True)
class Move:
    """`target` of output number `output` becomes `source` of an input.

    input: its place among the op's inputs, or a value that fills the target. The views have the
    same shape and copy nothing. A reshape comes first: it copies where its array is no longer in
    one piece.
    """

    input: int | np.int8
    output: int = 0
    source: View = whole
    target: View = whole


Moves = Callable[[Model, Op], Sequence[Move]]


def copying_reference(moves: Moves) -> Callable[[Model, Op], Kernel]:
    """The reference of an operator whose moves write every element of its outputs."""

    def reference(model: Model, op: Op) -> Kernel:
        made = moves(model, op)
        shapes = [model.tensor(index).shape for index in op.outputs]

        def run(inputs: Sequence[NDArray[Any] | None]) -> tuple[NDArray[np.int8], ...]:
            outputs = tuple(np.empty(shape, np.int8) for shape in shapes)
            for move in made:
                target = move.target(outputs[move.output])
                if isinstance(move.input, int):
                    values = inputs[move.input]
                    assert values is not None
                    target[...] = move.source(values)
                else:
                    target[...] = move.input
            return outputs

        return run

    return reference


class Loop(NamedTuple):
    """`size` steps, each so many bytes further in the input and in the output."""

    size: int
    input_stride: int
    output_stride: int


@dataclass(frozen=True)
class CopyParams(KernelParams):
    """As mz_copy_s8.h has them. sizes: steps of each loop, outermost first. input_strides,
    output_strides: bytes from step to step; 0 repeats, negative reverses. input_offset,
    output_offset: of the first byte.
    """

    c_type = "mz_copy_params"
    sizes: tuple[int, int, int, int, int, int]
    input_strides: tuple[int, int, int, int, int, int]
    output_strides: tuple[int, int, int, int, int, int]
    input_offset: int
    output_offset: int

    passes = once

    @property
    def loops(self) -> list[Loop]:
        """Those with more than one step, outermost first."""
        axes = zip(self.sizes, self.input_strides, self.output_strides, strict=True)
        return [Loop(*axis) for axis in axes if axis[0] > 1]

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        outer, *inner = self.loops or [Loop(1, 1, 1)]
        if self.output_offset or prod(self.sizes) != prod(target):
            return None
        ends = [(loop.size - 1) * loop.input_stride for loop in inner]
        return rows_of_loop(
            source,
            target,
            outer,
            self.input_offset + sum(min(end, 0) for end in ends),
            self.input_offset + sum(max(end, 0) for end in ends),
            f"sizes[{self.sizes.index(outer.size)}]",
        )

    @property
    def run(self) -> Run | None:
        """What is copied, if it is one run of bytes."""
        loops = self.loops or [Loop(1, 1, 1)]
        if len(loops) > 1 or loops[0][1:] != (1, 1):
            return None
        return Run(self.input_offset, self.output_offset, loops[0].size)

    def overlap(self, output_bytes: int) -> Overlap | None:
        """None where the call writes only a part of the output, or not upwards."""
        sizes = prod(self.sizes)
        if self.output_offset or sizes != output_bytes or sizes > LARGEST:
            return None
        reads = np.full((), self.input_offset, np.int64)
        for size, stride in zip(self.sizes, self.input_strides, strict=True):
            reads = reads[..., None] + stride * np.arange(size)
        return overlap_of(reads.reshape(-1), 1)


def rows_of_loop(
    source: Shape, target: Shape, loop: Loop, first: int, last: int, field: str
) -> RowWindow | None:
    """How a kernel takes rows whose outermost loop `loop` goes through the rows of both images.

    first, last: the least and the greatest byte of the input that a step of the loop reads, from
    where the step begins. field: the number of steps in the kernel's parameters.
    """
    row, made = prod(source[2:]), prod(target[2:])
    steps, rest = divmod(made, loop.output_stride)
    stride, between = divmod(steps * loop.input_stride, row)
    if rest or between or stride < 1 or loop.size != steps * target[1]:
        return None
    last += (steps - 1) * loop.input_stride
    if first < 0:
        return None
    return RowWindow(last // row + 1, stride, 0, (Setting(field, "output_rows", steps),))


def overlap_of(reads: NDArray[np.int64], run: int) -> Overlap:
    """The overlap of a kernel that copies `run` bytes from each of the offsets `reads`, upwards:
    what it writes may only lie before all that it still reads."""
    least = np.minimum.accumulate(reads[::-1])[::-1]
    begins = run * np.arange(len(reads))
    behind = np.max(begins[1:] - least[1:], initial=-run * len(reads))
    within = np.max(begins - reads) if run > 1 else behind
    return Overlap(int(max(behind, within)))


def copy_params(source: NDArray[Any], target: NDArray[Any], offsets: tuple[int, int]) -> CopyParams:
    """From one view to another of the same shape, which begin at `offsets`; neighbouring loops that
    are one are merged."""
    loops: list[Loop] = []
    for loop in map(Loop, source.shape, source.strides, target.strides):
        if loop.size == 1:
            continue
        before = loops[-1] if loops else None
        if before and before[1:] == (loop.size * loop.input_stride, loop.size * loop.output_stride):
            loops[-1] = Loop(before.size * loop.size, *loop[1:])
        else:
            loops.append(loop)
    filled = [Loop(1, 0, 0)] * (AXES - len(loops)) + loops
    sizes, input_strides, output_strides = zip(*filled, strict=True)
    return CopyParams(sizes, input_strides, output_strides, *offsets)


def _layout(shape: Shape) -> NDArray[np.int8]:
    """An array with the strides of a tensor, but without its memory: for views of it alone."""
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return as_strided(np.zeros(1, np.int8), shape, strides)


def _viewed(shape: Shape, view: View) -> tuple[NDArray[Any], int]:
    """The view of a tensor of this shape, and the offset at which it begins."""
    array = _layout(shape)
    seen = view(array)
    begins = [each.__array_interface__["data"][0] for each in (array, seen)]
    return seen, begins[1] - begins[0]


class Part(NamedTuple):
    """One call's operands and parameters."""

    input: Operand
    output: Activation
    params: CopyParams


@dataclass(frozen=True, eq=False)
class CopyWork(Work):
    """parts: views to copy, one after the other. output_bytes: of each output."""

    parts: tuple[Part, ...]
    output_bytes: tuple[int, ...]


def copying_prepare(moves: Moves) -> Callable[[Program, Step], CopyWork]:
    def prepare(program: Program, step: Step) -> CopyWork:
        model, op = program.model, step.op
        outputs = tuple(map(Activation, step.writes))
        parts: list[Part] = []
        for move in moves(model, op):
            target, to = _viewed(model.tensor(op.outputs[move.output]).shape, move.target)
            if isinstance(move.input, int):
                tensor = op.inputs[move.input]
                (operand,) = operands(program, op, [tensor])
                source, begin = _viewed(model.tensor(tensor).shape, move.source)
            else:
                operand = _filler(op, move.input)
                source, begin = np.broadcast_to(move.input, target.shape), 0
            params = copy_params(source, target, (begin, to))
            parts.append(Part(_named(operand, op, move), outputs[move.output], params))
        sizes = tuple(model.tensor(index).bytes for index in op.outputs)
        inputs = tuple(part.input for part in parts)
        return CopyWork(op, inputs, outputs, tuple(parts), sizes)

    return prepare


def _filler(op: Op, value: np.int8) -> Constant:
    return Constant(
        symbol(op, "filler"), np.array([value]), (f"The value {value} of the padding.",)
    )


def _named(operand: Operand, op: Op, move: Move) -> Operand:
    """The operand; a constant has the name of its place."""
    if isinstance(operand, Constant) and isinstance(move.input, int):
        return Constant(symbol(op, f"input_{move.input}"), operand.values, operand.meaning)
    return operand


class Copies:
    kernel = "mz_copy_s8"

    def accepts(self, work: CopyWork) -> bool:
        return True

    def lower(self, work: CopyWork) -> tuple[Call, ...]:
        calls = []
        for part in work.parts:
            size = work.output_bytes[work.outputs.index(part.output)]
            complete = prod(part.params.sizes) == size
            written = sum(
                prod(each.params.sizes) for each in work.parts if each.output == part.output
            )
            calls.append(
                Call(
                    work.op,
                    self.kernel,
                    part.params,
                    (part.input,),
                    (part.output,),
                    overlaps=(part.params.overlap(size),),
                    partial=not complete,
                    # Where bytes are written twice, as on padding, the order counts.
                    run=part.params.run if written == size else None,
                )
            )
        return tuple(calls)


def copied_constant_bytes(model: Model, op: Op) -> int:
    """The `constant_bytes` of operators that copy int8 constants, too."""
    int8 = [index for index in op.inputs if index != -1 and model.tensor(index).dtype.bytes == 1]
    return constant_bytes(model, int8)


def copying(constraint: str, rule: Callable[[Model, Op], None], moves: Moves) -> Aot:
    """The part of an operator for the ahead-of-time runtime; `rule` checks what `moves` relies
    on."""
    return Aot(
        constraint=constraint,
        rule=rule,
        reference=copying_reference(moves),
        prepare=copying_prepare(moves),
        variants=(Copies(),),
        constant_bytes=copied_constant_bytes,
    )
