"""What several pages say alike: what the pictures went through, what an inference takes."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.budgets import BudgetResult
from mcuzoo.project.recipe import Recipe, recipe_text
from mcuzoo.report.figures import source_text
from mcuzoo.report.html.blocks import Cell, Fact, Head, Table, Tile, number


def recipe_fact(recipe: Recipe, source: str) -> Fact:
    """source: where the recipe is from; empty if that is not known."""
    return Fact("pictures", recipe_text(recipe), f"from {source_text(source)}" if source else "")


def inference_tile(count: int, ms: float | None, unit: str, timed: str = "") -> Tile:
    """ms: None where the count is no time. timed: what else to say of one that is."""
    if ms is None:
        return Tile("an inference", f"{count / 1e6:,.2f} M", f"{unit}, no time")
    return Tile("an inference", f"{ms:.2f} ms", f"{timed}{count:,} {unit}")


def budget_table(results: Sequence[BudgetResult]) -> Table | None:
    """Each budget beside its figure; None if there is none."""
    rows = tuple(
        (
            Cell(one.name),
            _figure(one.bound),
            _figure(one.value),
            Cell(_JUDGED[one.holds], tone="bad" if one.fails else ""),
        )
        for one in results
    )
    heads = (Head("budget"), Head("asked", True), Head("found", True), Head("verdict"))
    bad = frozenset(at for at, one in enumerate(results) if one.fails)
    return Table("What was asked for", heads, rows, bad, sortable=False) if rows else None


_JUDGED = {True: "holds", False: "fails", None: "not judged"}


def _figure(value: float | None) -> Cell:
    return number(value, "," if value is None or value == int(value) else ".4g")
