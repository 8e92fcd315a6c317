"""Memory on a page: each region with its limit, the constants, the arena over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.plan.fit import FitReport
from mcuzoo.project.manifest import Manifest, RegionUse
from mcuzoo.report.arena import arena_limit, arena_text, parts_text, picture_bytes
from mcuzoo.report.html.blocks import Block, Cell, Fact, Facts, Head, Svg, Table, Text, number

_COLUMN = 26.0
_HEIGHT = 420.0
_HUES = 12


@dataclass(frozen=True)
class Use:
    """What a region holds. parts: in words. used_bytes, size_bytes: how full it is; used may be
    more."""

    region: str
    used_bytes: int
    size_bytes: int
    parts: str = ""


def region_table(uses: Sequence[Use], caption: str) -> Table:
    """A row per region: its use beside its limit."""
    told = any(use.parts for use in uses)
    rows, bad = [], set()
    for place, use in enumerate(uses):
        whole = max(use.used_bytes, use.size_bytes, 1)
        if use.used_bytes > use.size_bytes:
            bad.add(place)
        share = use.used_bytes / use.size_bytes if use.size_bytes else 0.0
        rows.append(
            (
                Cell(use.region),
                Cell(
                    f"{share:.0%}",
                    share,
                    bar=use.used_bytes / whole,
                    mark=use.size_bytes / whole,
                ),
                number(use.used_bytes),
                number(use.size_bytes),
                number(use.size_bytes - use.used_bytes),
                *([Cell(use.parts)] if told else []),
            )
        )
    heads = (
        Head("region"), Head("used"), Head("bytes", right=True), Head("limit", right=True),
        Head("left", right=True), *([Head("parts (~ estimated)")] if told else []),
    )  # fmt: skip
    return Table(caption, heads, tuple(rows), frozenset(bad))


def fit_regions(report: FitReport) -> Table:
    """The regions of a plan, part by part."""
    uses = [
        Use(region.region, region.used_bytes, region.size_bytes, parts_text(region))
        for region in report.regions
    ]
    return region_table(uses, "Memory regions, by plan; a red line is the region's limit")


def project_memory(manifest: Manifest) -> list[Block | None]:
    """The regions as the linker filled them, or as they were planned; what the arena is."""
    build, plan = manifest.build, manifest.plan

    def uses(entries: Sequence[RegionUse]) -> list[Use]:
        return [Use(one.region, one.used_bytes, one.size_bytes) for one in entries]

    caption = "Memory regions, by plan; a red line is the region's limit"
    if build is not None:
        caption = f"Memory regions as {build.toolchain} linked them; a red line is the limit"
    facts = [
        Fact("arena", arena_text(plan), f"fullest at {plan.peak_op}"),
        Fact("constants", f"{plan.constant_bytes:,} bytes"),
        *([Fact("code", f"{build.code_bytes:,} bytes")] if build is not None else []),
    ]
    entries = plan.regions if build is None else build.regions
    table = region_table(uses(entries), caption) if entries else None
    return [table, Facts(tuple(facts))]


@dataclass(frozen=True)
class Rectangle:
    """In the picture's pixels; `title` appears under the pointer.

    x, y: its upper left corner. fill: a class or colour of the page's style.
    """

    x: float
    y: float
    width: float
    height: float
    fill: str
    title: str


def arena_picture(report: FitReport) -> list[Block | None]:
    """The arena over time, and what is said about it."""
    from mcuzoo.codegen.templates import render

    timeline, placement = report.timeline, report.placement
    shown_bytes, limit = picture_bytes(report), arena_limit(report)
    scale = _HEIGHT / shown_bytes
    region = placement.rest_region or placement.arena_region
    where = "above the picture" if limit > shown_bytes else "the red line"
    caption = (
        "One column an operator, a block per tensor; grey is scratch. Point at a block for its "
        f"tensor. The limit is {where}: {limit:,} bytes, which all else leaves of {region}."
    )
    told = f"{arena_text(placement)}; no plan can need less than {timeline.lower_bound_bytes:,}."
    streamed = report.streamed
    rest = None if placement.rest_region is None else timeline.arena_bytes - placement.rest_bytes
    markup = render(
        "report/arena.html.j2",
        placement=placement,
        boundary=None if rest is None else _HEIGHT - rest * scale,
        limit=_HEIGHT - limit * scale if limit <= shown_bytes else None,
        limit_bytes=limit,
        width=(len(timeline.steps) + 2) * _COLUMN,
        height=_HEIGHT,
        column=_COLUMN,
        rectangles=_rectangles(report, scale),
        labels=["in", *timeline.steps, "out"],
        marks=[(_HEIGHT * (4 - n) / 4, shown_bytes * n // 4) for n in range(5)],
    )
    return [
        Text(told),
        None
        if streamed is None
        else Text(
            "The input is consumed as it arrives, by the operators up to "
            f"{streamed.last_op}; rows wait in {streamed.row_bytes:,} bytes of the arena."
        ),
        Svg(markup, caption, wide=True),
    ]


def _rectangles(report: FitReport, scale: float) -> list[Rectangle]:
    tensors = 0
    found = []
    for block in report.timeline.blocks:
        hue = tensors * 360 // _HUES * 5 % 360
        tensors += not block.scratch
        over = f", over {block.over}" if block.over else ""
        found.append(
            Rectangle(
                x=(block.first_step + 1) * _COLUMN,
                y=_HEIGHT - (block.offset + block.bytes) * scale,
                width=(block.last_step - block.first_step + 1) * _COLUMN,
                height=block.bytes * scale,
                fill="#8888" if block.scratch else f"hsl({hue} 60% 65% / 0.75)",
                title=f"{block.name}: {block.bytes:,} bytes at {block.offset:,}{over}",
            )
        )
    return found
