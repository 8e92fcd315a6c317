"""The page of a comparison: several projects on the same images, side by side."""

from __future__ import annotations

from datetime import datetime

from mcuzoo.compare.comparison import Comparison, ProjectResult
from mcuzoo.report.comparison import (
    comparison_word,
    difference_lines,
    layer_differs,
    layer_name,
    project_facts,
)
from mcuzoo.report.html.accuracy import RateRow, rate_blocks
from mcuzoo.report.html.blocks import (
    Block,
    Cell,
    Fact,
    Facts,
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
from mcuzoo.report.html.facts import recipe_fact
from mcuzoo.report.html.page import page_html
from mcuzoo.run.score import p_text


def comparison_html(comparison: Comparison, made: datetime | None = None) -> str:
    """The page; everything from outside is escaped. made: the time in UTC; None: now."""
    names = [column.trial.entry.name for column in comparison.columns]
    origins = [_provenance(column) for column in comparison.columns]
    page = Page(
        title=f"{' and '.join(names)} compared",
        subject=f"{' and '.join(names)} on {comparison.images:,} images",
        verdict=Verdict(
            comparison.passed,
            _headline(comparison),
            tuple(f"{line}." for line in difference_lines(comparison)),
        ),
        tiles=(Tile("projects", str(len(names))), Tile("images", f"{comparison.images:,}")),
        sections=sections(
            (
                section("projects", "The projects", [_figures(comparison), _paired(comparison)]),
                section("accuracy", "Accuracy", _accuracy(comparison)),
                section("layers", "Layer by layer", [_layers(comparison)]),
                section(
                    "provenance",
                    "What was run",
                    origins,
                ),
            )
        ),
    )
    return page_html(page, made)


def _headline(comparison: Comparison) -> str:
    if not comparison.compared:
        return "Nothing to compare: the models are different ones"
    return comparison_word(comparison).capitalize()


def _figures(comparison: Comparison) -> Table:
    """A column per project."""
    facts = [dict(project_facts(column)) for column in comparison.columns]
    rows = tuple(
        (Cell(name), *(Cell(fact[name]) for fact in facts))
        for name in facts[0]
        if any(fact[name] for fact in facts)
    )
    heads = (Head("figure"), *(Head(column.trial.entry.name) for column in comparison.columns))
    return Table("Figures of each project", heads, rows, sortable=False)


def _names(comparison: Comparison) -> list[Head]:
    return [Head(column.trial.entry.name, right=True) for column in comparison.columns]


def _paired(comparison: Comparison) -> Text | None:
    told = [
        f"{column.trial.entry.name} against {comparison.columns[0].trial.entry.name}: right only "
        f"there {paired.only_second}, only here {paired.only_first}; exact paired test, "
        f"p = {p_text(paired.p_value)}."
        for column in comparison.columns
        if (paired := column.paired) is not None
    ]
    return Text(" ".join(told)) if told else None


def _accuracy(comparison: Comparison) -> list[Block | None]:
    rows = [
        RateRow(column.trial.entry.name, column.top1, str(column.trial.entry.project))
        for column in comparison.columns
        if column.top1 is not None
    ]
    return rate_blocks(rows, None) if rows else []


def _layers(comparison: Comparison) -> Table:
    """What each layer takes in each project; a bar is on the scale of its column's unit."""
    columns = comparison.columns
    most: dict[str, int] = {}
    for column in columns:
        counts = (count or 0 for count in column.trial.counts.values())
        unit = column.trial.unit
        most[unit] = max((most.get(unit, 0), *counts))
    rows, bad = [], set()
    for place, op in enumerate(comparison.layer_ops):
        if layer_differs(columns, op):
            bad.add(place)
        name = layer_name(comparison, op)
        firsts = {column.trial.first_ops[op] for column in columns if op in column.trial.names}
        ops = f"{min(firsts)}-{op}" if len(firsts) == 1 and firsts != {op} else str(op)
        told = len(firsts) > 1
        cells = (_layer(column, op, most, told) for column in columns)
        rows.append((Cell(f"{ops} {name}", op), *cells))
    units = ", ".join(dict.fromkeys(column.trial.unit for column in columns))
    heads = (Head("layer"), *_names(comparison))
    return Table(f"What each layer takes, in {units}", heads, tuple(rows), frozenset(bad))


def _layer(column: ProjectResult, op: int, most: dict[str, int], told: bool) -> Cell:
    """told: also which ops before it the same kernel computes."""
    trial = column.trial
    if op not in trial.names:
        return Cell("", -1)
    count, first = trial.counts[op], trial.first_ops[op]
    differing = 0 if column.agreement is None else column.agreement.layers.get(op, 0)
    fused = f"with {first}: " if first == op - 1 else f"with {first}-{op - 1}: "
    wrong = f"differs on {differing}, " if differing else ""
    shown = number(count)
    largest = most[trial.unit]
    return Cell(
        f"{wrong}{fused if told and first < op else ''}{shown.text}",
        shown.order,
        bar=count / largest if count is not None and largest else None,
    )


def _provenance(column: ProjectResult) -> Facts:
    trial, entry = column.trial, column.trial.entry
    model = f"SHA-256 {entry.model.sha256}"
    return Facts(
        (
            Fact("project", entry.name, str(entry.project)),
            Fact("port", entry.port, f"at {entry.baud:,} baud"),
            Fact("model", entry.manifest.model.name, model),
            recipe_fact(entry.manifest.preprocessing, entry.manifest.recipe_source),
            Fact("firmware", f"build {trial.build_id}", trial.runtime),
            Fact("compiler", trial.toolchain),
        )
    )
