"""The model without the conversions at its ends, as a .tflite file of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mcuzoo.graph.model import Model, Op, Tensor
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.graph.write import DATA_ALIGNMENT, write_model


@dataclass(frozen=True)
class CutModel:
    """model: from one int8 tensor to another. op_indices: the indices of its ops before the cut."""

    model: Model
    op_indices: tuple[int, ...]


def cut_ends(model: Model) -> CutModel:
    """Drop a leading QUANTIZE and a trailing DEQUANTIZE, and the tensors only they touched.

    A plain model without either, with aligned constants and no unused activations, is returned byte
    for byte. (TFLM would take memory for unused activations.) Any other file is written anew, every
    constant aligned to 16 bytes. Raises the errors of build_program and write_model.
    """
    program = build_program(model)
    ends = (program.input_tensor.index,), (program.output_tensor.index,)
    if ends == (model.inputs, model.outputs):
        indices = tuple(op.index for op in model.ops)
        if _idle_activations(model):
            return CutModel(_rewritten(_renumbered(model)), indices)
        return CutModel(model if model.plain and _aligned(model) else _rewritten(model), indices)
    (source,), (target,) = ends
    kept = [op for op in model.ops if source not in op.outputs and not _after(op, target, model)]
    edited = _renumbered(replace(model, inputs=ends[0], outputs=ends[1], ops=tuple(kept)))
    return CutModel(_rewritten(edited), tuple(op.index for op in kept))


def _after(op: Op, target: int, model: Model) -> bool:
    return target in op.inputs and op.outputs == model.outputs and op.name == "DEQUANTIZE"


def _aligned(model: Model) -> bool:
    start = np.frombuffer(model.raw, np.uint8).ctypes.data
    return all(
        (tensor.data.ctypes.data - start) % DATA_ALIGNMENT == 0
        for tensor in model.tensors
        if tensor.data is not None and tensor.bytes > 0
    )


def _rewritten(model: Model) -> Model:
    return parse_model(write_model(model), model.name)


def _idle_activations(model: Model) -> bool:
    touched = _touched(model)
    return any(item.data is None and item.index not in touched for item in model.tensors)


def _touched(model: Model) -> set[int]:
    return {*model.inputs, *model.outputs}.union(*((*op.inputs, *op.outputs) for op in model.ops))


def _renumbered(model: Model) -> Model:
    """Without the tensors that nothing touches."""
    touched = _touched(model)
    tensors: list[Tensor] = []
    numbers = {-1: -1}
    for tensor in model.tensors:
        if tensor.index in touched:
            numbers[tensor.index] = len(tensors)
            tensors.append(replace(tensor, index=len(tensors)))

    def renamed(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(numbers[index] for index in indices)

    ops = (
        replace(op, index=index, inputs=renamed(op.inputs), outputs=renamed(op.outputs))
        for index, op in enumerate(model.ops)
    )
    return replace(
        model,
        tensors=tuple(tensors),
        ops=tuple(ops),
        inputs=renamed(model.inputs),
        outputs=renamed(model.outputs),
    )
