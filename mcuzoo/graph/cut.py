"""The model without the conversions at its ends, or a front part of it, as a .tflite file of its
own."""

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
    """The model that boards compute (executable.py), and only the tensors that it touches.

    A plain model that is one already, with aligned constants and no unused activations, is returned
    byte for byte. (TFLM would take memory for unused activations.) Any other file is written anew,
    every constant aligned to 16 bytes. Raises the errors of build_program and write_model.
    """
    program = build_program(model)
    changed = program.model
    indices = tuple(op.index for op in changed.ops)
    if changed is not model or _idle_activations(model):
        return CutModel(_rewritten(_renumbered(changed)), indices)
    return CutModel(model if model.plain and _aligned(model) else _rewritten(model), indices)


def cut_after(model: Model, op_index: int) -> CutModel:
    """The front part of `model` that computes the first output of its op number `op_index`, and
    gives it: from the int8 input of the program (program.py) to an int8 tensor.

    Raises ValueError for an op that the program has not got, else as cut_ends.
    """
    whole = build_program(model).model
    last = next((op for op in whole.ops if op.index == op_index), None)
    if last is None:
        raise ValueError(f"op {op_index} is none of the program's")
    wanted = set(last.outputs[:1])
    ops: list[Op] = []
    for op in reversed(whole.ops):
        if wanted & set(op.outputs):
            wanted |= set(op.inputs)
            ops.insert(0, op)
    front = replace(whole, ops=tuple(ops), outputs=last.outputs[:1])
    return CutModel(_rewritten(_renumbered(front)), tuple(op.index for op in ops))


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
