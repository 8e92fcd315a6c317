"""The page of a history: what the nights found, by model and board, and since when it is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from mcuzoo.errors import command
from mcuzoo.history.changes import Aspect
from mcuzoo.history.figures import RunFigures
from mcuzoo.history.trend import History, Point, Series, Unusable
from mcuzoo.report.history import (
    changed_names,
    images_text,
    latency_text,
    problems,
    series_name,
    state_text,
    verdict_text,
)
from mcuzoo.report.html.blocks import (
    Block,
    Cell,
    Commands,
    Head,
    Page,
    Row,
    Svg,
    Table,
    Text,
    Tile,
    Verdict,
    number,
    section,
    sections,
)
from mcuzoo.report.html.charts import Dated, charts_note, trend
from mcuzoo.report.html.page import page_html

_LISTED = 400
_FAULTS = "frames damaged or lost, links opened again"
_SPACE, _HYPHEN = "\N{NO-BREAK SPACE}", "\N{NON-BREAKING HYPHEN}"
_MARKED = 40
"""So many changes are marked in a chart; more would hide it."""


def history_html(found: History, made: datetime | None = None) -> str:
    """The page; everything from outside is escaped. made: the time in UTC; None: now."""
    return page_html(history_page(found), made)


def history_page(found: History) -> Page:
    """The page as blocks, a section per series."""
    broken = tuple(problems(found))
    judged = any(series.finished for series in found.series)
    unfinished = sum(not p.run.finished for series in found.series for p in series.points)
    note = charts_note()
    return Page(
        title=f"{found.runs:,} runs: {_headline(found, judged)}",
        subject=_span(found),
        verdict=Verdict(
            not broken if judged else None, _headline(found, judged), broken, _warnings(found)
        ),
        tiles=(
            Tile("runs", f"{found.runs:,}", f"{unfinished:,} unfinished" if unfinished else ""),
            Tile("series", f"{len(found.series):,}", "each a model on a kind of board"),
            Tile("failing now", f"{len(broken):,}", "by their newest finished run"),
        ),
        sections=sections(
            (
                section("now", "Where it stands", [_state(found), Text(note) if note else None]),
                *(
                    section(f"series-{place}", series_name(series), _series(series, place))
                    for place, series in enumerate(found.series, 1)
                ),
                section("unusable", "Journals that cannot be used", [_unusable(found.unusable)]),
            )
        ),
    )


def _headline(found: History, judged: bool) -> str:
    if not judged:
        return "No run is finished"
    parts = [series.broken_since[0].value for series in found.series if series.broken_since]
    if not parts:
        return "Pass"
    named = " and ".join(f"the {part}" for part in dict.fromkeys(parts))
    return f"Fail: {named}"


def _span(found: History) -> str:
    starts = [point.run.started for series in found.series for point in series.points]
    if not starts:
        return "no run"
    first, last = min(starts), max(starts)
    return f"{found.runs:,} runs, {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _warnings(found: History) -> tuple[str, ...]:
    count = len(found.unusable)
    if not count:
        return ()
    which = "1 journal" if count == 1 else f"{count:,} journals"
    return (f"{which} cannot be used: see the end of the page.",)


def _state(found: History) -> Table | None:
    """One row per series."""
    if not found.series:
        return None
    rows, bad = [], set()
    for place, series in enumerate(found.series):
        if series.broken_since is not None:
            bad.add(place)
        newest = series.finished[-1] if series.finished else series.newest
        rows.append(
            (
                Cell(series_name(series)),
                Cell(state_text(series)),
                number(None if newest.top1 is None else newest.top1.value, ".4f"),
                Cell(latency_text(newest.latency)),
                _when(newest),
                number(len(series.points)),
            )
        )
    heads = (
        Head("model and board"), Head("state"), Head("top-1", right=True), Head("latency"),
        Head("newest, UTC"), Head("runs", right=True),
    )  # fmt: skip
    return Table("Each model on each kind of board", heads, tuple(rows), frozenset(bad))


def _series(series: Series, place: int) -> list[Block | None]:
    return [*_charts(series, place), _runs(series), *_next(series)]


def _charts(series: Series, place: int) -> list[Block]:
    """In pairs, side by side where there is room."""
    last = series.finished[-1].started if series.finished else None
    changes = [
        point.run.started
        for point in series.points
        if _is_marked(point) and last is not None and point.run.started <= last
    ][-_MARKED:]
    units = dict.fromkeys(one.latency.unit for one in series.finished if one.latency is not None)
    wanted: list[tuple[str, str, Callable[[RunFigures], Dated | None]]] = [
        ("Top-1 with its 95 % interval", "top-1", _top1)
    ]
    wanted += [("Latency", _latency_name(series, unit), _latency_of(unit)) for unit in units]
    wanted += [
        ("Arena", "bytes", _figure(lambda run: run.arena)),
        ("Code", "bytes", _figure(lambda run: run.code)),
        (f"Link faults ({_FAULTS})", "faults", _figure(lambda run: run.faults)),
    ]
    drawn: list[Svg] = []
    for number_, (title, name, value) in enumerate(wanted):
        known = [one for run in series.finished if (one := value(run)) is not None]
        chart = trend(known, changes, name, title, f"series-{place}-{number_}")
        if chart is not None:
            drawn.append(chart)
    if not drawn:
        return []
    pairs = [drawn[at : at + 2] for at in range(0, len(drawn), 2)]
    marks = (
        "A cross is a run that failed; a dotted line is where model, recipe, data, firmware, "
        "compiler or board became another. Unfinished runs are in the table alone."
    )
    return [Text(marks, "soft"), *(Row(tuple(pair)) for pair in pairs)]


def _is_marked(point: Point) -> bool:
    return any(one.aspect not in (Aspect.LINE, Aspect.BOUNDS, Aspect.HOST) for one in point.changed)


def _top1(run: RunFigures) -> Dated | None:
    if run.top1 is None:
        return None
    low, high = run.top1.interval
    return _dated(run, run.top1.value, low, high)


def _latency_name(series: Series, unit: str) -> str:
    timed = any(
        one.latency is not None and one.latency.unit == unit and one.latency.median_ms is not None
        for one in series.finished
    )
    return "ms, median" if timed else f"{unit}, median"


def _latency_of(unit: str) -> Callable[[RunFigures], Dated | None]:
    def value(run: RunFigures) -> Dated | None:
        latency = run.latency
        if latency is None or latency.unit != unit:
            return None
        ms = latency.median_ms
        return _dated(run, float(latency.median) if ms is None else ms)

    return value


def _figure(of: Callable[[RunFigures], int | None]) -> Callable[[RunFigures], Dated | None]:
    def value(run: RunFigures) -> Dated | None:
        found = of(run)
        return None if found is None else _dated(run, float(found))

    return value


def _dated(
    run: RunFigures, value: float, low: float | None = None, high: float | None = None
) -> Dated:
    return Dated(run.started, value, low, high, run.verdict.broke is not None)


def _when(run: RunFigures) -> Cell:
    # It stays in one line.
    text = f"{run.started:%Y-%m-%d %H:%M}".replace(" ", _SPACE).replace("-", _HYPHEN)
    return Cell(text, run.started.timestamp())


def _runs(series: Series) -> Table:
    """A row per run, the newest first."""
    shown = series.points[::-1][:_LISTED]
    bad = frozenset(
        place for place, one in enumerate(shown) if one.run.verdict.broke and one.run.finished
    )
    left = len(series.points) - len(shown)
    parents = {point.run.folder.parent for point in series.points}
    home = parents.pop() if len(parents) == 1 else None
    where = "" if home is None else f"; in {home}"
    heads = (
        Head("begun, UTC"), Head("verdict"), Head("top-1", right=True), Head("95 %", right=True),
        Head("host", right=True), Head("images", right=True), Head("latency", right=True),
        Head("arena", right=True), Head("code", right=True), Head("faults", right=True),
        Head("changed"), Head("run"),
    )  # fmt: skip
    return Table(
        f"The runs; sizes in bytes, - is not known{where}",
        heads,
        tuple(_run(point, home) for point in shown),
        bad,
        left_out=f"And {left:,} earlier runs: --json has them all." if left else "",
    )


def _run(point: Point, home: Path | None) -> tuple[Cell, ...]:
    """home: the folder of all runs; None if they are in several."""
    run = point.run
    low, high = (None, None) if run.top1 is None else run.top1.interval
    latency = run.latency
    return (
        _when(run),
        Cell(verdict_text(run).replace(" ", _SPACE), tone="" if run.finished else "warn"),
        number(None if run.top1 is None else run.top1.value, ".4f"),
        Cell("-", -1.0) if low is None else Cell(f"{low:.3f}-{high:.3f}", low),
        number(None if run.host_top1 is None else run.host_top1.value, ".4f"),
        Cell(images_text(run), run.images),
        Cell(latency_text(latency), -1.0 if latency is None else latency.median),
        number(run.arena),
        number(run.code),
        number(run.faults),
        Cell(changed_names(point.changed)),
        Cell(str(run.folder if home is None else run.folder.name)),
    )


def _next(series: Series) -> list[Block | None]:
    """The commands that look closer, where a series is broken."""
    broken = series.broken_since
    if broken is None or broken[2] is None:
        return []
    first, before = broken[1].run.folder, broken[2].folder
    return [
        Text("To see what became of each image, and what differs:"),
        Commands(
            (
                command("mcuzoo", "report", first, "--against", before, "--html", "run.html"),
                command("mcuzoo", "bisect", before, first),
            )
        ),
    ]


def _unusable(found: Sequence[Unusable]) -> Table | None:
    if not found:
        return None
    rows = tuple((Cell(str(one.folder)), Cell(one.reason)) for one in found[:_LISTED])
    left = len(found) - len(rows)
    return Table(
        "Damaged journals, and those of a newer mcuzoo",
        (Head("run"), Head("why")),
        rows,
        left_out=f"And {left:,} others." if left else "",
    )
