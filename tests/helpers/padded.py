"""Models of one operator with a PAD or PADV2 before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.read import parse_model


def padded(raw: bytes, paddings: Sequence[tuple[int, int]], value: int | None = None) -> Model:
    """The model in `raw`, whose input a PAD makes of a smaller image, or a PADV2 with `value`.

    paddings: (before, after) for each axis of the operator's input.
    """
    model = parse_model(raw, "case")
    (op,) = model.ops
    source, first = model.tensor(op.inputs[0]), len(model.tensors)
    pairs = np.array(paddings, np.int32)
    shape = tuple((np.array(source.shape) - pairs.sum(axis=1)).tolist())
    image = replace(source, index=first, name="image", shape=shape)
    amounts = Tensor(first + 1, "paddings", pairs.shape, DType.INT32, None, pairs)
    added, pad = [image, amounts], Op(0, "PAD", 1, (first, first + 1), (source.index,))
    if value is not None:
        data = np.array([value], np.int8)
        added.append(Tensor(first + 2, "value", (1,), DType.INT8, source.quantization, data))
        pad = replace(pad, name="PADV2", inputs=(*pad.inputs, first + 2))
    return replace(
        model,
        tensors=(*model.tensors, *added),
        ops=(pad, replace(op, index=1)),
        inputs=(first,),
    )
