"""Accuracy on a page: the rates beside each other, what is taken for what, and class by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcuzoo.report.figures import ENOUGH, MATRIX_CLASSES, class_name
from mcuzoo.report.html.blocks import Block, Cell, Head, Table, Text, Tile, Tone, number
from mcuzoo.report.html.charts import Rate, charts_note, rates
from mcuzoo.run.score import Accuracy, ClassScore
from mcuzoo.zoo.catalog import catalog

_LISTED = 30
_CLASSES_LISTED = 60

Confusion = Sequence[tuple[int, int, int]]
"""(label, predicted, images)."""


@dataclass(frozen=True)
class RateRow:
    """A rate, where it is from, and on how many images. accuracy: None of a published figure."""

    name: str
    accuracy: Accuracy | None
    source: str
    published: float | None = None

    @property
    def value(self) -> float | None:
        return self.published if self.accuracy is None else self.accuracy.value

    @property
    def cells(self) -> tuple[Cell, ...]:
        accuracy = self.accuracy
        interval = "-"
        if accuracy is not None:
            low, high = accuracy.interval
            interval = f"{low:.3f} to {high:.3f}"
        images = "-" if accuracy is None else f"{accuracy.correct:,} of {accuracy.total:,}"
        return (
            Cell(self.name),
            number(self.value, ".4f"),
            Cell(interval),
            Cell(images),
            Cell(self.source),
        )


def published_rates(model: str, sha256: str) -> Iterator[RateRow]:
    """What was published of a model, known by its file's hash or else by its name."""
    known = next(
        (one for one in catalog().values() if any(file.sha256 == sha256 for file in one.file)),
        catalog().get(model),
    )
    if known is None:
        return
    for figure, kind in (("top1_int8", "INT8"), ("top1_uint8", "UINT8"), ("top1_fp32", "float")):
        found = known.figure(figure)  # type: ignore[arg-type]
        if found is not None:
            value, source = found
            yield RateRow(f"published, {kind}", None, f"{source}; on its own test images", value)


def rate_blocks(rows: Sequence[RateRow], bound: float | None) -> list[Block | None]:
    """The rates as a table and as a chart, or what to type for charts. bound: the least that
    passes."""
    heads = ("which", "top-1", "95 % interval", "images", "from")
    table = Table(
        "Top-1 accuracy, with Wilson's score interval",
        tuple(Head(name, right=name not in ("which", "from")) for name in heads),
        tuple(row.cells for row in rows),
        sortable=False,
    )
    shown = [
        Rate(row.name, row.value, *(row.accuracy.interval if row.accuracy else (None, None)))
        for row in rows
        if row.value is not None
    ]
    note = charts_note()
    return [table, rates(shown, bound, "Accuracy"), Text(note, "soft") if note else None]


def rate_tiles(top1: Accuracy | None, top5: Accuracy | None) -> Iterator[Tile]:
    """Of those that are known."""
    for name, one in (("top-1", top1), ("top-5", top5)):
        if one is not None:
            low, high = one.interval
            yield Tile(name, f"{one.value:.1%}", f"{low:.1%} to {high:.1%}, with 95 % confidence")


def confusion_blocks(
    confusion: Confusion, classes: Sequence[ClassScore], names: Sequence[str] | None
) -> list[Block | None]:
    """What is taken for what, and each class; the most frequent and the worst of many."""
    if not confusion:
        return []
    few = len({label for pair in confusion for label in pair[:2]}) <= MATRIX_CLASSES
    if few:
        return [_matrix(confusion, classes, names), _by_class(classes, names)]
    enough = [one for one in classes if one.top1.total >= ENOUGH]
    left_out = len(classes) - len(enough)
    return [
        _pairs(confusion, names),
        _by_class(enough, names),
        Text(f"{left_out:,} classes have fewer than {ENOUGH} images: they are not listed.", "soft")
        if left_out
        else None,
    ]


def _matrix(
    confusion: Confusion, classes: Sequence[ClassScore], names: Sequence[str] | None
) -> Table:
    counts = {(label, predicted): count for label, predicted, count in confusion}
    totals = {one.label: one.top1.total for one in classes}
    columns = sorted({label for pair in confusion for label in pair[:2]})
    rows = []
    for label in (one.label for one in classes):
        cells = [Cell(class_name(label, names), label)]
        for column in columns:
            count = counts.get((label, column), 0)
            if not count:
                cells.append(Cell("·", 0, tone="soft"))
                continue
            tone: Tone = "" if column == label else "bad"
            cells.append(Cell(f"{count:,}", count, tone=tone, shade=count / totals[label]))
        rows.append(tuple(cells))
    heads = (Head("is \\ answered"), *(Head(str(column), right=True) for column in columns))
    return Table(
        "What was answered, by what it is; a column is a class's number", heads, tuple(rows)
    )


def _pairs(confusion: Confusion, names: Sequence[str] | None) -> Table | Text | None:
    wrong = sorted(
        (triple for triple in confusion if triple[0] != triple[1]),
        key=lambda triple: (-triple[2], triple[0], triple[1]),
    )
    if not wrong:
        return None
    if wrong[0][2] == 1:
        return Text("No two images of one class are taken for the same other class.")
    rows = tuple(
        (
            Cell(class_name(label, names), label),
            Cell(class_name(predicted, names), predicted),
            number(count),
        )
        for label, predicted, count in wrong[:_LISTED]
    )
    rest = sum(count for _, _, count in wrong[_LISTED:])
    left_out = f"And {len(wrong) - _LISTED:,} other pairs with {rest:,} images." if rest else ""
    return Table(
        "The most frequent confusions",
        (Head("is"), Head("answered"), Head("images", right=True)),
        rows,
        left_out=left_out,
    )


def _by_class(classes: Sequence[ClassScore], names: Sequence[str] | None) -> Table | None:
    if not classes:
        return None
    worst = sorted(classes, key=lambda one: (one.top1.value, -one.top1.total, one.label))
    shown = worst[:_CLASSES_LISTED]
    if len(classes) <= MATRIX_CLASSES:
        shown = sorted(shown, key=lambda one: one.label)
    rows = []
    for one in shown:
        low, high = one.top1.interval
        rows.append(
            (
                Cell(class_name(one.label, names), one.label),
                Cell(f"{one.top1.value:.3f}", one.top1.value, bar=one.top1.value),
                Cell(f"{low:.2f} to {high:.2f}", low),
                number(one.top1.correct),
                number(one.top1.total),
            )
        )
    left = len(classes) - len(shown)
    left_out = f"And {left:,} other classes, none of them worse: see --json." if left else ""
    heads = (
        Head("class"),
        *(Head(name, right=True) for name in ("top-1", "95 % interval", "right", "images")),
    )
    return Table("Class by class", heads, tuple(rows), left_out=left_out)
