"""Constants that a file computes: the shape arithmetic of converters, and moved or cut constants.

Every tensor of a .tflite file has a fixed shape, so what SHAPE, STRIDED_SLICE, PACK and the like
make of shapes is known when the file is read. Semantics: the kernels of the same names under
tensorflow/lite/kernels. An op that cannot be computed here, or whose result is not what the file
says of its output, stays in the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.affine import quantize
from mcuzoo.graph.model import DType, Model, Op, Tensor

Values = Sequence[NDArray[Any]]
Compute = Callable[[Op, Values, Sequence[Tensor]], Values]

MAX_COMPUTED_BYTES = 1 << 16
"""No shape is as long as this; it bounds what a file can make us compute."""

_COMPUTED = frozenset((DType.INT32, DType.INT64, DType.BOOL, DType.FLOAT32))
FAILURES = (ValueError, IndexError, TypeError, OverflowError, ArithmeticError, KeyError)


def fold(model: Model) -> Model:
    """`model` without the ops whose outputs are constants; their values are the tensors' data then.

    Tensors keep their indices and ops theirs. Returns `model` itself if there is nothing to fold.
    """
    tensors = list(model.tensors)
    kept = [op for op in model.ops if not _folded(op, tensors, model.outputs)]
    if len(kept) == len(model.ops):
        return model
    return replace(model, tensors=tuple(tensors), ops=tuple(kept))


def _folded(op: Op, tensors: list[Tensor], outputs: Sequence[int]) -> bool:
    """Whether the values of all outputs are known; they are put into `tensors` then."""
    if op.name not in _FUNCTIONS or any(index in outputs for index in op.outputs):
        return False
    sources = [tensors[index] for index in op.inputs if index != -1]
    targets = [tensors[index] for index in op.outputs]
    known = op.name == "SHAPE" or all(source.data is not None for source in sources)
    if not known or not _allowed(op, sources, targets):
        return False
    values = [np.empty(0) if source.data is None else source.data for source in sources]
    try:
        with np.errstate(all="ignore"):
            made = _FUNCTIONS[op.name](op, values, [*sources, *targets])
    except FAILURES:
        return False
    if [(value.shape, value.dtype) for value in made] != [
        (target.shape, target.dtype.numpy) for target in targets
    ]:
        return False
    for target, value in zip(targets, made, strict=True):
        tensors[target.index] = replace(target, data=np.array(value, order="C"))
    return True


def _allowed(op: Op, sources: Sequence[Tensor], targets: Sequence[Tensor]) -> bool:
    given = sum(source.bytes for source in sources if source.data is not None)
    limit = max(MAX_COMPUTED_BYTES, given if op.name in _MOVES or op.name == "QUANTIZE" else 0)
    if not sources or not targets or sum(target.bytes for target in targets) > limit:
        return False
    if op.name == "QUANTIZE":
        return True
    if op.name in _MOVES:
        moved = [source for source in sources if source.dtype is targets[0].dtype]
        return all(_alike(source, target) for source in moved for target in targets)
    if op.options.get("fused_activation_function", "NONE") != "NONE":
        return False
    if op.name not in _FREE and any(source.dtype is not sources[0].dtype for source in sources):
        return False
    if op.name != "SHAPE" and given > MAX_COMPUTED_BYTES:
        return False
    computed = targets if op.name == "SHAPE" else (*sources, *targets)
    return all(tensor.dtype in _COMPUTED for tensor in computed)


def _alike(source: Tensor, target: Tensor) -> bool:
    """Whether the same numbers mean the same in both."""
    mine, theirs = source.quantization, target.quantization
    if mine is None or theirs is None or source.dtype in _COMPUTED:
        return True
    if mine.per_channel or theirs.per_channel:
        return False
    return (mine.scale, mine.zero_point) == (theirs.scale, theirs.zero_point)


def _shape(_op: Op, _values: Values, tensors: Sequence[Tensor]) -> Values:
    source, target = tensors
    return [np.array(source.shape, target.dtype.numpy)]


def strided_slice(op: Op, values: Values) -> NDArray[Any]:
    """values: the source, then begins, ends and strides. Raises one of FAILURES."""
    if op.options["offset"]:
        raise ValueError("ends are offsets")
    source, begins, ends, strides = values
    masks = [
        int(op.options[f"{name}_mask"])
        for name in ("ellipsis", "new_axis", "shrink_axis", "begin", "end")
    ]
    places: list[Any] = []
    for at, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        ellipsis, new_axis, shrink, from_start, to_end = (bool(mask >> at & 1) for mask in masks)
        if ellipsis:
            places.append(Ellipsis)
        elif new_axis:
            places.append(None)
        elif shrink:
            places.append(int(begin))
        else:
            first = None if from_start else int(begin)
            places.append(slice(first, None if to_end else int(end), int(stride)))
    return np.asarray(source[tuple(places)])


def _slice(_op: Op, values: Values, _tensors: Sequence[Tensor]) -> Values:
    source, begins, sizes = values
    places = [
        slice(int(begin), None if size == -1 else int(begin) + int(size))
        for begin, size in zip(begins, sizes, strict=True)
    ]
    return [source[tuple(places)]]


def _reshape(_op: Op, values: Values, tensors: Sequence[Tensor]) -> Values:
    return [values[0].reshape(tensors[-1].shape)]


def _gather(op: Op, values: Values, tensors: Sequence[Tensor]) -> Values:
    source, places = values
    axis = int(op.options["axis"])
    taken = places.size * (source.size // source.shape[axis])
    if op.options["batch_dims"] or np.any(places < 0) or taken != tensors[-1].elements:
        raise ValueError("batches, or another shape")
    return [np.take(source, places, axis=axis)]


def _unpack(op: Op, values: Values, _tensors: Sequence[Tensor]) -> Values:
    return list(np.moveaxis(values[0], int(op.options["axis"]), 0))


def _split(op: Op, values: Values, _tensors: Sequence[Tensor]) -> Values:
    return np.split(values[1], int(op.options["num_splits"]), axis=int(values[0].reshape(())))


def _cast(_op: Op, values: Values, tensors: Sequence[Tensor]) -> Values:
    return [values[0].astype(tensors[-1].dtype.numpy)]


def _fill(_op: Op, values: Values, tensors: Sequence[Tensor]) -> Values:
    if tuple(values[0].tolist()) != tensors[-1].shape:
        raise ValueError("another shape")
    return [np.full(tensors[-1].shape, values[1].reshape(()))]


def _range(_op: Op, values: Values, tensors: Sequence[Tensor]) -> Values:
    start, limit, delta = (value.reshape(()).item() for value in values)
    if tensors[-1].elements != max(0, -int((start - limit) // delta)):
        raise ValueError("another length")
    return [np.arange(start, limit, delta, dtype=tensors[-1].dtype.numpy)]


def _quotient(_op: Op, values: Values, _tensors: Sequence[Tensor]) -> Values:
    """Of integers, rounded towards zero."""
    first, second = values
    if first.dtype.kind == "f":
        return [first / second]
    if not np.all(second):
        raise ValueError("division by zero")
    sizes = np.abs(first) // np.abs(second)
    return [(sizes * np.sign(first) * np.sign(second)).astype(first.dtype)]


def _floor_quotient(_op: Op, values: Values, _tensors: Sequence[Tensor]) -> Values:
    if not np.all(values[1]):
        raise ValueError("division by zero")
    return [np.floor_divide(*values)]


def _quantize(_op: Op, values: Values, tensors: Sequence[Tensor]) -> Values:
    source, target = tensors
    quantization = target.quantization
    if source.dtype is not DType.FLOAT32 or quantization is None or quantization.per_channel:
        raise ValueError("no floats, or a scale per channel")
    if target.dtype is not DType.INT8 or quantization.scale <= 0:
        raise ValueError("not to int8")
    return [quantize(values[0], quantization)]


def _reduce(function: Callable[..., Any]) -> Compute:
    def run(op: Op, values: Values, _tensors: Sequence[Tensor]) -> Values:
        axes = tuple(int(axis) for axis in values[1].reshape(-1))
        keep = bool(op.options["keep_dims"])
        made = function(values[0], axis=axes, keepdims=keep)
        return [np.asarray(made, values[0].dtype)]

    return run


def _numpy(function: Callable[..., Any]) -> Compute:
    def run(_op: Op, values: Values, tensors: Sequence[Tensor]) -> Values:
        if isinstance(function, np.ufunc) and len(values) != function.nin:
            raise ValueError("another number of inputs")
        if np.broadcast_shapes(*(value.shape for value in values)) != tensors[-1].shape:
            raise ValueError("another shape")
        return [np.asarray(function(*values))]

    return run


_MOVES: dict[str, Compute] = {
    "BROADCAST_TO": lambda _op, values, tensors: [np.broadcast_to(values[0], tensors[-1].shape)],
    "CONCATENATION": lambda op, values, _tensors: [
        np.concatenate(values, axis=int(op.options["axis"]))
    ],
    "EXPAND_DIMS": _reshape,
    "GATHER": _gather,
    "PACK": lambda op, values, _tensors: [np.stack(values, axis=int(op.options["axis"]))],
    "RESHAPE": _reshape,
    "SLICE": _slice,
    "SPLIT": _split,
    "SQUEEZE": _reshape,
    "STRIDED_SLICE": lambda op, values, _tensors: [strided_slice(op, values)],
    "TRANSPOSE": lambda _op, values, _tensors: [np.transpose(values[0], values[1].tolist())],
    "UNPACK": _unpack,
}
"""Ops that put values elsewhere, of any type."""

_FREE = frozenset(("CAST", "FILL", "SELECT", "SELECT_V2", "SHAPE", "SUM")) | {
    f"REDUCE_{name}" for name in ("MAX", "MIN", "PROD")
}
"""Ops whose inputs may be of different types."""

_FUNCTIONS: dict[str, Compute] = {
    **_MOVES,
    "ABS": _numpy(np.abs),
    "ADD": _numpy(np.add),
    "CAST": _cast,
    "DIV": _quotient,
    "EQUAL": _numpy(np.equal),
    "FILL": _fill,
    "FLOOR_DIV": _floor_quotient,
    "GREATER": _numpy(np.greater),
    "GREATER_EQUAL": _numpy(np.greater_equal),
    "LESS": _numpy(np.less),
    "LESS_EQUAL": _numpy(np.less_equal),
    "LOGICAL_AND": _numpy(np.logical_and),
    "LOGICAL_NOT": _numpy(np.logical_not),
    "LOGICAL_OR": _numpy(np.logical_or),
    "MAXIMUM": _numpy(np.maximum),
    "MINIMUM": _numpy(np.minimum),
    "MUL": _numpy(np.multiply),
    "NEG": _numpy(np.negative),
    "NOT_EQUAL": _numpy(np.not_equal),
    "QUANTIZE": _quantize,
    "RANGE": _range,
    "REDUCE_MAX": _reduce(np.max),
    "REDUCE_MIN": _reduce(np.min),
    "REDUCE_PROD": _reduce(np.prod),
    "SELECT": _numpy(np.where),
    "SELECT_V2": _numpy(np.where),
    "SHAPE": _shape,
    "SUB": _numpy(np.subtract),
    "SUM": _reduce(np.sum),
}
