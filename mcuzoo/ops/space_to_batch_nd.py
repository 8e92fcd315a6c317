"""SPACE_TO_BATCH_ND: every n-th pixel of an image becomes an image of its own; and
BATCH_TO_SPACE_ND, its inverse.

Padding has the output's zero point, as TFLite's kernel gives it. TFLM's own takes it from memory
that nothing has written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, View, copying
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8 images, with constant blocks, paddings and crops."""
    _check(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """Images, with constant blocks and crops, and without padding."""
    _check(model, op, rules.REAL)
    if op.name == "SPACE_TO_BATCH_ND" and np.any(_pairs(model, op)):
        raise rules.Refusal("holds a padding, which TFLM fills with any value", op.inputs[2])


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(3, 4))
    source, target = rules.moved(model, op, kinds)
    rank = len(source.shape)
    if rank not in (3, 4):
        raise rules.Refusal(f"has {rank} dimensions, not 3 or 4", source.index)
    if len(target.shape) != rank:
        raise rules.Refusal(f"has {len(target.shape)} dimensions, not {rank}", target.index)
    block, pairs = (rules.input_tensor(model, op, place) for place in (1, 2))
    sizes, edges = rules.constant(block, DType.INT32), rules.constant(pairs, DType.INT32)
    if sizes.shape != (rank - 2,) or sizes.min() < 1 or sizes.max() > rules.MAX_REACH:
        raise rules.Refusal(f"holds {rules.shown(sizes)}", block.index)
    if edges.shape != (rank - 2, 2) or edges.min() < 0 or edges.max() > rules.MAX_REACH:
        raise rules.Refusal(f"holds {rules.shown(edges)}", pairs.index)
    count = int(np.prod(sizes, dtype=np.int64))
    parts, image = (target, source) if op.name == "SPACE_TO_BATCH_ND" else (source, target)
    whole = np.array(image.shape[1:-1]) + edges.sum(axis=1)
    shape = (image.shape[0] * count, *(whole // sizes).tolist(), image.shape[-1])
    if np.any(whole % sizes):
        raise rules.Refusal(f"has the shape {list(target.shape)}", target.index)
    if parts.shape != shape:
        raise rules.Refusal(f"has the shape {list(parts.shape)}, not {list(shape)}", parts.index)


def _pairs(model: Model, op: Op) -> NDArray[np.int64]:
    """int64 (height and width, 2): paddings or crops before and after; none for a missing width."""
    pairs = np.asarray(model.tensor(op.inputs[2]).data).astype(np.int64)
    return np.pad(pairs, ((0, 2 - len(pairs)), (0, 0)))


def _block(model: Model, op: Op) -> tuple[int, int]:
    sizes = np.asarray(model.tensor(op.inputs[1]).data).tolist()
    height, width = (*sizes, 1)[:2]
    return height, width


def moves(model: Model, op: Op) -> Sequence[Move]:
    """Of every image among the parts, one."""
    to_batch = op.name == "SPACE_TO_BATCH_ND"
    image = model.tensor(op.inputs[0] if to_batch else op.outputs[0])
    parts = model.tensor(op.outputs[0] if to_batch else op.inputs[0])
    sizes = _four(image.shape)
    (top, _), (left, _) = _pairs(model, op)
    height, width = _block(model, op)
    made: list[Move] = []
    if to_batch and np.any(_pairs(model, op)):
        made.append(Move(np.int8(quantization_of(parts).zero_point)))
    for number in range(height * width):
        y, x = divmod(number, width)
        rows, image_rows = _axis(sizes[1], _four(parts.shape)[1], height, y - int(top))
        columns, image_columns = _axis(sizes[2], _four(parts.shape)[2], width, x - int(left))
        some = slice(number * sizes[0], (number + 1) * sizes[0])
        part = _view(_four(parts.shape), (some, rows, columns))
        seen = _view(sizes, (slice(None), image_rows, image_columns))
        if rows.start < rows.stop and columns.start < columns.stop:
            made.append(
                Move(0, source=seen, target=part) if to_batch else Move(0, source=part, target=seen)
            )
    return made


def _axis(image: int, part: int, block: int, first: int) -> tuple[slice, slice]:
    """What a part and the image have in common along an axis: pixel i of the part is pixel
    first + i * block of the image."""
    begin = max(0, -(first // block))
    end = max(begin, min(part, -(-(image - first) // block)))
    start = first + begin * block
    return slice(begin, end), slice(start, start + max(0, end - begin - 1) * block + 1, block)


def _four(shape: tuple[int, ...]) -> tuple[int, ...]:
    """An image without a width has one of 1."""
    return shape if len(shape) == 4 else (shape[0], shape[1], 1, shape[2])


def _view(shape: tuple[int, ...], index: tuple[slice, ...]) -> View:
    def view(array: NDArray[Any]) -> NDArray[Any]:
        return array.reshape(shape)[index]

    return view


def _operators() -> Iterator[Operator]:
    for name, resolver in (
        ("SPACE_TO_BATCH_ND", "AddSpaceToBatchNd"),
        ("BATCH_TO_SPACE_ND", "AddBatchToSpaceNd"),
    ):
        yield Operator(
            name=name,
            aot=copying("int8, constant blocks and edges", rule, moves),
            tflm=Tflm(resolver=resolver, rule=demands),
            rewrite=Without("no exact rewrite is known"),
        )


SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND = _operators()
