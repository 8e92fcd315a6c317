"""The fit verdict as one HTML page without scripts or links: regions, and the arena over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcuzoo.codegen.templates import render
from mcuzoo.plan.estimate import waits

if TYPE_CHECKING:
    from mcuzoo.plan.fit import FitReport

_COLUMN = 26.0
_HEIGHT = 420.0
_HUES = 12


@dataclass(frozen=True)
class Rectangle:
    """In the picture's pixels; `title` appears under the pointer."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    title: str


def fit_html(report: FitReport) -> str:
    """The page; everything from the model file is escaped."""
    timeline = report.timeline
    columns = len(timeline.steps) + 2
    scale = _HEIGHT / max(timeline.arena_bytes, 1)
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
                fill="#999" if block.scratch else f"hsl({hue} 60% 65% / 0.75)",
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
        width=columns * _COLUMN,
        height=_HEIGHT,
        column=_COLUMN,
        rectangles=rectangles,
        labels=["in", *timeline.steps, "out"],
        marks=[(_HEIGHT * (4 - n) / 4, timeline.arena_bytes * n // 4) for n in range(5)],
    )
