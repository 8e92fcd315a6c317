"""The arena over time: a picture for a terminal, its limit; its size and regions in words."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

from mcuzoo.plan.timeline import Block, Timeline
from mcuzoo.project.kinds import why_not_kept

if TYPE_CHECKING:
    from mcuzoo.plan.fit import FitReport
    from mcuzoo.plan.place.placement import Placement
    from mcuzoo.plan.place.regions import RegionFit
    from mcuzoo.project.manifest import PlanEntry


def next_image_text(plan: Placement | PlanEntry, output_bytes: int) -> str:
    """Whether the next image may come while this one runs, and into which ring."""
    ring = f"a ring of {plan.ring_bytes:,} bytes in {plan.ring_region or '.bss'}"
    if why_not := why_not_kept(output_bytes):
        return f"the next image waits for the read-out of this one: {why_not}; {ring}"
    return f"the next image may come while this one runs, into {ring}"


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


_FAR = 2
"""A limit of more arenas than this is printed, not drawn: the arena would be a thin line."""


def arena_limit(report: FitReport) -> int:
    """The largest size of the drawn part of the arena in its memory, beside the other parts there.

    For TFLM the head is drawn; the tail is one of the other parts. The ring gives way.
    """
    placement = report.placement
    first = placement.arena_bytes - placement.rest_bytes
    name, own, before = (
        (placement.arena_region, first, 0)
        if placement.rest_region is None
        else (placement.rest_region, placement.rest_bytes, first)
    )
    region = next(region for region in report.regions if region.region == name)
    tail = placement.arena_bytes - report.timeline.arena_bytes
    ring = placement.ring_bytes if placement.ring_region == name else 0
    return max(0, before + region.size_bytes - (region.used_bytes - own - ring) - tail)


def parts_text(region: RegionFit) -> str:
    """What a region of a plan holds; `~` is an estimate."""
    if not region.initialized:
        return "off: the firmware does not set it up"
    return ", ".join(
        f"{part.name} {'~' if part.estimate else ''}{part.bytes:,}" for part in region.parts
    )


def picture_bytes(report: FitReport) -> int:
    """How many bytes the picture is high: up to the limit, where that is not far above."""
    arena, limit = max(report.timeline.arena_bytes, 1), arena_limit(report)
    return max(arena, limit if limit <= _FAR * arena else 0)


def arena_text(plan: Placement | PlanEntry) -> str:
    """How large the arena is and where, in words."""
    if plan.rest_region is None:
        return f"{plan.arena_bytes:,} bytes in {plan.arena_region}"
    hot = plan.arena_bytes - plan.rest_bytes
    return (
        f"{plan.arena_bytes:,} bytes ({hot:,} in {plan.arena_region}, "
        f"{plan.rest_bytes:,} in {plan.rest_region})"
    )
