"""TFLite-Micro's greedy planner by its own rules.

Source: tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc. Buffers with an offset given
offline come first, in their order, and are not questioned; the others follow by size, largest
first (of equals the one added last), each at the lowest gap between buffers alive at its time.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import NamedTuple

from mcuzoo.plan.tflm.buffers import PlannedBuffer


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
