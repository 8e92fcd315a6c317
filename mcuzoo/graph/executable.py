"""A model as boards compute it: from one int8 tensor to another, without what only renames.

What converters put around and between is taken off in this order: constants that the file
computes (fold.py); UINT8 at the ends of an INT8 body; conversions, turns and new shapes at the
ends, which the host does; ops that give their input under another shape; ops that nothing reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcuzoo.graph.fold import FAILURES, fold, strided_slice
from mcuzoo.graph.model import DType, Model, Op, Quantization, Tensor

UINT8_OFFSET = 128
"""A UINT8 value is its INT8 value and this; its zero point, too."""

_SHAPING = frozenset(("EXPAND_DIMS", "RESHAPE", "SQUEEZE"))
_CHANNELS_LAST = (0, 2, 3, 1)
_SINGLE = frozenset(("CONCATENATION", "PACK", "SPLIT", "SPLIT_V", "UNPACK"))
"""Ops that join or part along an axis; with one part they do nothing."""

_NEUTRAL = {"PAD": 0, "SLICE": 0, "TILE": 1}
"""Ops that do nothing if all of their second input is this, and the shape stays."""


@dataclass(frozen=True)
class Executable:
    """`model`: its tensors have the indices and its ops the numbers that they have in the file;
    the file's own model if nothing had to change. entry, exit: the ops of the file at its ends
    that the host does instead, in order."""

    model: Model
    entry: tuple[Op, ...]
    exit: tuple[Op, ...]


def executable(model: Model) -> Executable:
    """The part of `model` that boards compute. Never raises: what cannot be taken off stays."""
    work = _Work(fold(model))
    entry: list[Op] = []
    exit_: list[Op] = []
    if len(model.inputs) == len(model.outputs) == 1:
        work.retype_input()
        work.retype_output()
        entry = work.cut_entry()
        exit_ = work.cut_exit()
    work.rename()
    work.drop_unread()
    return Executable(work.model, tuple(entry), tuple(exit_))


class _Work:
    """The model while it is changed; `model` is the given one as long as nothing was."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._indexed: tuple[Op, ...] | None = None
        self._readers: dict[int, list[Op]] = {}
        self._writers: dict[int, Op] = {}

    def _index(self) -> None:
        """Who reads and writes what, as long as the ops stay the same."""
        if self._indexed is self.model.ops:
            return
        self._indexed, self._readers, self._writers = self.model.ops, {}, {}
        for op in self.model.ops:
            for tensor in dict.fromkeys(op.inputs):
                self._readers.setdefault(tensor, []).append(op)
            self._writers.update(dict.fromkeys(op.outputs, op))

    def readers(self, tensor: int) -> list[Op]:
        self._index()
        return self._readers.get(tensor, [])

    def writer(self, tensor: int) -> Op | None:
        self._index()
        return self._writers.get(tensor)

    def only_reader(self, tensor: int) -> Op | None:
        """The op that alone reads a tensor which is no output of the model, as its first input."""
        readers = self.readers(tensor)
        if len(readers) != 1 or tensor in self.model.outputs or readers[0].inputs[0] != tensor:
            return None
        return readers[0] if readers[0].inputs.count(tensor) == 1 else None

    def _source(self, op: Op) -> Tensor | None:
        """The first input."""
        return self.model.tensor(op.inputs[0]) if op.inputs and op.inputs[0] != -1 else None

    def without(self, dropped: Iterable[Op]) -> None:
        numbers = {op.index for op in dropped}
        if numbers:
            kept = tuple(op for op in self.model.ops if op.index not in numbers)
            self.model = replace(self.model, ops=kept)

    def retype_input(self) -> None:
        """A UINT8 input that is only quantized to INT8, perhaps under another shape first."""
        tensor = self.model.tensor(self.model.inputs[0])
        found: list[int] = []
        while tensor.dtype is DType.UINT8:
            found.append(tensor.index)
            reader = self.only_reader(tensor.index)
            if reader is None or not self._passes(reader, tensor):
                return
            tensor = self.model.tensor(reader.outputs[0])
        if found and tensor.dtype is DType.INT8:
            self._retype(found)

    def retype_output(self) -> None:
        """A UINT8 output that is only quantized from INT8, perhaps under another shape then."""
        tensor = self.model.tensor(self.model.outputs[0])
        found: list[int] = []
        while tensor.dtype is DType.UINT8:
            found.append(tensor.index)
            writer = self.writer(tensor.index)
            if writer is None or len(self.readers(tensor.index)) != (len(found) > 1):
                return
            source = self._source(writer)
            if source is None or not self._passes(writer, source):
                return
            tensor = source
        if found and tensor.dtype is DType.INT8:
            self._retype(found)

    def _passes(self, op: Op, source: Tensor) -> bool:
        """Whether the op quantizes `source`, or passes its values on."""
        if len(op.outputs) != 1:
            return False
        if op.name == "QUANTIZE":
            return True
        target = self.model.tensor(op.outputs[0])
        moves = op.name in _SHAPING or op.name == "TRANSPOSE"
        return moves and source.dtype is target.dtype and _same_quantization(source, target)

    def _retype(self, tensors: Iterable[int]) -> None:
        changed = list(self.model.tensors)
        for index in tensors:
            quantization = changed[index].quantization
            if quantization is None:
                return
            lower = Quantization(
                quantization.scales, quantization.zero_points - UINT8_OFFSET, quantization.axis
            )
            changed[index] = replace(changed[index], dtype=DType.INT8, quantization=lower)
        self.model = replace(self.model, tensors=tuple(changed))

    def cut_entry(self) -> list[Op]:
        """Move the model's input past conversions and turns that it alone goes through."""
        tensor = self.model.tensor(self.model.inputs[0])
        chain: list[Op] = []
        taken, target = 0, tensor
        while (op := self.only_reader(tensor.index)) is not None and len(op.outputs) == 1:
            inner = self.model.tensor(op.outputs[0])
            converts = op.name == "QUANTIZE" and _converts(tensor, inner)
            turns = op.name == "TRANSPOSE" and self._to_channels_last(op)
            if not (converts or turns or (op.name in _SHAPING and _reshapes(tensor, inner))):
                break
            chain.append(op)
            tensor = inner
            if (converts or turns) and tensor.dtype is DType.INT8:
                taken, target = len(chain), tensor
        del chain[taken:]
        if chain:
            self.without(chain)
            self.model = replace(self.model, inputs=(target.index,))
        return chain

    def cut_exit(self) -> list[Op]:
        """Move the model's output before conversions that the host does, and before heads that it
        does not need to tell the classes apart."""
        tensor = self.model.tensor(self.model.outputs[0])
        chain: list[Op] = []
        taken, target = 0, tensor
        while (op := self.writer(tensor.index)) is not None and len(op.outputs) == 1:
            if len(self.readers(tensor.index)) != bool(chain):
                break
            inner = self._source(op)
            if inner is None:
                break
            name = "DEQUANTIZE" if tensor.dtype is DType.FLOAT32 else "QUANTIZE"
            converts = op.name == name and _converts(tensor, inner)
            reshapes = op.name in _SHAPING and _reshapes(inner, tensor)
            if not (converts or reshapes or self._keeps_the_best(op, inner, tensor)):
                break
            chain.insert(0, op)
            tensor = inner
            if tensor.dtype is DType.INT8 and not reshapes:
                taken, target = len(chain), tensor
        chain = chain[len(chain) - taken :]
        if chain:
            self.without(chain)
            self.model = replace(self.model, outputs=(target.index,))
        return chain

    def _keeps_the_best(self, op: Op, scores: Tensor, output: Tensor) -> bool:
        """A head after which the best class is the same: a softmax in floats, or ARG_MAX."""
        classes = scores.shape[-1] if scores.shape else 0
        if op.name in ("SOFTMAX", "LOG_SOFTMAX"):
            floats = scores.dtype is output.dtype is DType.FLOAT32
            return floats and scores.shape == output.shape and classes > 1
        if op.name != "ARG_MAX" or len(op.inputs) != 2 or scores.elements != classes:
            return False
        axis = self.model.tensor(op.inputs[1]).data if op.inputs[1] != -1 else None
        last = axis is not None and axis.reshape(-1).tolist() in ([-1], [len(scores.shape) - 1])
        return last and output.elements == 1

    def _to_channels_last(self, op: Op) -> bool:
        order = self.model.tensor(op.inputs[1]).data if len(op.inputs) == 2 else None
        if order is None or _axes(order) != list(_CHANNELS_LAST):
            return False
        source, target = (self.model.tensor(index) for index in (op.inputs[0], op.outputs[0]))
        turned = len(source.shape) == 4 and source.shape[0] == 1
        shape = tuple(source.shape[axis] for axis in _CHANNELS_LAST) if turned else ()
        return (
            target.shape == shape
            and source.dtype is target.dtype
            and _same_quantization(source, target)
        )

    def rename(self) -> None:
        """Make a RESHAPE of every op whose output has its input's values in their order, and none
        of one that even has its shape."""
        same: dict[int, int] = {}
        ops: list[Op] = []
        for op in self.model.ops:
            read = tuple(same.get(index, index) for index in op.inputs)
            current = op if read == op.inputs else replace(op, inputs=read)
            source = self._renamed(current)
            if source is None:
                ops.append(current)
                continue
            output = self.model.tensor(op.outputs[0])
            whole = source.shape == output.shape and _same_quantization(source, output)
            if whole and output.index not in self.model.outputs:
                same[output.index] = source.index
            elif op.name == "RESHAPE" and _is_constant(self.model, current.inputs[1:]):
                ops.append(current)
            else:
                options = {"new_shape": output.shape}
                ops.append(
                    replace(
                        current, name="RESHAPE", version=1, inputs=(source.index,), options=options
                    )
                )
        if len(ops) != len(self.model.ops) or any(
            new is not old for new, old in zip(ops, self.model.ops, strict=True)
        ):
            self.model = replace(self.model, ops=tuple(ops))

    def _renamed(self, op: Op) -> Tensor | None:
        """The tensor whose values are the op's only output; None if the op does something."""
        model = self.model
        if len(op.outputs) != 1 or not op.inputs or -1 in op.inputs:
            return None
        place = 1 if op.name == "SPLIT" and len(op.inputs) == 2 else 0
        source, target = model.tensor(op.inputs[place]), model.tensor(op.outputs[0])
        rest = [model.tensor(index).data for index in (*op.inputs[:place], *op.inputs[place + 1 :])]
        if source.data is not None or source.elements == 0:
            return None
        if op.name in _SHAPING:
            alike = (source.dtype, source.elements) == (target.dtype, target.elements)
            return source if alike else None
        if not _reshapes(source, target):
            return None
        if op.name == "QUANTIZE":
            return source if source.shape == target.shape else None
        if op.name in _SINGLE:
            others = op.inputs if op.name in ("CONCATENATION", "PACK") else op.outputs
            fused = op.options.get("fused_activation_function", "NONE") != "NONE"
            return source if len(others) == 1 and not fused else None
        if any(value is None for value in rest):
            return None
        if op.name == "TRANSPOSE" and len(rest) == 1:
            return source if _keeps_order(source.shape, rest[0]) else None
        if source.shape == target.shape and op.name in _NEUTRAL:
            return source if all(np.all(value == _NEUTRAL[op.name]) for value in rest[:1]) else None
        if op.name == "STRIDED_SLICE" and len(rest) == 3:
            return source if _takes_all(op, source.shape, rest) else None
        return None

    def drop_unread(self) -> None:
        """Without the ops whose outputs nothing reads."""
        needed = set(self.model.outputs)
        kept: list[Op] = []
        for op in reversed(self.model.ops):
            if needed.intersection(op.outputs):
                needed.update(op.inputs)
                kept.insert(0, op)
        if len(kept) != len(self.model.ops):
            self.model = replace(self.model, ops=tuple(kept))


def _is_constant(model: Model, tensors: Sequence[int]) -> bool:
    return all(model.tensor(index).data is not None for index in tensors)


def _same_quantization(first: Tensor, second: Tensor) -> bool:
    mine, theirs = first.quantization, second.quantization
    if mine is None or theirs is None:
        return mine is theirs
    if mine.per_channel or theirs.per_channel:
        return False
    return (mine.scale, mine.zero_point) == (theirs.scale, theirs.zero_point)


def _reshapes(source: Tensor, target: Tensor) -> bool:
    """Whether one may be the other under another shape."""
    return (
        source.dtype is target.dtype
        and source.elements == target.elements
        and (source.dtype is DType.FLOAT32 or _same_quantization(source, target))
    )


def _converts(outer: Tensor, inner: Tensor) -> bool:
    """Is `inner` the INT8 form of `outer`: of floats, or of the same numbers?"""
    if inner.dtype is not DType.INT8 or inner.quantization is None or inner.shape != outer.shape:
        return False
    if outer.dtype is DType.FLOAT32:
        return True
    return outer.dtype is DType.INT8 and _same_quantization(outer, inner)


def _takes_all(op: Op, shape: tuple[int, ...], bounds: Sequence[Any]) -> bool:
    """Whether a slice with strides of 1 has all elements of `shape`."""
    whole = np.broadcast_to(np.int8(0), shape)
    try:
        return bool(np.all(bounds[2] == 1)) and (
            strided_slice(op, [whole, *bounds]).size == whole.size
        )
    except FAILURES:
        return False


def _axes(order: Any) -> list[int]:
    """The axes that a constant names; none if it holds no integers."""
    return order.reshape(-1).tolist() if order.dtype.kind == "i" else []


def _keeps_order(shape: tuple[int, ...], order: Any) -> bool:
    """Whether a transposition moves nothing but axes of one element."""
    axes = _axes(order)
    if sorted(axes) != list(range(len(shape))):
        return False
    longer = [axis for axis in axes if shape[axis] > 1]
    return longer == sorted(longer)
