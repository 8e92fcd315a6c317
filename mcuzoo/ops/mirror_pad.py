"""MIRROR_PAD: padding that repeats the image backwards, with its edge (SYMMETRIC) or without."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.picks import Table, picking
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8, rank <= 4, with constant paddings."""
    _check(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """MIRROR_PAD with constant paddings that the image is large enough for."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(2, 3))
    source, target = rules.moved(model, op, kinds)
    paddings = rules.input_tensor(model, op, 1)
    pairs = rules.indices(paddings)
    if pairs.shape != (len(source.shape), 2):
        raise rules.Refusal(f"has the shape {list(pairs.shape)}", paddings.index)
    most = np.array(source.shape) - _edge(op)
    if np.any(pairs < 0) or np.any(pairs > most[:, None]):
        raise rules.Refusal(f"holds {rules.shown(pairs)}", paddings.index)
    sizes = np.array(source.shape) + pairs.sum(axis=1)
    rules.same_shape(target, tuple(sizes.tolist()))


def _edge(op: Op) -> int:
    """Pixels of the edge that are not repeated."""
    return 1 if op.options["mode"] == "REFLECT" else 0


def tables(model: Model, op: Op) -> Sequence[Table]:
    """As GetInputDimension in mirror_pad.cc."""
    edge = _edge(op)
    pairs = np.asarray(model.tensor(op.inputs[1]).data).astype(np.int64)
    made: list[Table] = []
    for size, (before, after) in zip(model.tensor(op.inputs[0]).shape, pairs, strict=True):
        inside = np.arange(size)
        ahead = inside[edge : edge + before][::-1]
        behind = inside[::-1][edge : edge + after]
        padded = before or after
        made.append(np.concatenate([ahead, inside, behind]) if padded else None)
    return made


OPERATOR = Operator(
    name="MIRROR_PAD",
    aot=picking("int8, rank <= 4, constant paddings", rule, tables),
    tflm=Tflm(resolver="AddMirrorPad", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
