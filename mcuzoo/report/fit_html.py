"""The fit verdict as one HTML page without scripts or links: regions, and the arena over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from mcuzoo import __version__
from mcuzoo.codegen.templates import render
from mcuzoo.plan.place.estimate import waits

if TYPE_CHECKING:
    from mcuzoo.plan.fit import FitReport, RuntimeFit

_COLUMN = 26.0
_HEIGHT = 420.0
_HUES = 12
_FAR = 2
"""A limit above so many arenas is told, not drawn: the arena would be a line at the bottom."""


@dataclass(frozen=True)
class Rectangle:
    """In the picture's pixels; `title` appears under the pointer."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    title: str


def arena_limit(report: FitReport) -> int:
    """How large what is drawn could be in the memory where it ends, beside what else is there.

    Of TFLM's arena the head is drawn; its tail is among the rest.
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
    return max(0, before + region.size_bytes - (region.used_bytes - own) - tail)


def picture_bytes(report: FitReport) -> int:
    """How many bytes the picture is high: up to the limit, where that is not far above."""
    arena, limit = max(report.timeline.arena_bytes, 1), arena_limit(report)
    return max(arena, limit if limit <= _FAR * arena else 0)


def fit_html(
    report: FitReport,
    other: RuntimeFit | None = None,
    project: str | None = None,
    made: datetime | None = None,
) -> str:
    """The page; everything from the model file is escaped.

    other: the verdict on the other runtime; project: the kind of project judged; made: when, UTC;
    None: now.
    """
    timeline = report.timeline
    columns = len(timeline.steps) + 2
    shown_bytes, limit = picture_bytes(report), arena_limit(report)
    scale = _HEIGHT / shown_bytes
    tensors = 0
    rectangles = []
    for block in timeline.blocks:
        hue = tensors * 360 // _HUES * 5 % 360
        tensors += not block.scratch
        over = f", over {block.over}" if block.over else ""
        rectangles.append(
            Rectangle(
                x=(block.first_step + 1) * _COLUMN,
                y=_HEIGHT - (block.offset + block.bytes) * scale,
                width=(block.last_step - block.first_step + 1) * _COLUMN,
                height=block.bytes * scale,
                fill="#8888" if block.scratch else f"hsl({hue} 60% 65% / 0.75)",
                title=f"{block.name}: {block.bytes:,} bytes at {block.offset:,}{over}",
            )
        )
    return render(
        "report/fit.html.j2",
        report=report,
        waits=waits(report.constants),
        boundary=None
        if report.placement.rest_region is None
        else _HEIGHT - (timeline.arena_bytes - report.placement.rest_bytes) * scale,
        limit=_HEIGHT - limit * scale if limit <= shown_bytes else None,
        limit_bytes=limit,
        limit_region=report.placement.rest_region or report.placement.arena_region,
        other=other,
        project=project,
        version=__version__,
        made=f"{made or datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        width=columns * _COLUMN,
        height=_HEIGHT,
        column=_COLUMN,
        rectangles=rectangles,
        labels=["in", *timeline.steps, "out"],
        marks=[(_HEIGHT * (4 - n) / 4, shown_bytes * n // 4) for n in range(5)],
    )
