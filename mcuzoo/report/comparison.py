"""A comparison of projects as one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mcuzoo.compare.comparison import Column, Comparison
from mcuzoo.link.counts import agent_note
from mcuzoo.run.score import Accuracy

if TYPE_CHECKING:
    from rich.table import Table


def comparison_table(comparison: Comparison) -> Table:
    """A column per project; first the figures, then what each layer takes, with its mismatches."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns = comparison.columns
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for column in columns:
        table.add_column(column.trial.contestant.name, justify="right")
    facts = [dict(_facts(column)) for column in columns]
    for name in facts[0]:
        if any(fact[name] for fact in facts):
            table.add_row(name, *(Text(fact[name]) for fact in facts))
    table.add_section()
    for op in comparison.layer_ops:
        names = {column.trial.names[op] for column in columns if op in column.trial.names}
        cells = [Text(_layer(column, op), style=_style(column, op)) for column in columns]
        table.add_row(f"{op} {min(names, key=len)}", *cells)
    return table


def comparison_verdict(comparison: Comparison) -> str:
    """One line per project that parts from the rest, and the verdict; ends with a newline."""
    lines = []
    for column in comparison.columns:
        agreement, trial = column.agreement, column.trial
        if agreement is None or agreement.first_wrong is None:
            continue
        op = agreement.first_wrong
        lines.append(
            f"{trial.contestant.name} differs from {agreement.baseline}: op {op} "
            f"{trial.names[op]} is the first whose output differs, on {agreement.layers[op]} of "
            f"{agreement.compared} images"
        )
    if not comparison.compared:
        lines.append("verdict  nothing to compare: the models are different ones")
    else:
        lines.append(f"verdict  {'equal' if comparison.equal else 'DIFFERENT'}")
    return "\n".join(lines) + "\n"


def _facts(column: Column) -> Iterator[tuple[str, str]]:
    trial, sizes, agreement = column.trial, column.trial.sizes, column.agreement
    yield "board", trial.board + agent_note(trial.agent)
    yield "runtime", trial.runtime
    yield "toolchain", " ".join(trial.toolchain.split()[:2])
    yield "build", trial.build_id[:8]
    yield "top-1", _rate(column.top1)
    yield "top-5", _rate(column.top5)
    yield (
        "byte-equal outputs",
        "baseline"
        if agreement is None
        else f"{agreement.equal} of {agreement.compared} ({agreement.baseline})",
    )
    yield "an inference", f"{_number(trial.total)} {trial.unit}"
    ms = trial.milliseconds
    yield "ms", "" if ms is None else f"{ms:.2f}"
    yield "arena, bytes", _number(sizes.arena)
    yield "code, bytes", _number(sizes.code)
    yield "constants, bytes", _number(sizes.constants)
    yield "stack, bytes", _number(sizes.stack)


def _layer(column: Column, op: int) -> str:
    if op not in column.trial.names:
        return ""
    count = column.trial.counts[op]
    differing = 0 if column.agreement is None else column.agreement.layers.get(op, 0)
    wrong = f"differs on {differing}  " if differing else ""
    first = column.trial.first_ops[op]
    fused = (
        f"with {first}  " if first == op - 1 else f"with {first}-{op - 1}  " if first < op else ""
    )
    return wrong + fused + ("-" if count is None else f"{count:,}")


def _style(column: Column, op: int) -> str:
    agreement = column.agreement
    return "bold red" if agreement is not None and agreement.layers.get(op) else ""


def _rate(accuracy: Accuracy | None) -> str:
    return "no labels" if accuracy is None else f"{accuracy.value:.4f}"


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
