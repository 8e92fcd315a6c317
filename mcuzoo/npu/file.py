"""A .tflite file that Vela compiled: its `ethos-u` ops, their memories, and what the CPU computes.

An `ethos-u` op has the inputs (stream, constants, scratch, fast scratch, activations ...), which
TFLM's kernel (`micro/kernels/ethos_u/ethosu.cc`) hands to the driver as base addresses: region 0
is the constants, 1 the scratch, 2 the fast scratch. Activations lie in the scratch, at the places
that the metadata OfflineMemoryAllocation says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcuzoo.errors import InputError, ModelError
from mcuzoo.graph.flatbuffer import Reader, damaged
from mcuzoo.graph.metadata import read_metadata
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.read import MAX_FILE_BYTES, MAX_OPS, parse_model
from mcuzoo.graph.schema import PLAN_METADATA, ModelSlot, OperatorSlot, SubGraphSlot
from mcuzoo.npu.stream import Stream, decode_stream

ETHOS_U = "CUSTOM:ethos-u"
CONSTANTS, SCRATCH, FAST_SCRATCH = 0, 1, 2
"""The regions that addresses of a stream are in."""

MAX_MEMORY_BYTES = 512 * 2**20
"""Of scratch and arena; no board with these NPUs gives an inference as much."""

_STREAM, _CONSTANTS, _SCRATCH, _FAST, _FIRST_ACTIVATION = range(5)
_OPTIONS = bytes((1, 4, 1))
"""The FlexBuffer of the integer 1, which TFLM's kernel asks for."""


@dataclass(frozen=True)
class Place:
    """An activation at an NPU op's end. tensor: of the file. offset: its first byte, counted from
    that of region 1."""

    tensor: Tensor
    offset: int


@dataclass(frozen=True)
class NpuOp:
    """One `ethos-u` op of the file.

    op: as it stands in the file. payload: driver header and commands, bytes. stream: the same,
    decoded. constants: region 0. scratch_bytes, fast_bytes: size of regions 1 and 2.
    inputs, outputs: its activations.
    """

    op: Op
    payload: bytes
    stream: Stream
    constants: bytes
    scratch_bytes: int
    fast_bytes: int
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]

    @property
    def shared(self) -> bool:
        """Whether regions 1 and 2 are the same tensor."""
        return self.op.inputs[_SCRATCH] == self.op.inputs[_FAST]


@dataclass(frozen=True)
class VelaFile:
    """model: the file as it was read. npu_ops: in the order of the file. cpu_ops: those that are
    left to the CPU. offsets: where each tensor lies in the arena, in bytes; -1: not in it.
    arena_bytes: its size, without what lies in the fast scratch alone. faults: what TFLM or the
    driver would refuse of the file itself; sentences without their full stop.
    """

    model: Model
    npu_ops: tuple[NpuOp, ...]
    cpu_ops: tuple[Op, ...]
    offsets: tuple[int, ...]
    arena_bytes: int
    faults: tuple[str, ...]

    def npu_op(self, index: int) -> NpuOp | None:
        """The NPU op with this index in the file; None if that op is the CPU's."""
        return next((npu for npu in self.npu_ops if npu.op.index == index), None)


def read_vela(path: Path) -> VelaFile:
    """Read a compiled file. Raises InputError if it cannot be read, ModelError if it is none."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelError(f"{path} is larger than {MAX_FILE_BYTES} bytes.", _HINT)
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file {str(path)!r} cannot be read: {error.strerror or error}.", _HINT
        ) from error
    try:
        return parse_vela(raw, path.stem)
    except ModelError as error:
        raise type(error)(f"{path}: {error.message}", error.hint) from error


def parse_vela(raw: bytes, name: str) -> VelaFile:
    """The bytes of a compiled file. Raises ModelError if it is damaged or has no `ethos-u` op."""
    model = parse_model(raw, name, compiled=True)
    compiled = [op for op in model.ops if op.name == ETHOS_U]
    if not compiled:
        raise ModelError("The file has no ethos-u op: it was not compiled by Vela.", _HINT)
    faults: list[str] = []
    offsets = _offsets(model, raw)
    options = _custom_options(raw)
    npu_ops = []
    for op in compiled:
        if options[op.index] != _OPTIONS:
            faults.append(f"op {op.index}: its custom options are not those of an ethos-u op")
        npu_ops.append(_npu_op(model, op, offsets, faults))
    return VelaFile(
        model=model,
        npu_ops=tuple(npu_ops),
        cpu_ops=tuple(op for op in model.ops if op.name != ETHOS_U),
        offsets=offsets,
        arena_bytes=_arena_bytes(model, offsets, compiled),
        faults=tuple(faults),
    )


_HINT = "Give a file that ends in _vela.tflite, as Vela writes it."


def _offsets(model: Model, raw: bytes) -> tuple[int, ...]:
    """Where each tensor lies in the arena; -1: nowhere. Layout: version, number of subgraphs,
    number of tensors, offsets, all int32 (TFLM's `micro_allocator.cc`)."""
    content = read_metadata(raw).get(PLAN_METADATA)
    if content is None:
        raise ModelError(f"The file has no metadata {PLAN_METADATA}.", _HINT)
    words = np.frombuffer(content[: len(content) // 4 * 4], "<i4").tolist()
    if len(words) < 3 or words[0] != 0 or words[1] != 1 or words[2] != len(words) - 3:
        raise damaged(f"the metadata {PLAN_METADATA} is malformed")
    if len(words) - 3 != len(model.tensors):
        raise damaged(
            f"the metadata {PLAN_METADATA} places {len(words) - 3} of {len(model.tensors)} tensors"
        )
    return tuple(words[3:])


def _custom_options(raw: bytes) -> list[bytes]:
    graph = Reader(raw).root().tables(ModelSlot.SUBGRAPHS, "subgraphs", 1)[0]
    found = []
    for table in graph.tables(SubGraphSlot.OPERATORS, "operators", MAX_OPS):
        options = table.numbers(OperatorSlot.CUSTOM_OPTIONS, "u1", "custom_options")
        found.append(b"" if options is None else options[: len(_OPTIONS) + 1].tobytes())
    return found


def _npu_op(model: Model, op: Op, offsets: tuple[int, ...], faults: list[str]) -> NpuOp:
    if len(op.inputs) <= _FIRST_ACTIVATION or -1 in op.inputs or not op.outputs:
        raise damaged(f"op {op.index} ethos-u has not the tensors of such an op")
    tensors = [model.tensor(index) for index in op.inputs]
    payload = _bytes_of(tensors[_STREAM], op)
    base = offsets[tensors[_SCRATCH].index]
    scratch, fast = tensors[_SCRATCH].bytes, tensors[_FAST].bytes
    if max(scratch, fast) > MAX_MEMORY_BYTES:
        raise ModelError(
            f"op {op.index} ethos-u wants {max(scratch, fast):,} bytes of memory.",
            "No board with such an NPU has as much; compile the model again.",
        )
    if base < 0:
        faults.append(f"op {op.index}: its scratch memory has no place in the arena")
        base = 0

    def place(index: int) -> Place:
        tensor, offset = model.tensor(index), offsets[index] - base
        if offsets[index] < 0 or offset < 0 or offset + tensor.bytes > scratch:
            faults.append(
                f"op {op.index}: tensor {index} {tensor.name!r} does not lie in its scratch memory"
            )
        return Place(tensor, offset)

    return NpuOp(
        op=op,
        payload=payload,
        stream=decode_stream(payload),
        constants=_bytes_of(tensors[_CONSTANTS], op),
        scratch_bytes=scratch,
        fast_bytes=fast,
        inputs=tuple(place(index) for index in op.inputs[_FIRST_ACTIVATION:]),
        outputs=tuple(place(index) for index in op.outputs),
    )


def _bytes_of(tensor: Tensor, op: Op) -> bytes:
    if tensor.data is None or tensor.dtype not in (DType.UINT8, DType.INT8):
        raise damaged(f"tensor {tensor.index} of op {op.index} ethos-u holds no bytes")
    return tensor.data.tobytes()


def _arena_bytes(model: Model, offsets: tuple[int, ...], compiled: list[Op]) -> int:
    fast = {op.inputs[_FAST] for op in compiled} - {op.inputs[_SCRATCH] for op in compiled}
    ends = [
        offsets[tensor.index] + tensor.bytes
        for tensor in model.tensors
        if offsets[tensor.index] >= 0 and tensor.index not in fast and tensor.data is None
    ]
    size = max(ends, default=0)
    if size > MAX_MEMORY_BYTES:
        raise damaged(f"its tensors take {size:,} bytes of arena")
    return size
