"""The page of a fit: does a model fit a board, and what is where."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mcuzoo.plan.place.estimate import waits
from mcuzoo.report.arena import arena_text
from mcuzoo.report.estimate import about_ms, band_text, runtime_text, time_text
from mcuzoo.report.fit import fit_headline
from mcuzoo.report.html.blocks import (
    Cell,
    Head,
    Page,
    Table,
    Text,
    Tile,
    Verdict,
    number,
    section,
    sections,
)
from mcuzoo.report.html.facts import budget_table
from mcuzoo.report.html.memory import arena_picture, fit_regions
from mcuzoo.report.html.page import page_html

if TYPE_CHECKING:
    from mcuzoo.ops.channels import Savings
    from mcuzoo.plan.cycles.predict import Prediction
    from mcuzoo.plan.fit import FitReport, RuntimeFit


def fit_html(
    report: FitReport,
    other: RuntimeFit | None = None,
    project: str | None = None,
    made: datetime | None = None,
) -> str:
    """The page; everything from the model file is escaped.

    other: verdict on the other runtime. project: its kind. made: the time in UTC; None: now.
    """
    kind = "" if project is None else f", project {project}"
    uncovered = tuple(
        f"Not covered: op {gap.op.index} {gap.op.name}: {gap.reason}" for gap in report.uncovered
    )
    reasons = (
        *(() if report.reason is None else (report.reason,)),
        *uncovered,
        *(one.text for one in report.budgets if one.fails),
        *(() if other is None else (f"With the runtime {other.runtime}: {runtime_text(other)}.",)),
    )
    page = Page(
        title=f"{report.model} on {report.board}",
        subject=f"{report.model} on {report.board}, runtime {report.runtime}{kind}",
        verdict=Verdict(
            report.passed,
            fit_headline(report.fits, report.passed).capitalize(),
            reasons,
            report.warnings,
            report.next_step or "",
        ),
        tiles=_tiles(report),
        sections=sections(
            (
                section("budgets", "Budgets", [budget_table(report.budgets)]),
                section("memory", "Memory regions", [fit_regions(report)]),
                section("time", "Estimated time", _time(report.cycles)),
                section("constants", "Constants", _constants(report)),
                section("arena", "The tensor arena over time", arena_picture(report)),
            )
        ),
    )
    return page_html(page, made)


def _tiles(report: FitReport) -> tuple[Tile, ...]:
    peak, cycles = report.peak, report.cycles
    timed = cycles is not None and cycles.milliseconds is not None
    return (
        *((_time_tile(cycles),) if cycles is not None and timed else ()),
        Tile("arena", f"{report.arena_bytes:,} B", arena_text(report.placement)),
        Tile("fullest at", f"{peak.live_bytes:,} B", f"op {peak.index} {peak.name}"),
        Tile("constants", f"{report.constant_bytes:,} B", "weights, biases, tables"),
        *((_saved_tile(report.saved),) if report.saved.channels else ()),
    )


def _saved_tile(saved: Savings) -> Tile:
    """By channels that are the same for every input."""
    less = f"{saved.macs:,} MACs and {saved.bytes:,} B of weights less"
    return Tile("left out", f"{saved.channels:,} channels", f"constant ones: {less}")


def _time_tile(found: Prediction) -> Tile:
    return Tile("an inference", about_ms(found.milliseconds or 0.0), band_text(found))


def _time(found: Prediction | None) -> list[Text | Table | None]:
    """What each call takes, by estimate."""
    if found is None:
        return []
    said = time_text(found)
    heads = (
        Head("op"), Head("kernel"), Head("modelled cycles", right=True), Head("core", right=True),
        Head("waits for constants", right=True), Head("for tensors", right=True),
        Head("for code", right=True),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(f"{call.ops[0]} {call.name}", call.ops[0]),
            Cell(", ".join(call.kernels)),
            number(call.total, ",.0f"),
            number(call.core, ",.0f"),
            number(sum(call.constants.values()), ",.0f"),
            number(sum(call.tensors.values()), ",.0f"),
            number(call.code, ",.0f"),
        )
        for call in found.calls
    )
    return [Text(f"{said[0].upper()}{said[1:]}."), Table("Calls of kernels", heads, rows)]


def _constants(report: FitReport) -> list[Text | Table | None]:
    if not report.constants:
        return []
    said = []
    known = waits(report.constants)
    if known is not None:
        there, here = known
        said.append(
            f"By estimate the core waits {here * 1e3:.2f} ms per inference for them, and "
            f"{there * 1e3:.2f} ms were all in {report.flash_region}."
        )
    if report.copy_s:
        said.append(f"Copying them makes start-up about {report.copy_s * 1e3:.1f} ms longer.")
    by = "peak rates in the board file" if report.rates is None else f"rates {report.rates.origin}"
    said.append(
        f"The estimate is of {by}, as if nothing was computed meanwhile; it is no measurement."
    )
    heads = (
        Head("op"), Head("array"), Head("bytes", right=True), Head("passes", right=True),
        Head("µs in flash", right=True), Head("µs here", right=True), Head("where"), Head("why"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(f"{'all' if entry.op < 0 else entry.op} {entry.op_name}", entry.op),
            Cell(entry.symbol),
            number(entry.bytes),
            number(entry.passes),
            number(None if entry.flash_wait_s is None else entry.flash_wait_s * 1e6, ",.1f"),
            number(None if entry.wait_s is None else entry.wait_s * 1e6, ",.1f"),
            Cell(entry.region),
            Cell(entry.why),
        )
        for entry in report.constants
    )
    return [Text(" ".join(said)), Table("Arrays, and the estimated waits", heads, rows)]
