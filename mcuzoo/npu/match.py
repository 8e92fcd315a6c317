"""Which operations of a compiled file store which tensor of the source model: found by the values.

Vela leaves no names: it fuses operators, cuts outputs into stripes and slices of channels, takes
some operators in many passes. So an operator's output counts as seen if one block that was stored
has its values in their order, or several make it up. Where they lie is found once and then checked
at that place. An output that no block has is computed inside of others, or is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TELLING = 16
"""So many values of more than one kind are not equal by chance."""

_MOST_PLACES = 64
_MOST_SEARCHED = 2**21
_MOST_UNEQUAL = 0.5


@dataclass(frozen=True)
class Part:
    """Where a block lies in an output. block: its number. rows, columns, channels: in the output as
    (height, width, channels); None: the block is all of it, in the order of its values."""

    block: int
    rows: slice | None = None
    columns: slice | None = None
    channels: slice | None = None


Placement = tuple[Part, ...]


@dataclass(frozen=True)
class Difference:
    """A block beside the part of an output that it comes nearest to.

    block: its number. whole: it is not a stripe of the output but all. unequal, values: of how
    many. place: of the first unequal one, (row, column, channel) of the output. expected, found:
    its values.
    """

    block: int
    whole: bool
    unequal: int
    values: int
    place: tuple[int, int, int]
    expected: int
    found: int

    @property
    def alike(self) -> bool:
        """Whether the block is all of the output, with faults: at least half of it is right."""
        return self.whole and self.unequal <= self.values * _MOST_UNEQUAL


Bytes = NDArray[np.int8]


def is_telling(values: Bytes) -> bool:
    """Whether a block that has these values has them for no other reason."""
    return values.size >= _TELLING and bool(np.any(values != values.flat[0]))


def views(output: Bytes) -> list[Bytes]:
    """The output as (height, width, channels), in the ways in which an NPU may have it."""
    shape = output.shape
    if len(shape) >= 3:
        return [output.reshape(-1, shape[-2], shape[-1])]
    if len(shape) == 2:
        return [output.reshape(shape[0], 1, shape[1]), output.reshape(1, *shape)]
    return [output.reshape(1, 1, -1)]


def holds(output: Bytes, blocks: Sequence[Bytes], placement: Placement) -> bool:
    """Whether the blocks still make up the output."""
    return all(
        any(_equal(view, blocks[part.block], part) for view in views(output)) for part in placement
    )


def _equal(view: Bytes, block: Bytes, part: Part) -> bool:
    if part.rows is None or part.columns is None or part.channels is None:
        return block.size == view.size and bool(np.array_equal(block.ravel(), view.ravel()))
    area = view[part.rows, part.columns, part.channels]
    return area.shape == block.shape and bool(np.array_equal(area, block))


def find(output: Bytes, blocks: Sequence[Bytes]) -> Placement | None:
    """Blocks that make up the output; None if none do."""
    flat = output.ravel()
    for number, block in enumerate(blocks):
        if block.size == flat.size and np.array_equal(block.ravel(), flat):
            return (Part(number),)
    for view in views(output):
        placement = _assembled(view, blocks)
        if placement is not None:
            return placement
    return None


def _assembled(view: Bytes, blocks: Sequence[Bytes]) -> Placement | None:
    covered = np.zeros(view.shape, bool)
    parts: list[Part] = []
    searched = 0
    for number, block in enumerate(blocks):
        if block.ndim != 3 or block.size >= view.size or block.size == 0:
            continue
        if any(mine > theirs for mine, theirs in zip(block.shape, view.shape, strict=True)):
            continue
        searched += view.size
        if searched > 64 * _MOST_SEARCHED:
            return None
        for part in _places(view, block, number):
            assert part.rows is not None and part.columns is not None
            area = covered[part.rows, part.columns, part.channels]
            if not area.any() and _equal(view, block, part):
                area[...] = True
                parts.append(part)
                break
        if covered.all():
            return tuple(parts)
    return None


def _places(view: Bytes, block: Bytes, number: int) -> Iterator[Part]:
    """Where a block may lie, by its first and last value; and at every second row and column."""
    height, width, depth = block.shape
    spans = tuple(whole - part + 1 for whole, part in zip(view.shape, block.shape, strict=True))
    first = view[: spans[0], : spans[1], : spans[2]] == block[0, 0, 0]
    first &= view[height - 1 :, width - 1 :, depth - 1 :] == block[-1, -1, -1]
    for row, column, channel in np.argwhere(first)[:_MOST_PLACES].tolist():
        yield Part(
            number,
            slice(row, row + height),
            slice(column, column + width),
            slice(channel, channel + depth),
        )
    if (2 * height, 2 * width, depth) == view.shape:
        for row in range(2):
            for column in range(2):
                yield Part(number, slice(row, None, 2), slice(column, None, 2), slice(0, depth))


def nearest(output: Bytes, blocks: Sequence[Bytes], free: Sequence[int]) -> Difference | None:
    """The block that is nearest to being the output or a stripe of it, with what differs; None if
    none has the shape for it."""
    best: tuple[float, Difference] | None = None
    for view in views(output):
        for number in free:
            for area, top, channel in _areas(view, blocks[number]):
                found = _difference(
                    area, blocks[number], number, (top, 0, channel), area.size == view.size
                )
                share = found.unequal / found.values
                if found.unequal and (best is None or share < best[0]):
                    best = share, found
    return None if best is None else best[1]


def _areas(view: Bytes, block: Bytes) -> Iterator[tuple[Bytes, int, int]]:
    """The parts of the output that a block may be meant for, and where they begin."""
    if block.size < _TELLING:
        return
    if block.size == view.size:
        yield view, 0, 0
        return
    if block.ndim != 3 or block.shape[1] != view.shape[1]:
        return
    height, _, depth = block.shape
    if height > view.shape[0] or depth > view.shape[2]:
        return
    if height != view.shape[0] and depth != view.shape[2]:
        return
    if view.size * (view.shape[0] - height + 1) > _MOST_SEARCHED:
        return
    for top in range(view.shape[0] - height + 1):
        for channel in range(0, view.shape[2] - depth + 1, 8):
            yield view[top : top + height, :, channel : channel + depth], top, channel


def difference(output: Bytes, block: Bytes, number: int) -> Difference | None:
    """What differs between an output and a block of its size; None if nothing does."""
    view = views(output)[0]
    found = _difference(view, block, number, (0, 0, 0), True)
    return found if found.unequal else None


def _difference(
    area: Bytes, block: Bytes, number: int, offset: tuple[int, int, int], whole: bool
) -> Difference:
    values = block.reshape(area.shape)
    unequal = np.argwhere(area != values)
    if not len(unequal):
        return Difference(number, whole, 0, area.size, (0, 0, 0), 0, 0)
    first = tuple(unequal[0].tolist())
    place = first[0] + offset[0], first[1] + offset[1], first[2] + offset[2]
    return Difference(
        number, whole, len(unequal), area.size, place, int(area[first]), int(values[first])
    )
