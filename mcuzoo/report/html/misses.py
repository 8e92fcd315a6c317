"""Images on a page: those that are answered wrong, or unlike the host, as the network saw them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mcuzoo.errors import command
from mcuzoo.history.pairing import Pair
from mcuzoo.report.figures import class_name, score_text, steps_text
from mcuzoo.report.html.blocks import (
    Block,
    Card,
    Cell,
    Fact,
    Gallery,
    Head,
    Score,
    Table,
    Text,
    number,
)
from mcuzoo.report.html.pictures import Pictures, Seen
from mcuzoo.run.record import Row, RunMeta, Status
from mcuzoo.run.score import TOP_K

_LISTED = 200


def miss_blocks(
    meta: RunMeta, rows: Sequence[Row], pictures: Pictures, show: int
) -> list[Block | None]:
    """The images with another answer than their label, the surest first; `show` as pictures."""
    misses = [row for row in rows if row.label is not None and row.top1 not in (None, row.label)]
    misses.sort(key=lambda row: (-(row.score or 0.0), row.index))
    gallery = _gallery(meta, misses, pictures, show, ask_host=False)
    return [gallery, _list(meta, misses[show:])]


def unequal_blocks(
    meta: RunMeta, rows: Sequence[Row], pictures: Pictures, show: int
) -> list[Block | None]:
    """The images whose output is not the host's, the furthest first; of a delegate those with
    another answer."""
    unequal = [row for row in rows if row.reference_difference and not _let_be(meta, row)]
    unequal.sort(key=lambda row: (-(row.reference_difference or 0), row.index))
    return [_gallery(meta, unequal, pictures, show, ask_host=True), _list(meta, unequal[show:])]


def _let_be(meta: RunMeta, row: Row) -> bool:
    return bool(meta.delegate_of(row.board)) and row.host_top1 in (None, row.top1)


def answer_blocks(
    meta: RunMeta, rows: Sequence[Row], pictures: Pictures, show: int
) -> list[Block | None]:
    """The first images, where no label says which answers are wrong."""
    answered = [row for row in rows if row.top1 is not None]
    left = len(answered) - show
    more = f"And {left:,} other images: --csv FILE lists them all." if left > 0 else ""
    return [_gallery(meta, answered, pictures, show, ask_host=False, left_out=more)]


def changed_blocks(
    meta: RunMeta,
    pairs: Sequence[Pair],
    baseline: RunMeta,
    pictures: Pictures,
    show: int,
) -> list[Block | None]:
    """Images that the run answers otherwise than its baseline, with both answers; those that are
    wrong now, the surest first."""
    ordered = sorted(pairs, key=lambda pair: (-(pair.run.score or 0.0), pair.run.index))
    cards = []
    for pair in ordered[:show]:
        card = _card(meta, pair.run, pictures.seen(pair.run))
        before = pair.baseline.top1
        told = "-" if before is None else class_name(before, baseline.class_names)
        score = "" if pair.baseline.score is None else score_text(pair.baseline.score)
        cards.append(replace(card, facts=(*card.facts, Fact("before", told, score))))
    rest = [pair.run for pair in ordered[show:]]
    return [Gallery(tuple(cards)) if cards else None, _list(meta, rest)]


def failure_blocks(folder: Path, rows: Sequence[Row]) -> list[Block | None]:
    """The images without an answer, and why. folder: of the run."""
    pending = sum(row.status is Status.PENDING for row in rows)
    go_on = command("mcuzoo", "run-serial", "--resume", folder)
    told = Text(f"{pending:,} images were not run. To go on: {go_on}") if pending else None
    return [told, _failures([row for row in rows if row.error is not None])]


def _failures(failed: Sequence[Row]) -> Table | None:
    if not failed:
        return None
    cells = tuple(
        (
            Cell(row.file),
            Cell(row.status.value.replace("_", " ")),
            number(row.attempts),
            Cell(row.error or ""),
        )
        for row in failed[:_LISTED]
    )
    left = len(failed) - len(cells)
    return Table(
        "What became of each",
        (Head("image"), Head("what became of it"), Head("sent", right=True), Head("why")),
        cells,
        left_out=f"And {left:,} others: --csv FILE lists them all." if left else "",
    )


def _gallery(
    meta: RunMeta,
    rows: Sequence[Row],
    pictures: Pictures,
    show: int,
    ask_host: bool,
    left_out: str = "",
) -> Gallery | None:
    cards = tuple(_card(meta, row, pictures.seen(row, ask_host)) for row in rows[:show])
    return Gallery(cards, left_out) if cards else None


def _card(meta: RunMeta, row: Row, seen: Seen) -> Card:
    assert row.top1 is not None
    names = meta.class_names
    facts = []
    wrong = row.label is not None and row.label != row.top1
    if row.label is not None:
        facts.append(Fact("is", class_name(row.label, names)))
    facts.append(Fact("answered", class_name(row.top1, names), tone="bad" if wrong else ""))
    if row.reference_difference:
        if seen.expected is not None:
            host = class_name(seen.expected.top1, names)
            facts.append(Fact("the host", f"{host} {score_text(seen.expected.score)}"))
        facts.append(Fact("off by", steps_text(row.reference_difference), tone="bad"))
    if wrong and row.label_rank is not None and row.label_rank >= TOP_K:
        facts.append(Fact("its rank", f"{row.label_rank + 1} of {meta.classes}"))
    scores = _scores(meta, row)
    return Card(row.file, seen.png, seen.width, seen.height, seen.absent, tuple(facts), scores)


def _scores(meta: RunMeta, row: Row) -> tuple[Score, ...]:
    """The classes with the highest scores; the label's own is told apart."""
    if row.output is None:
        return ()
    scores = meta.form.scores(row.output, meta.output_scale, meta.output_zero_point)
    # A stable order: of equal scores the lower class comes first, as in top1.
    best = np.argsort(-scores, kind="stable")[:TOP_K].tolist()
    low, high = min(0.0, float(scores.min())), max(float(scores.max()), 1e-9)
    return tuple(
        Score(
            class_name(label, meta.class_names),
            score_text(float(scores[label])),
            (float(scores[label]) - low) / max(high - low, 1.0 if 0 <= low <= high <= 1 else 1e-9),
            "good" if label == row.label else "bad" if place == 0 and row.label is not None else "",
        )
        for place, label in enumerate(best)
    )


def _list(meta: RunMeta, rows: Sequence[Row]) -> Table | None:
    """Images without a picture on the page."""
    if not rows:
        return None
    names = meta.class_names

    def named(label: int | None) -> Cell:
        return Cell("-") if label is None else Cell(class_name(label, names), label)

    shown = rows[:_LISTED]
    columns: tuple[tuple[Head, Callable[[Row], Cell]], ...] = (
        (Head("image"), lambda row: Cell(row.file)),
        (Head("is"), lambda row: named(row.label)),
        (Head("answered"), lambda row: named(row.top1)),
        (Head("score", right=True), lambda row: number(row.score, ".4g")),
        (Head("off by", right=True), lambda row: number(row.reference_difference)),
    )
    left = len(rows) - len(shown)
    return Table(
        "Others, without a picture here",
        tuple(head for head, _ in columns),
        tuple(tuple(cell(row) for _, cell in columns) for row in shown),
        left_out=f"And {left:,} others: --csv FILE lists them all." if left else "",
    )
