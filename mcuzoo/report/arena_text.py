"""The arena over time for a terminal: a column a step, a row a slice of memory."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

from mcuzoo.plan.timeline import Block, Timeline

ROWS = 16
_LETTERS = ascii_uppercase + ascii_lowercase
_FREE, _SCRATCH, _SHARED = ".", "#", "/"
_WIDTH = 100
_MARGIN = 12


def timeline_text(timeline: Timeline, rows: int = ROWS) -> str:
    """Lines with the highest bytes on top; ends with a newline.

    Letters are tensors in the order of their first step, `#` is scratch, `/` an output that takes
    over the bytes of its input, `.` free. A cell shows whatever it holds most of.
    """
    if not timeline.blocks:
        return ""
    last = len(timeline.steps)
    columns = range(-1, last + 1)
    width = max(1, (_WIDTH - _MARGIN) // len(columns))
    slice_bytes = max(1, -(-timeline.arena_bytes // rows))
    letters = _letters(timeline.blocks)
    lines = []
    for row in reversed(range(-(-timeline.arena_bytes // slice_bytes))):
        low, high = row * slice_bytes, (row + 1) * slice_bytes
        cells = (_cell(timeline.blocks, letters, step, low, high) for step in columns)
        lines.append(f"{low:>{_MARGIN - 2},} |" + "".join(cell * width for cell in cells))
    lines += _axis(timeline, width)
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


def _axis(timeline: Timeline, width: int) -> list[str]:
    """Op numbers under their columns, read from top to bottom where they are too narrow."""
    labels = ["in", *(name.split()[0] for name in timeline.steps), "out"]
    if width >= 3:
        return [" " * _MARGIN + "".join(f"{label:<{width}}" for label in labels)]
    depth = max(map(len, labels))
    return [
        " " * _MARGIN + "".join(label.ljust(depth)[level].ljust(width) for label in labels)
        for level in range(depth)
    ]
