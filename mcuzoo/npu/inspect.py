"""What is in a file that Vela compiled: the facts behind `mcuzoo inspect` of such a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mcuzoo.graph.model import Tensor
from mcuzoo.graph.read import MAX_FILE_BYTES
from mcuzoo.graph.schema import FILE_IDENTIFIER
from mcuzoo.npu.decode import decode_operations
from mcuzoo.npu.file import NpuOp, VelaFile
from mcuzoo.npu.operations import DmaOperation, Wait

_VERSION = re.compile(r"Vela (\d+\.\d+[0-9A-Za-z.+-]{0,40})")
_MARK = b"ethos-u"


@dataclass(frozen=True)
class End:
    """A tensor at an end of the file or of an NPU op. name, dtype, shape: as in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class NpuOpFacts:
    """One `ethos-u` op.

    index: in the file. accelerator: what it was compiled for, as --accelerator-config of Vela; None
    if the stream does not say. architecture: version of the NPU's architecture. stream_bytes: of
    its commands. constant_bytes: of weights, scales and tables. scratch_bytes, fast_bytes: of the
    memories that it works in. inputs, outputs: its activations. operations: how many of each kind.
    dma_bytes: that it copies. faults: what a driver or an NPU would refuse, or nobody knows.
    """

    index: int
    accelerator: str | None
    architecture: str | None
    stream_bytes: int
    constant_bytes: int
    scratch_bytes: int
    fast_bytes: int
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    operations: dict[str, int]
    dma_bytes: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class CpuOpFacts:
    """An op that Vela left to the CPU. index, name: in the file. outputs: its tensors."""

    index: int
    name: str
    outputs: tuple[End, ...]


@dataclass(frozen=True)
class VelaInspection:
    """name: the file's, without its ending. sha256, bytes: of the file. version: of Vela, None if
    the file does not say. description: as Vela wrote it. inputs, outputs: of the file. arena_bytes:
    of all tensors together. npu_ops, cpu_ops: in the order of the file. faults: of the file itself.
    """

    name: str
    sha256: str
    bytes: int
    version: str | None
    description: str
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    arena_bytes: int
    npu_ops: tuple[NpuOpFacts, ...]
    cpu_ops: tuple[CpuOpFacts, ...]
    faults: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The document that `mcuzoo inspect --json` prints of such a file."""
        return asdict(self)


def is_vela_file(path: Path) -> bool:
    """Whether the file looks like one that Vela compiled. False for one that cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            return False
        raw = path.read_bytes()
    except OSError:
        return False
    return raw[4:8] == FILE_IDENTIFIER and _MARK in raw


def inspect_vela(file: VelaFile) -> VelaInspection:
    """Everything there is to say about a compiled file, for whichever Ethos-U55 or U65 it is."""
    model = file.model
    said = _VERSION.search(model.description)
    return VelaInspection(
        name=model.name,
        sha256=model.sha256,
        bytes=model.bytes,
        version=said[1] if said else None,
        description=model.description,
        inputs=_ends(model.tensor(index) for index in model.inputs),
        outputs=_ends(model.tensor(index) for index in model.outputs),
        arena_bytes=file.arena_bytes,
        npu_ops=tuple(map(_npu_op, file.npu_ops)),
        cpu_ops=tuple(
            CpuOpFacts(op.index, op.name, _ends(model.tensor(index) for index in op.outputs))
            for op in file.cpu_ops
        ),
        faults=file.faults,
    )


def _npu_op(npu: NpuOp) -> NpuOpFacts:
    decoded = decode_operations(npu.stream)
    config = npu.stream.config
    done = [one for one in decoded.operations if not isinstance(one, Wait)]
    copies = [one for one in done if isinstance(one, DmaOperation)]
    kinds = Counter("DMA" if isinstance(one, DmaOperation) else one.kind for one in done)
    faults = (*npu.stream.faults, *decoded.faults)
    return NpuOpFacts(
        index=npu.op.index,
        accelerator=None if config is None else config.accelerator,
        architecture=None if config is None else ".".join(map(str, config.architecture)),
        stream_bytes=len(npu.payload),
        constant_bytes=len(npu.constants),
        scratch_bytes=npu.scratch_bytes,
        fast_bytes=npu.fast_bytes,
        inputs=_ends(place.tensor for place in npu.inputs),
        outputs=_ends(place.tensor for place in npu.outputs),
        operations=dict(sorted(kinds.items())),
        dma_bytes=sum(one.source.length for one in copies),
        faults=tuple(dict.fromkeys(f"word {one.word}: {one.what}" for one in faults)),
    )


def _ends(tensors: Iterable[Tensor]) -> tuple[End, ...]:
    return tuple(_end(tensor) for tensor in tensors)


def _end(tensor: Tensor) -> End:
    return End(tensor.name, tensor.dtype.value, tensor.shape)
