"""The arena over time for a terminal: a column a step, a row a slice of memory."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

from mcuzoo.plan.timeline import Block, Timeline

ROWS = 16
_LETTERS = ascii_uppercase + ascii_lowercase
_FREE, _SCRATCH, _SHARED = ".", "#", "/"
_MARGIN = 12


def timeline_text(timeline: Timeline, rows: int = ROWS, width: int = 80) -> str:
    """Lines of at most `width` columns with the highest bytes on top; ends with a newline.

    More steps than there are columns come in several pictures, one below the other.

    Letters are tensors in the order of their first step, `#` is scratch, `/` an output that takes
    over the bytes of its input, `.` free. A cell shows whatever it holds most of.
    """
    if not timeline.blocks:
        return ""
    room = max(1, width - _MARGIN)
    columns = len(timeline.steps) + 2
    cell = max(1, room // columns)
    slice_bytes = max(1, -(-timeline.arena_bytes // rows))
    letters = _letters(timeline.blocks)
    lines = []
    for first in range(0, columns, room):
        steps = range(first - 1, min(first + room, columns) - 1)
        for row in reversed(range(-(-timeline.arena_bytes // slice_bytes))):
            low, high = row * slice_bytes, (row + 1) * slice_bytes
            cells = (_cell(timeline.blocks, letters, step, low, high) for step in steps)
            lines.append(f"{low:>{_MARGIN - 2},} |" + "".join(held * cell for held in cells))
        lines += _axis(timeline, steps, cell)
    lines.append(
        f"a row is {slice_bytes:,} bytes; in is before the first op, out behind the last; "
        f"{_SHARED} output over its input, {_SCRATCH} scratch, {_FREE} free"
    )
    return "\n".join(lines) + "\n"


def _letters(blocks: Sequence[Block]) -> list[str]:
    tensors = 0
    letters = []
    for block in blocks:
        letters.append(_SCRATCH if block.scratch else _LETTERS[tensors % len(_LETTERS)])
        tensors += not block.scratch
    return letters


def _cell(blocks: Sequence[Block], letters: Sequence[str], step: int, low: int, high: int) -> str:
    held = [
        (min(high, block.offset + block.bytes) - max(low, block.offset), letter)
        for block, letter in zip(blocks, letters, strict=True)
        if block.first_step <= step <= block.last_step
    ]
    held = [(size, letter) for size, letter in held if size > 0]
    if sum(size for size, _ in held) > high - low:
        return _SHARED
    return max(held, default=(0, _FREE))[1]


def _axis(timeline: Timeline, steps: range, width: int) -> list[str]:
    """Op numbers under their columns, read from top to bottom where they are too narrow."""
    labels = ["in", *(name.split()[0] for name in timeline.steps), "out"]
    labels = labels[steps.start + 1 : steps.stop + 1]
    if width >= 3:
        return [(" " * _MARGIN + "".join(f"{label:<{width}}" for label in labels)).rstrip()]
    depth = max(map(len, labels))
    return [
        (
            " " * _MARGIN + "".join(f"{label:<{depth}}"[level].ljust(width) for label in labels)
        ).rstrip()
        for level in range(depth)
    ]
