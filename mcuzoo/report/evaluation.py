"""An evaluation for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mcuzoo.project.recipe import recipe_document
from mcuzoo.quoting import printable
from mcuzoo.report.figures import (
    ENOUGH,
    MATRIX_CLASSES,
    accuracy_dict,
    accuracy_text,
    class_name,
    flips_dict,
    recipe_lines,
    scores_dict,
    shown_dict,
    shown_lines,
)
from mcuzoo.report.line import line_document, line_text, line_use_lines
from mcuzoo.run.score import p_text
from mcuzoo.tables import Column, columns_of, table_text

if TYPE_CHECKING:
    from mcuzoo.budgets import BudgetResult
    from mcuzoo.evaluate.engines import LineFacts
    from mcuzoo.evaluate.result import Evaluation, ModelFacts
    from mcuzoo.run.score import Scores


_LISTED = 5
_BAD_LISTED = 10


def evaluation_text(
    found: Evaluation, width: int = 80, budgets: Sequence[BudgetResult] = ()
) -> str:
    """The figures, one per line, as many classes and confusions as fit a screen, the budgets.

    width: columns that the classes' table may take.
    """
    lines = [
        *(f"{name:<10}  {text}" for name, text in shown_lines(found.shown)),
        f"model       {_model(found.model)}",
        f"data        {found.data.source}: {found.data.format}"
        + (f", {found.data.split}" if found.data.split else ""),
        f"images      {found.n}"
        + ("" if found.complete else f" of {found.images}")
        + (f", {len(found.bad)} unusable" if found.bad else ""),
        *(f"{name:<10}  {text}" for name, text in _seen(found)),
        *([] if found.output is None else [f"output      {found.output}"]),
        *_scores(found.scores),
        f"speed       {found.images_per_s:.1f} images/s, {found.jobs} job"
        + ("s" if found.jobs > 1 else ""),
        *(f"{name:<10}  {text}" for name, text in _line(found.line)),
        *_against(found),
        *(f"warning: {one}" for one in found.warnings),
        *(_classes(found, width) if found.per_class else ()),
        *(f"budget: {one.text}" for one in budgets),
    ]
    return "\n".join(lines) + "\n"


def bad_lines(found: Evaluation) -> Iterator[str]:
    """A message about images that could not be used."""
    for one in found.bad[:_BAD_LISTED]:
        yield printable(f"unusable: {one.file}: {one.error}")
    if len(found.bad) > _BAD_LISTED:
        yield f"and {len(found.bad) - _BAD_LISTED} more; --json lists them all"


def _model(facts: ModelFacts) -> str:
    whose = f", delegate {facts.delegate}" if facts.delegate else ""
    board = f" ({facts.board}{whose})" if facts.board else ""
    return f"{facts.name} ({facts.kind}, {facts.sha256[:12]}) on {facts.engine}{board}"


def _seen(found: Evaluation) -> Iterator[tuple[str, str]]:
    return recipe_lines(
        found.preprocessing, found.recipe_source, found.label_mapping, found.turned, found.clipped
    )


def _scores(scores: Scores | None) -> Iterator[str]:
    if scores is None:
        yield "accuracy    not known, the images are not labelled"
        return
    yield f"top-1       {accuracy_text(scores.top1)}"
    if scores.top5 is not None:
        yield f"top-5       {accuracy_text(scores.top5)}"


def _line(facts: LineFacts | None) -> Iterator[tuple[str, str]]:
    if facts is None:
        return
    yield from line_use_lines(facts.link)
    if facts.resent:
        yield "resent", f"{facts.resent} times"
    if not facts.link.clean:
        yield "line", line_text(facts.link)


def _against(found: Evaluation) -> Iterator[str]:
    if found.against is None or found.comparison is None:
        return
    other = found.comparison
    yield f"against     {_model(found.against)}"
    if other.scores is not None:
        yield f"  top-1     {accuracy_text(other.scores.top1)}"
        if other.scores.top5 is not None:
            yield f"  top-5     {accuracy_text(other.scores.top5)}"
    if other.agreement is not None:
        agreement = other.agreement
        yield (
            f"  outputs   {agreement.equal} of {agreement.compared} byte-equal, largest "
            f"difference {agreement.largest_difference}"
        )
    low, high = other.flips.interval
    yield (
        f"  flips     {other.flips.count} of {other.flips.compared} have another top-1 "
        f"(95 % interval {low:.3f} to {high:.3f})"
    )
    if other.paired is not None:
        paired = other.paired
        yield (
            f"  paired    right only here {paired.only_first}, only there {paired.only_second}; "
            f"exact test p = {p_text(paired.p_value)}: "
            + ("the accuracies differ" if other.differs else "no difference that shows")
        )
    yield from (f"  {name:<8}  {text}" for name, text in _line(found.against_line))


def _classes(found: Evaluation, width: int) -> Iterator[str]:
    if len(found.per_class) <= MATRIX_CLASSES:
        yield ""
        matrix = list(_matrix(found))
        fits = max(map(columns_of, matrix)) <= width
        yield from matrix if fits else _by_class(found, width)
        return
    names = found.class_names
    yield ""
    yield f"{len(found.per_class)} classes have images"
    known = [one for one in found.per_class if one.top1.total >= ENOUGH]
    worst = sorted(known, key=lambda one: one.top1.value)[:_LISTED]
    if worst:
        yield "worst       " + ", ".join(
            f"{class_name(one.label, names)} {one.top1.correct}/{one.top1.total}" for one in worst
        )
    wrong = [triple for triple in found.confusion if triple[0] != triple[1]]
    wrong.sort(key=lambda triple: -triple[2])
    if wrong:
        yield "confused    " + ", ".join(
            f"{class_name(label, names)} as {class_name(predicted, names)} {count}"
            for label, predicted, count in wrong[:_LISTED]
        )


def _matrix(found: Evaluation) -> Iterator[str]:
    counts = {(label, predicted): count for label, predicted, count in found.confusion}
    known = {one.label: class_name(one.label, found.class_names) for one in found.per_class}
    columns = sorted({predicted for _, predicted, _ in found.confusion} | set(known))
    width = max(4, *(len(str(count)) + 1 for count in counts.values()))
    stem = max(len(name) for name in known.values())
    yield f"{'label':<{stem}}  top-1   n  predicted as"
    yield f"{'':<{stem}}             " + "".join(f"{column:>{width}}" for column in columns)
    for one in found.per_class:
        cells = [counts.get((one.label, column), 0) for column in columns]
        yield (
            f"{known[one.label]:<{stem}}  {one.top1.value:.3f} {one.top1.total:>4}"
            + "".join(f"{count or '.':>{width}}" for count in cells)
        )


def _by_class(found: Evaluation, width: int) -> list[str]:
    """The confusions by class, for a width without room for the matrix."""
    names = found.class_names
    columns = (
        Column("label", wraps=True),
        Column("top-1", right=True),
        Column("n", right=True),
        Column("taken for", wraps=True),
    )
    rows = []
    for one in found.per_class:
        wrong = (
            f"{class_name(predicted, names)} {count}"
            for label, predicted, count in found.confusion
            if label == one.label != predicted
        )
        top1 = one.top1
        row = (class_name(one.label, names), f"{top1.value:.3f}", str(top1.total), ", ".join(wrong))
        rows.append(row)
    return table_text(columns, rows, width).splitlines()


def evaluation_document(found: Evaluation, budgets: Sequence[BudgetResult] = ()) -> dict[str, Any]:
    """The document that `mcuzoo evaluate --json` prints. What was not measured is null."""
    scores = found.scores
    return {
        "tool_version": found.tool_version,
        "model": asdict(found.model),
        "engine": found.model.engine,
        "data": asdict(found.data),
        "recipe": {**recipe_document(found.preprocessing), "source": found.recipe_source},
        "turned": found.turned,
        "clipped": found.clipped,
        "label_mapping": found.label_mapping,
        "output": found.output,
        "complete": found.complete,
        "images": found.images,
        "n": found.n,
        "labelled": 0 if scores is None else scores.top1.total,
        "top1": None if scores is None else scores.top1.value,
        "top5": None if scores is None or scores.top5 is None else scores.top5.value,
        "accuracy": scores and scores_dict(scores),
        "per_class": [
            {"label": one.label, "name": one.name, **accuracy_dict(one.top1)}
            for one in found.per_class
        ],
        "confusion": [list(triple) for triple in found.confusion],
        **shown_dict(found.shown),
        "bad": [asdict(one) for one in found.bad],
        "jobs": found.jobs,
        "seconds": found.seconds,
        "images_per_s": found.images_per_s,
        "line": _line_document(found.line),
        "against": _against_document(found),
        "exposure": found.exposure,
        "budgets": [asdict(one) for one in budgets],
    }


def _against_document(found: Evaluation) -> dict[str, Any] | None:
    if found.against is None or found.comparison is None:
        return None
    other = found.comparison
    agreement, paired = other.agreement, other.paired
    return {
        "model": asdict(found.against),
        "engine": found.against.engine,
        "flips": other.flips.count,
        "flip_rate": flips_dict(other.flips),
        "agreement": None
        if agreement is None
        else {
            "compared": agreement.compared,
            "equal": agreement.equal,
            "max_distance": agreement.largest_difference,
        },
        "accuracy": other.scores and scores_dict(other.scores),
        "paired": None if paired is None else {**asdict(paired), "p_value": paired.p_value},
        "differs": other.differs,
        "line": _line_document(found.against_line),
    }


def _line_document(facts: LineFacts | None) -> dict[str, object] | None:
    return None if facts is None else line_document(facts.link, facts.resent)
