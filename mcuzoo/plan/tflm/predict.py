"""How large TFLite-Micro's arena will be on a 32-bit Arm target, before anything is built.

The head, by the rules of its greedy planner
(tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc): buffers with an offset given
offline come first, in their order, and are not checked; the others follow by size, largest first
(of equals the one added last), each at the lowest gap between buffers alive at its time.

The tail, a stack of persistent structures that grows downwards (SingleArenaBufferAllocator,
MicroAllocator and MicroInterpreter::AllocateTensors in tensorflow/lite/micro): the arena starts at
a multiple of 16; its end need not, so where the structures land depends on the arena's size modulo
16.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mcuzoo.graph.model import Model, Tensor
from mcuzoo.lowering.alignment import align_up
from mcuzoo.plan.tflm import abi
from mcuzoo.plan.tflm.abi import ARENA_ALIGNMENT, Chunk
from mcuzoo.plan.tflm.buffers import PlannedBuffer, Scratch, planned_buffers
from mcuzoo.plan.tflm.requests import Kernels, OpRequests, op_requests


class _Placed(NamedTuple):
    offset: int
    buffer: PlannedBuffer


def greedy_offsets(
    buffers: Sequence[PlannedBuffer], offline: Sequence[int | None] | None = None
) -> tuple[int, ...]:
    """The head offset of each buffer in bytes.

    offline: as long as `buffers`; an offset where one is prescribed, else None.
    """
    prescribed = offline if offline is not None else [None] * len(buffers)
    fixed = [index for index, offset in enumerate(prescribed) if offset is not None]
    free = [index for index in reversed(range(len(buffers))) if prescribed[index] is None]
    free.sort(key=lambda index: buffers[index].bytes, reverse=True)
    placed: list[_Placed] = []
    offsets = [0] * len(buffers)
    for index in (*fixed, *free):
        given = prescribed[index]
        offset = _lowest_gap(buffers[index], placed) if given is None else given
        offsets[index] = offset
        insort(placed, _Placed(offset, buffers[index]), key=lambda item: item.offset)
    return tuple(offsets)


def head_bytes(buffers: Sequence[PlannedBuffer], offsets: Sequence[int]) -> int:
    """Where the last buffer ends."""
    return max(
        (offset + buffer.bytes for buffer, offset in zip(buffers, offsets, strict=True)), default=0
    )


def _lowest_gap(buffer: PlannedBuffer, placed: Sequence[_Placed]) -> int:
    end = 0
    for other in placed:
        if other.buffer.first > buffer.last or buffer.first > other.buffer.last:
            continue
        if other.offset - end >= buffer.bytes:
            break
        end = max(end, other.offset + other.buffer.bytes)
    return end


@dataclass
class ArenaSimulation:
    """The tail as it grows, and the least arena size that lets every step so far succeed.

    slack: the arena's size modulo 16. used: bytes of the tail. needed: the least arena size. parts:
    the tail's bytes by content, with alignment.
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


@dataclass(frozen=True)
class TailPart:
    """Bytes of the tail by what they hold, with what alignment cost.

    bytes: all together.
    """

    what: str
    bytes: int


@dataclass(frozen=True)
class TflmArena:
    """A predicted arena. `head_bytes`: activations and scratch; `tail_bytes`: what persists.

    Head and tail are those of an arena whose size is a multiple of 16; their sum is what
    arena_used_bytes() says. `smallest_bytes` is the least size, to the byte, that allocates: it
    may save an alignment gap. It is exact unless what AllocateTensors needs in passing exceeds
    the head (tiny models), and then never too small.
    """

    kernels: Kernels
    head_bytes: int
    tail_bytes: int
    smallest_bytes: int
    tail: tuple[TailPart, ...]

    @property
    def used_bytes(self) -> int:
        return self.head_bytes + self.tail_bytes

    @property
    def arena_bytes(self) -> int:
        """The arena to reserve: a multiple of 16 that allocates."""
        return max(self.used_bytes, align_up(self.smallest_bytes, ARENA_ALIGNMENT))


def predict_arena(
    model: Model,
    kernels: Kernels,
    offsets: Sequence[int | None] | None = None,
    recording: bool = False,
) -> TflmArena:
    """Predict the arena of `model` under the interpreter with its greedy planner.

    offsets: an offline plan's head offset per tensor, None where TFLM shall choose. recording:
    under RecordingMicroInterpreter, whose own structures are larger. Raises UnsupportedOpError
    for an op whose kernel's requests are not known.
    """
    requests = [op_requests(model, op, kernels) for op in model.ops]
    buffers = planned_buffers(model, scratch_requests(requests))
    offline = None
    if offsets is not None:
        offline = [None if item.tensor is None else offsets[item.tensor] for item in buffers]
    head = head_bytes(buffers, greedy_offsets(buffers, offline))
    simulations = [
        simulate(model, requests, len(buffers), head, recording, slack)
        for slack in range(ARENA_ALIGNMENT)
    ]
    smallest = min(
        simulation.needed + (simulation.slack - simulation.needed) % ARENA_ALIGNMENT
        for simulation in simulations
    )
    aligned = simulations[0]
    return TflmArena(
        kernels=kernels,
        head_bytes=head,
        tail_bytes=aligned.used,
        smallest_bytes=smallest,
        tail=tuple(TailPart(what, bytes_) for what, bytes_ in aligned.parts.items()),
    )


def scratch_requests(requests: Sequence[OpRequests]) -> tuple[Scratch, ...]:
    """All scratch buffers in the order of the ops that ask for them."""
    return tuple(
        Scratch(op, bytes_)
        for op, request in enumerate(requests)
        for bytes_ in request.scratch_bytes
    )
