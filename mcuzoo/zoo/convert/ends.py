"""Cut the conversions at a model's ends, so that it takes and gives INT8 itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcuzoo.errors import ModelError
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.zoo.convert.operators import CONVERSIONS
from mcuzoo.zoo.convert.shift import SHIFT


@dataclass(frozen=True)
class Cut:
    """`removed`: the ops that are gone, as "QUANTIZE 0"."""

    model: Model
    removed: tuple[str, ...]


def cut_ends(model: Model) -> Cut:
    """Every leading QUANTIZE and final DEQUANTIZE (or QUANTIZE to UINT8) goes.

    A QUANTIZE between INT8 of different scales stays: it computes. Raises ModelError when an
    input or output is not INT8 then.
    """
    removed: list[Op] = []
    inputs = [_cut_input(model, index, removed) for index in model.inputs]
    outputs = [_cut_output(model, index, removed) for index in model.outputs]
    for index in (*inputs, *outputs):
        tensor = model.tensor(index)
        if tensor.dtype is not DType.INT8:
            raise ModelError(
                f"Tensor {index} {tensor.name!r} at the model's end is {tensor.dtype.value}, and "
                "no QUANTIZE or DEQUANTIZE stands between it and INT8.",
                "Convert without `--io int8`.",
            )
    if not removed:
        return Cut(model, ())
    kept = [op for op in model.ops if op not in removed]
    ops = tuple(replace(op, index=place) for place, op in enumerate(kept))
    cut = replace(model, ops=ops, inputs=tuple(inputs), outputs=tuple(outputs))
    return Cut(cut, tuple(f"{op.name} {op.index}" for op in removed))


def _cut_input(model: Model, index: int, removed: list[Op]) -> int:
    readers = [op for op in model.ops if index in op.inputs]
    if len(readers) != 1 or index in model.outputs or readers[0].name != "QUANTIZE":
        return index
    inner = readers[0].outputs[0]
    if not _only_converts(model.tensor(index), model.tensor(inner)):
        return index
    removed.append(readers[0])
    return inner


def _cut_output(model: Model, index: int, removed: list[Op]) -> int:
    writers = [op for op in model.ops if index in op.outputs and op.name in CONVERSIONS]
    if len(writers) != 1 or any(index in op.inputs for op in model.ops):
        return index
    inner = writers[0].inputs[0]
    if not _only_converts(model.tensor(index), model.tensor(inner)):
        return index
    if writers[0] not in removed:
        removed.append(writers[0])
    return inner


def _only_converts(outer: Tensor, inner: Tensor) -> bool:
    """Whether `outer` is `inner` (INT8), the same 128 higher, or its real value."""
    if inner.dtype is not DType.INT8 or inner.quantization is None:
        return False
    if outer.dtype is DType.FLOAT32:
        return True
    if outer.quantization is None or outer.dtype not in (DType.UINT8, DType.INT8):
        return False
    shift = SHIFT if outer.dtype is DType.UINT8 else 0
    return (
        outer.quantization.scale == inner.quantization.scale
        and outer.quantization.zero_point - inner.quantization.zero_point == shift
    )
