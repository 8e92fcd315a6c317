"""Check that a graph is consistent: indices, order, one producer per tensor."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.graph.flatbuffer import damaged
from mcuzoo.graph.model import Op, Tensor


def verify_graph(
    tensors: Sequence[Tensor],
    variables: frozenset[int],
    ops: Sequence[Op],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> None:
    """Check that each op reads only what exists by then, if the ops run in the file's order.

    `variables` are the tensors that keep state between runs: they may be read before they are
    written. Raises ModelError naming op and tensor.
    """
    if not inputs or not outputs:
        raise damaged("the graph has no inputs or no outputs")
    for index in (*inputs, *outputs):
        _in_range(index, tensors, "the graph")
    if len(set(inputs)) != len(inputs):
        raise damaged("the graph names an input twice")

    known = set(inputs) | variables | {t.index for t in tensors if t.data is not None}
    for index in inputs:
        if tensors[index].elements == 0:
            raise damaged(f"the graph's input, tensor {index}, is empty")
        if tensors[index].data is not None:
            raise damaged(f"the graph's input, tensor {index}, is a constant")
    for op in ops:
        where = f"op {op.index} {op.name}"
        for index in op.inputs:
            if index == -1:
                continue
            _in_range(index, tensors, where)
            if index not in known:
                raise damaged(f"{where} reads tensor {index} before anything writes it")
        for index in op.outputs:
            _in_range(index, tensors, where)
            if index in known:
                raise damaged(f"{where} writes tensor {index}, which already has a value")
            if tensors[index].elements == 0:
                raise damaged(f"{where} writes tensor {index}, which is empty")
            known.add(index)
    for index in outputs:
        if index not in known:
            raise damaged(f"nothing writes the graph's output, tensor {index}")


def _in_range(index: int, tensors: Sequence[Tensor], where: str) -> None:
    if not 0 <= index < len(tensors):
        raise damaged(f"{where} names tensor {index} of {len(tensors)}")
