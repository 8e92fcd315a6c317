"""Sizes of TFLite-Micro's structures on a 32-bit Arm target, and how its arena aligns.

Measured with arm-none-eabi-gcc 12.2 (`-mcpu=cortex-m7`, AAPCS: 4-byte pointers, short enums) from
the headers of tflite-micro 90b983c2b; only sizes that end up in the arena are listed.
"""

from __future__ import annotations

from typing import NamedTuple

ARENA_ALIGNMENT = 16
"""micro_arena_constants.h: of planned buffers and of what kernels ask for."""


class Chunk(NamedTuple):
    """One allocation: bytes and the alignment of its first byte."""

    bytes: int
    alignment: int = 4


POINTER_BYTES = 4

# micro_allocator.cc, in the order of allocation.
ALLOCATOR = Chunk(36)  # SingleArenaBufferAllocator
PLANNER = Chunk(44)  # GreedyMemoryPlanner
MICRO_ALLOCATOR = Chunk(36)  # MicroAllocator
RECORDING_ALLOCATOR = Chunk(52)  # RecordingSingleArenaBufferAllocator
RECORDING_MICRO_ALLOCATOR = Chunk(124)  # RecordingMicroAllocator
BUILTIN_DATA_ALLOCATOR = Chunk(8)  # MicroBuiltinDataAllocator
SUBGRAPH_ALLOCATIONS = Chunk(8)  # SubgraphAllocations

EVAL_TENSOR_BYTES = 12  # TfLiteEvalTensor
NODE_BYTES = 32  # NodeAndRegistration
SCRATCH_HANDLE_BYTES = 4  # ScratchBufferHandle
TENSOR = Chunk(32)  # TfLiteTensor
AFFINE_QUANTIZATION = Chunk(12)  # TfLiteAffineQuantization

# Allocations that only live while AllocateTensors runs.
SCRATCH_REQUEST_BYTES = 12  # internal::ScratchBufferRequest
SCRATCH_REQUESTS_PER_OP = 12  # kMaxScratchBuffersPerOp
ALLOCATION_INFO_BYTES = 24  # AllocationInfo
PLANNED_BUFFER_BYTES = 40  # GreedyMemoryPlanner::per_buffer_size()


def zero_points(channels: int) -> Chunk:
    """The TfLiteIntArray of a quantized tensor's zero points."""
    return Chunk(4 + 4 * channels)
