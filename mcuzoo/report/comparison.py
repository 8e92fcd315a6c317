"""A comparison of projects as one table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from mcuzoo.compare.comparison import HOST, Comparison, LayerAgreement, ProjectResult
from mcuzoo.compare.trial import Trial
from mcuzoo.link.counts import agent_note
from mcuzoo.project.recipe import recipe_document
from mcuzoo.report.figures import flips_dict, flips_text, steps_text
from mcuzoo.run.score import Accuracy
from mcuzoo.run.verdict import NOT_JUDGED
from mcuzoo.tables import Column, table_text

_LEAST_COLUMN = 16


def comparison_table(comparison: Comparison, width: int = 80, color: bool = False) -> str:
    """A column per project; first the figures, then what each layer takes, with its mismatches.

    As many projects side by side as `width` has room for, the others below; ends with a newline.
    """
    stem = max(len(row[0]) for row in _rows(comparison, comparison.columns)[0])
    beside = max(1, (width - min(stem, width // 3)) // _LEAST_COLUMN)
    groups = [
        comparison.columns[at : at + beside] for at in range(0, len(comparison.columns), beside)
    ]
    return "\n".join(_table(comparison, group, width, color) for group in groups)


def _table(
    comparison: Comparison, columns: Sequence[ProjectResult], width: int, color: bool
) -> str:
    rows, bad = _rows(comparison, columns)
    names = (column.trial.entry.name for column in columns)
    heads = (
        Column("", wraps=True),
        *(Column(name, right=True, wraps=True) for name in names),
    )
    return table_text(heads, rows, width, bad, color)


def _rows(
    comparison: Comparison, columns: Sequence[ProjectResult]
) -> tuple[list[tuple[str, ...]], set[int]]:
    """The rows, and which of them have an output that differs."""
    facts = [dict(project_facts(column)) for column in columns]
    rows = [
        (name, *(fact[name] for fact in facts))
        for name in facts[0]
        if any(fact[name] for fact in facts)
    ]
    bad = set()
    for op in comparison.layer_ops:
        if layer_differs(columns, op):
            bad.add(len(rows))
        name = f"{op} {layer_name(comparison, op)}"
        rows.append((name, *(_layer(column, op) for column in columns)))
    return rows, bad


def layer_differs(columns: Sequence[ProjectResult], op: int) -> bool:
    """Whether its output differs in one of the projects that must have the same."""
    return any(
        column.agreement and column.agreement.exact and column.agreement.layers.get(op)
        for column in columns
    )


def layer_name(comparison: Comparison, op: int) -> str:
    """The shortest of its names in the projects; of equally short ones the first."""
    trials = (column.trial for column in comparison.columns)
    return min((trial.names[op] for trial in trials if op in trial.names), key=len)


def comparison_verdict(comparison: Comparison) -> str:
    """One line per project that differs from the others, and the verdict; ends with a newline."""
    lines = list(difference_lines(comparison))
    if not comparison.compared:
        lines.append("verdict  nothing to compare: the models are different ones")
    else:
        lines.append(f"verdict  {comparison_word(comparison)}")
    return "\n".join(lines) + "\n"


def comparison_word(comparison: Comparison) -> str:
    """The verdict in a few words."""
    if not comparison.equal:
        return "DIFFERENT"
    if comparison.passed is False:
        return "FAIL: delegate, by max_flips"
    return NOT_JUDGED if comparison.passed is None else "equal"


def difference_lines(comparison: Comparison) -> Iterator[str]:
    """A line per project that differs from the others, and from which layer on."""
    for column in comparison.columns:
        agreement, trial = column.agreement, column.trial
        if agreement is not None and not agreement.exact:
            yield _flips_line(comparison, trial, agreement)
            continue
        if agreement is None or agreement.first_wrong is None:
            continue
        op = agreement.first_wrong
        yield (
            f"{trial.entry.name} differs from {agreement.baseline}: op {op} "
            f"{trial.names[op]} is the first whose output differs, on {agreement.layers[op]:,} of "
            f"{agreement.compared:,} images"
        )


def _flips_line(comparison: Comparison, trial: Trial, agreement: LayerAgreement) -> str:
    """What is known of outputs that need not be equal, and whether their answers are let pass."""
    whose = "the host's" if agreement.baseline == HOST else f"those of {agreement.baseline}"
    judged = "not judged: --max-flips judges it"
    if (held := comparison.within(agreement)) is not None:
        judged = f"max_flips {comparison.max_flips:g} {'holds' if held else 'does not hold'}"
    by = trial.delegate or "another arithmetic"
    return (
        f"{trial.entry.name} by {by}: {flips_text(agreement.flips, whose)}, off by up to "
        f"{steps_text(agreement.largest_step)}; {judged}"
    )


def project_facts(column: ProjectResult) -> Iterator[tuple[str, str]]:
    """The figures of a project as names and texts; a text is empty where nothing is known."""
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
    yield "delegate", trial.delegate
    other = None if agreement is None or agreement.exact else agreement
    yield "flips", "" if other is None else f"{other.flips.count} of {other.flips.compared}"
    yield "largest step", "" if other is None else str(other.largest_step)
    yield "an inference", f"{_number(trial.total)} {trial.unit}"
    ms = trial.milliseconds
    yield "ms", "" if ms is None else f"{ms:.2f}"
    yield "arena, bytes", _number(sizes.arena)
    yield "code, bytes", _number(sizes.code)
    yield "constants, bytes", _number(sizes.constants)
    yield "stack, bytes", _number(sizes.stack)


def _layer(column: ProjectResult, op: int) -> str:
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


def _rate(accuracy: Accuracy | None) -> str:
    return "no labels" if accuracy is None else f"{accuracy.value:.4f}"


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """The document that `mcuzoo compare --json` prints."""
    return {
        "images": comparison.images,
        "equal": comparison.equal,
        "passed": comparison.passed,
        "max_flips": comparison.max_flips,
        "projects": [_column_dict(column) for column in comparison.columns],
    }


def _column_dict(column: ProjectResult) -> dict[str, Any]:
    trial, agreement = column.trial, column.agreement
    return {
        "name": trial.entry.name,
        "project": str(trial.entry.project),
        "port": trial.entry.port,
        "model": trial.entry.manifest.model.name,
        "model_sha256": trial.entry.model.sha256,
        "recipe": {
            **recipe_document(trial.entry.manifest.preprocessing),
            "source": trial.entry.manifest.recipe_source,
        },
        "board": trial.board,
        "runtime": trial.runtime,
        "toolchain": trial.toolchain,
        "build_id": trial.build_id,
        "top1": None if column.top1 is None else column.top1.value,
        "top5": None if column.top5 is None else column.top5.value,
        "paired_p_value": None if column.paired is None else column.paired.p_value,
        "unit": trial.unit,
        "total": trial.total,
        "total_ms": trial.milliseconds,
        "arena_bytes": trial.sizes.arena,
        "code_bytes": trial.sizes.code,
        "constant_bytes": trial.sizes.constants,
        "stack_bytes": trial.sizes.stack,
        "delegate": trial.delegate,
        "agreement": None
        if agreement is None
        else {**asdict(agreement), "flips": flips_dict(agreement.flips)},
        "first_wrong": None if agreement is None else agreement.first_wrong,
        "layers": [
            {
                "first_op": trial.first_ops[op],
                "op": op,
                "name": name,
                "macs": trial.macs[op],
                "count": trial.counts[op],
                "differing": None if agreement is None else agreement.layers.get(op),
            }
            for op, name in trial.names.items()
        ],
    }
