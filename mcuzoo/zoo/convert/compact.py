"""Drop the tensors that nothing names any more."""

from __future__ import annotations

from dataclasses import replace

from mcuzoo.graph.model import Model


def without_unused_tensors(model: Model) -> Model:
    """`model` with its tensors numbered anew, in their order, where some are unused."""
    used = {index for op in model.ops for index in (*op.inputs, *op.outputs)}
    used |= {*model.inputs, *model.outputs}
    kept = [tensor for tensor in model.tensors if tensor.index in used]
    if len(kept) == len(model.tensors):
        return model
    place = {tensor.index: number for number, tensor in enumerate(kept)} | {-1: -1}

    def renumbered(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(place[index] for index in indices)

    return replace(
        model,
        tensors=tuple(replace(tensor, index=place[tensor.index]) for tensor in kept),
        ops=tuple(
            replace(op, inputs=renumbered(op.inputs), outputs=renumbered(op.outputs))
            for op in model.ops
        ),
        inputs=renumbered(model.inputs),
        outputs=renumbered(model.outputs),
    )
