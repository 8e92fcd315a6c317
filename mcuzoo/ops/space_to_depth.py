"""SPACE_TO_DEPTH: a block of pixels becomes one pixel; and DEPTH_TO_SPACE, its inverse."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, copying
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8 images."""
    _check(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """Images that divide into blocks."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(1, 2))
    source, target = rules.moved(model, op, kinds)
    wide, deep = (source, target) if op.name == "SPACE_TO_DEPTH" else (target, source)
    block = int(op.options["block_size"])
    if len(source.shape) != 4 or not 1 <= block <= rules.MAX_REACH:
        raise rules.Refusal(f"of shape {list(source.shape)} has blocks of {block}", source.index)
    if len(deep.shape) != 4 or deep.shape[3] % block**2:
        raise rules.Refusal(f"of shape {list(deep.shape)} has blocks of {block}", deep.index)
    batch, height, width, channels = deep.shape
    shape = (batch, height * block, width * block, channels // block**2)
    if wide.shape != shape:
        raise rules.Refusal(f"has the shape {list(target.shape)}", target.index)


def moves_to_depth(model: Model, op: Op) -> Sequence[Move]:
    blocks, turned = _blocks(model.tensor(op.inputs[0]).shape, int(op.options["block_size"]))
    target = (*(blocks[axis] for axis in turned),)
    return (
        Move(
            0,
            source=lambda image: image.reshape(blocks).transpose(turned),
            target=lambda image: image.reshape(target),
        ),
    )


def moves_to_space(model: Model, op: Op) -> Sequence[Move]:
    blocks, turned = _blocks(model.tensor(op.outputs[0]).shape, int(op.options["block_size"]))
    source = (*(blocks[axis] for axis in turned),)
    # Swapping axes 2 and 3 is its own inverse.
    return (
        Move(
            0,
            source=lambda image: image.reshape(source).transpose(turned),
            target=lambda image: image.reshape(blocks),
        ),
    )


def _blocks(shape: tuple[int, ...], block: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape of the image as (batch, row of blocks, row, column of blocks, column, channel), and
    the order in which a block comes together."""
    batch, height, width, channels = shape
    blocks = (batch, height // block, block, width // block, block, channels)
    return blocks, (0, 1, 3, 2, 4, 5)


SPACE_TO_DEPTH = Operator(
    name="SPACE_TO_DEPTH",
    aot=copying("int8", rule, moves_to_depth),
    tflm=Tflm(resolver="AddSpaceToDepth", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
DEPTH_TO_SPACE = Operator(
    name="DEPTH_TO_SPACE",
    aot=copying("int8", rule, moves_to_space),
    tflm=Tflm(resolver="AddDepthToSpace", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
