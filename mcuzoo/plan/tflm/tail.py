"""The tail of TFLite-Micro's arena: a stack of persistent structures that grows downwards.

Source: SingleArenaBufferAllocator, MicroAllocator and MicroInterpreter::AllocateTensors in
tensorflow/lite/micro. The arena starts at a multiple of 16; its end need not, so where the
structures land depends on the arena's size modulo 16.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mcuzoo.graph.model import Model, Tensor
from mcuzoo.lowering.alignment import align_up
from mcuzoo.plan.tflm import abi
from mcuzoo.plan.tflm.abi import Chunk
from mcuzoo.plan.tflm.requests import OpRequests


@dataclass
class ArenaSimulation:
    """The tail as it grows, and the least arena size that lets every step so far succeed.

    slack: the arena's size modulo 16. `parts` are the tail's bytes by what they hold, alignment
    included.
    """

    slack: int
    used: int = 0
    needed: int = 0
    parts: dict[str, int] = field(default_factory=dict)

    def push(self, part: str, chunk: Chunk, head: int) -> None:
        """A persistent allocation while the head ends at `head`."""
        # Every alignment divides 16, so `slack` is all of the end address that counts.
        misfit = (self.slack - self.used - chunk.bytes) % chunk.alignment
        self.parts[part] = self.parts.get(part, 0) + chunk.bytes + misfit
        self.used += chunk.bytes + misfit
        self.require(head)

    def require(self, below: int) -> None:
        """`below` bytes from the start must be free beside the tail as it is now."""
        self.needed = max(self.needed, below + self.used)


def simulate(
    model: Model,
    requests: Sequence[OpRequests],
    planned_count: int,
    head: int,
    recording: bool,
    slack: int,
) -> ArenaSimulation:
    """Go through AllocateTensors for an arena whose size is `slack` modulo 16.

    planned_count: how many buffers the planner gets; head: what it will make of them in bytes.
    recording: with the allocator that keeps account of what it hands out.
    """
    arena = ArenaSimulation(slack)
    for part, chunk in _before_planning(model, requests, recording):
        arena.push(part, chunk, _requests_bytes(0))
    scratches = 0
    for op, request in zip(model.ops, requests, strict=True):
        for bytes_ in request.prepare_bytes:
            arena.push("kernels", Chunk(bytes_, abi.ARENA_ALIGNMENT), _requests_bytes(scratches))
        arena.require(
            _requests_bytes(scratches) + _prepare_temporaries(model, op.inputs + op.outputs)
        )
        scratches += len(request.scratch_bytes)
    if scratches:
        handles = Chunk(abi.SCRATCH_HANDLE_BYTES * scratches)
        arena.push("scratch handles", handles, _requests_bytes(scratches))
    infos = 4 + abi.ALLOCATION_INFO_BYTES * (len(model.tensors) + scratches)
    planner = align_up(_requests_bytes(scratches) + infos, abi.ARENA_ALIGNMENT)
    # What is left for the planner ends at a multiple of the alignment too.
    arena.require(
        planner
        + abi.PLANNED_BUFFER_BYTES * planned_count
        + (slack - arena.used) % abi.ARENA_ALIGNMENT
    )
    arena.require(head)
    for part, chunk in _after_planning(model):
        arena.push(part, chunk, head)
    return arena


def _before_planning(
    model: Model, requests: Sequence[OpRequests], recording: bool
) -> Iterator[tuple[str, Chunk]]:
    yield "interpreter", abi.RECORDING_ALLOCATOR if recording else abi.ALLOCATOR
    yield "interpreter", abi.PLANNER
    yield "interpreter", abi.RECORDING_MICRO_ALLOCATOR if recording else abi.MICRO_ALLOCATOR
    yield "interpreter", abi.BUILTIN_DATA_ALLOCATOR
    yield "interpreter", abi.SUBGRAPH_ALLOCATIONS
    yield "eval tensors", Chunk(abi.EVAL_TENSOR_BYTES * len(model.tensors))
    yield "nodes", Chunk(abi.NODE_BYTES * len(model.ops))
    for request in requests:
        if request.options is not None:
            yield "op options", request.options
    for request in requests:
        if request.init_bytes:
            yield "kernels", Chunk(request.init_bytes, abi.ARENA_ALIGNMENT)


def _after_planning(model: Model) -> Iterator[tuple[str, Chunk]]:
    for ends in (model.inputs, model.outputs):
        pointers = Chunk(abi.POINTER_BYTES * len(ends), abi.ARENA_ALIGNMENT)
        yield "end pointers", pointers
        for index in ends:
            for chunk in _tensor_chunks(model.tensor(index)):
                yield "inputs and outputs", chunk


def _tensor_chunks(tensor: Tensor) -> Iterator[Chunk]:
    yield abi.TENSOR
    if tensor.quantization is not None:
        yield abi.AFFINE_QUANTIZATION
        yield abi.zero_points(len(tensor.quantization.scales))


def _requests_bytes(scratches: int) -> int:
    """The head while ops are prepared: `scratches` requests and room for one more op's."""
    return abi.SCRATCH_REQUEST_BYTES * (scratches + abi.SCRATCH_REQUESTS_PER_OP)


def _prepare_temporaries(model: Model, tensors: Sequence[int]) -> int:
    """No Prepare holds more than two views of each of its tensors at a time."""
    return 2 * sum(
        chunk.bytes
        for index in tensors
        if index != -1
        for chunk in _tensor_chunks(model.tensor(index))
    )
