"""A compiled file run on the host: NPU ops by the interpreter, the others by the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.affine import dequantize, quantized_steps
from mcuzoo.graph.fold import fold
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.npu.file import NpuOp, VelaFile
from mcuzoo.npu.interpreter import Broken, Interpreter
from mcuzoo.npu.memory import Memory
from mcuzoo.npu.operations import BlockOperation
from mcuzoo.ops.common.rules import Refusal
from mcuzoo.ops.operator import Aot
from mcuzoo.ops.table import OPERATORS

_UNWRITTEN = 0xA5
"""What memory holds before anything is written, so that reading it shows."""

_RENAMES = frozenset(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"))
_SCRATCH = 2

Compute = Callable[[list[Any]], Any]


@dataclass(frozen=True)
class Block:
    """What an operation stored. values: (height, width, depth) of an NPU's operation, the tensor's
    own shape of a CPU's. npu_op: the `ethos-u` op of the file, or the CPU's op, by its index.
    operation: of the NPU; None of the CPU."""

    values: NDArray[Any]
    npu_op: int
    operation: BlockOperation | None

    @property
    def name(self) -> str:
        """The place in the file, in words."""
        if self.operation is None:
            return f"op {self.npu_op}, which the CPU computes"
        return f"{self.operation.name} at word {self.operation.word} of op {self.npu_op}"


@dataclass(frozen=True)
class Execution:
    """One inference. values: of every tensor that an op writes, by its index. blocks: what every
    operation stored, in order. broken: where it could not go on, and in which op."""

    values: dict[int, NDArray[Any]]
    blocks: tuple[Block, ...]
    broken: tuple[int, Broken] | None = None


class CompiledModel:
    """Runs a compiled file as often as asked.

    unsupported: why not all of the file can be run: the first op of the CPU that the reference does
    not compute; None if there is none. What comes before it runs.
    """

    def __init__(self, file: VelaFile) -> None:
        self.file = file
        self._model = fold(file.model)
        self._interpreters = {npu.op.index: Interpreter(npu) for npu in file.npu_ops}
        self._cpu: dict[int, Compute] = {}
        self._order: list[Op] = []
        self.unsupported: str | None = None
        for op in _needed(self._model):
            if op.index not in self._interpreters:
                try:
                    self._cpu[op.index] = _computed(self._model, op)
                except UnsupportedOpError as error:
                    self.unsupported = error.message
                    break
            self._order.append(op)

    def run(self, given: NDArray[Any]) -> Execution:
        """given: the file's own input. Nothing is raised; what goes wrong is in the Execution."""
        run = _Run(self.file, self._model)
        run.put(self.file.model.inputs[0], given)
        values: dict[int, NDArray[Any]] = {}
        for op in self._order:
            npu = self.file.npu_op(op.index)
            if npu is None:
                run.compute(op, self._cpu[op.index])
            else:
                try:
                    run.npu(npu, self._interpreters[op.index])
                except Broken as broken:
                    return Execution(values, tuple(run.blocks), (op.index, broken))
            values.update((index, run.get(index)) for index in op.outputs)
        return Execution(values, tuple(run.blocks))


class _Run:
    """The arena of one inference."""

    def __init__(self, file: VelaFile, model: Model) -> None:
        self.file = file
        self.model = model
        self.arena = np.full(file.arena_bytes, _UNWRITTEN, np.uint8)
        self.held: dict[int, NDArray[Any]] = {}
        self.blocks: list[Block] = []

    def _place(self, tensor: Tensor) -> NDArray[np.uint8] | None:
        offset = self.file.offsets[tensor.index]
        if offset < 0 or offset + tensor.bytes > len(self.arena):
            return None
        return self.arena[offset : offset + tensor.bytes]

    def put(self, index: int, values: NDArray[Any]) -> None:
        tensor = self.model.tensor(index)
        stored = np.ascontiguousarray(values, tensor.dtype.numpy).reshape(tensor.shape)
        place = self._place(tensor)
        if place is None:
            self.held[index] = stored
        else:
            place[:] = stored.reshape(-1).view(np.uint8)

    def get(self, index: int) -> NDArray[Any]:
        tensor = self.model.tensor(index)
        if tensor.data is not None:
            return tensor.data
        place = self._place(tensor)
        if place is not None:
            values: NDArray[Any] = place.copy().view(tensor.dtype.numpy).reshape(tensor.shape)
            return values
        return self.held.get(index, np.zeros(tensor.shape, tensor.dtype.numpy))

    def compute(self, op: Op, kernel: Compute) -> None:
        made = kernel([None if index == -1 else self.get(index) for index in op.inputs])
        outputs = made if isinstance(made, tuple) else (made,)
        for index, values in zip(op.outputs, outputs, strict=True):
            self.put(index, values)
            self.blocks.append(Block(values, op.index, None))

    def npu(self, npu: NpuOp, interpreter: Interpreter) -> None:
        base = max(self.file.offsets[npu.op.inputs[_SCRATCH]], 0)
        scratch = self.arena[base : base + npu.scratch_bytes]
        if len(scratch) < npu.scratch_bytes:
            scratch = np.full(npu.scratch_bytes, _UNWRITTEN, np.uint8)
        fast = scratch if npu.shared else np.full(npu.fast_bytes, _UNWRITTEN, np.uint8)
        constants = np.frombuffer(bytearray(npu.constants), np.uint8)
        memory = Memory({0: constants, 1: scratch, 2: fast}, interpreter.shram_bytes)
        index = npu.op.index
        interpreter.run(
            memory, lambda operation, values: self.blocks.append(Block(values, index, operation))
        )


def _needed(model: Model) -> list[Op]:
    """The ops that the outputs depend on; of a RESHAPE only its first input counts."""
    wanted, found = set(model.outputs), []
    for op in reversed(model.ops):
        if wanted.intersection(op.outputs):
            wanted.update(op.inputs[:1] if op.name in _RENAMES else op.inputs)
            found.append(op)
    return found[::-1]


def _computed(model: Model, op: Op) -> Compute:
    """What the CPU computes. Raises UnsupportedOpError."""
    if op.name in _RENAMES:
        shape = model.tensor(op.outputs[0]).shape
        return lambda inputs: inputs[0].reshape(shape)
    if op.name in ("QUANTIZE", "DEQUANTIZE") and len(op.inputs) == len(op.outputs) == 1:
        source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
        if source.dtype is DType.FLOAT32 and target.quantization is not None:
            return lambda inputs: _quantized(inputs[0], target)
        if target.dtype is DType.FLOAT32 and source.quantization is not None:
            given = source.quantization
            return lambda inputs: dequantize(inputs[0], given)
    aot = OPERATORS[op.name].aot if op.name in OPERATORS else None
    if not isinstance(aot, Aot):
        raise UnsupportedOpError(
            f"Op {op.index} {op.name} is the CPU's, and mcuzoo's reference has no such op.",
            "Nothing behind it can be judged on images.",
        )
    try:
        aot.rule(model, op)
    except Refusal as refusal:
        raise UnsupportedOpError(
            f"Op {op.index} {op.name} is the CPU's, and mcuzoo's reference does not compute it: "
            f"{refusal.reason}.",
            "Nothing behind it can be judged on images.",
        ) from refusal
    return aot.reference(model, op)


def _quantized(values: NDArray[Any], target: Tensor) -> NDArray[Any]:
    quantization = target.quantization
    assert quantization is not None
    steps = quantized_steps(values, quantization.scale, quantization.zero_point)
    limits = np.iinfo(target.dtype.numpy)
    quantized: NDArray[Any] = np.clip(steps, limits.min, limits.max).astype(target.dtype.numpy)
    return quantized
