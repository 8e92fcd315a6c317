"""TILE: the input several times along its axes. Keras' UpSampling2D becomes this.

TFLM has no such operator. The bytes are those of TFLite's kernel, tensorflow/lite/kernels/tile.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from mcuzoo.graph.model import Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import AXES, Move, copying
from mcuzoo.ops.operator import Operator, Without


def rule(model: Model, op: Op) -> None:
    """int8, a constant number of times along each axis."""
    rules.arity(op, range(2, 3))
    source, target = rules.moved(model, op, rules.INT8, rules.MAX_SHAPE_RANK)
    rules.int8_ends(model, op)
    multiples = rules.input_tensor(model, op, 1)
    times = rules.indices(multiples)
    if times.shape != (len(source.shape),) or times.min() < 1 or times.max() > rules.MAX_REACH:
        raise rules.Refusal(f"holds {rules.shown(times)}", multiples.index)
    rules.same_shape(
        target, tuple(int(size) * count for size, count in zip(source.shape, times, strict=True))
    )
    loops = sum(size > 1 for size in (*source.shape, *times))
    if loops > AXES:
        raise rules.Refusal(f"repeats {list(source.shape)} along too many axes", multiples.index)


def moves(model: Model, op: Op) -> Sequence[Move]:
    shape = model.tensor(op.inputs[0]).shape
    times = np.asarray(model.tensor(op.inputs[1]).data).tolist()
    apart = tuple(chain.from_iterable((1, size) for size in shape))
    repeated = tuple(chain.from_iterable(zip(times, shape, strict=True)))
    return (
        Move(
            0,
            source=lambda values: np.broadcast_to(values.reshape(apart), repeated),
            target=lambda values: values.reshape(repeated),
        ),
    )


OPERATOR = Operator(
    name="TILE",
    aot=copying("int8, constant multiples", rule, moves),
    tflm=Without("TFLM has no such op"),
    rewrite=Without("no exact rewrite is known"),
)
