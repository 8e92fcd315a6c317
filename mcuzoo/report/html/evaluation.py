"""The page of an evaluation: accuracy of a model on a data set, beside another engine or model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mcuzoo.budgets import BudgetResult
from mcuzoo.evaluate.result import Evaluation, ModelFacts
from mcuzoo.report.figures import class_name
from mcuzoo.report.html.accuracy import (
    RateRow,
    confusion_blocks,
    published_rates,
    rate_blocks,
    rate_tiles,
)
from mcuzoo.report.html.blocks import (
    Block,
    Cell,
    Fact,
    Facts,
    Head,
    Page,
    Table,
    Tile,
    Verdict,
    number,
    section,
    sections,
)
from mcuzoo.report.html.facts import budget_table, recipe_fact
from mcuzoo.report.html.page import page_html
from mcuzoo.run.score import Versus, p_text
from mcuzoo.run.tally import Prediction

_BAD_LISTED = 100


@dataclass(frozen=True)
class Asked:
    """What the evaluation was to show. failures: why it does not. budgets: of what was asked.
    min_top1: the bound, 0 to 1; None: none. judged: something was asked for, so that there is a
    verdict."""

    min_top1: float | None = None
    judged: bool = False
    failures: tuple[str, ...] = ()
    budgets: tuple[BudgetResult, ...] = ()


def evaluation_html(found: Evaluation, asked: Asked, made: datetime | None = None) -> str:
    """The page; everything from outside is escaped. made: the time in UTC; None: now."""
    model = found.model
    left = found.images - found.n - len(found.bad)
    warnings = [] if found.complete else [f"It was stopped: {left:,} images were not run."]
    page = Page(
        title=f"{model.name} on {found.data.name}",
        subject=f"{model.name} ({model.kind}) on {_engine(model)}, {found.data.name}",
        verdict=Verdict(
            not asked.failures if asked.judged else None,
            _headline(found, asked),
            tuple(f"{text[:1].upper()}{text[1:]}." for text in asked.failures),
            (*warnings, *found.warnings),
        ),
        tiles=tuple(_tiles(found)),
        sections=sections(
            (
                section("accuracy", "Accuracy", _accuracy(found, asked)),
                section("budgets", "Budgets", [budget_table(asked.budgets)]),
                section("against", "Side by side", [_against(found)]),
                section("answers", "Answers", _answers(found)),
                section(
                    "confusion",
                    "What is taken for what",
                    confusion_blocks(found.confusion, found.per_class, found.class_names),
                ),
                section("bad", "Images that could not be used", [_bad(found)]),
                section("provenance", "What was run", [Facts(tuple(_facts(found)))]),
            )
        ),
    )
    return page_html(page, made)


def _headline(found: Evaluation, asked: Asked) -> str:
    if asked.judged:
        return "Fail" if asked.failures else "Pass"
    if found.scores is None:
        return f"{found.n:,} images without labels"
    return f"Top-1 {found.scores.top1.value:.1%}"


def _engine(model: ModelFacts) -> str:
    return f"{model.engine}, {model.board}" if model.board else model.engine


def _tiles(found: Evaluation) -> list[Tile]:
    tiles = [Tile("images", f"{found.n:,}", f"of {found.images:,}")]
    if found.scores is not None:
        tiles += rate_tiles(found.scores.top1, found.scores.top5)
    other = found.comparison
    if other is not None and other.agreement is not None:
        same = other.agreement
        tiles.append(Tile("byte-equal", f"{same.equal:,}", f"of {same.compared:,} outputs"))
    jobs = f"{found.jobs} job{'s' if found.jobs > 1 else ''} on this machine"
    tiles.append(Tile("speed", f"{found.images_per_s:.1f}/s", f"images, {jobs}"))
    return tiles


def _accuracy(found: Evaluation, asked: Asked) -> list[Block | None]:
    if found.scores is None:
        return []
    rows = [RateRow(_engine(found.model), found.scores.top1, found.data.source)]
    if found.comparison is not None and found.comparison.scores is not None and found.against:
        name = f"{found.against.name}, {_engine(found.against)}"
        rows.append(RateRow(name, found.comparison.scores.top1, "the same images"))
    rows += published_rates(found.model.name, found.model.sha256)
    return rate_blocks(rows, asked.min_top1)


def _against(found: Evaluation) -> Facts | None:
    if found.against is None or found.comparison is None:
        return None
    other, against = found.comparison, found.against
    facts = [
        Fact("against", f"{against.name} ({against.kind}) on {_engine(against)}", against.sha256),
        Fact(
            "flips", f"{other.flips.count:,} of {other.flips.compared:,} images", _interval(other)
        ),
    ]
    if other.agreement is not None:
        same = other.agreement
        facts.append(
            Fact(
                "outputs",
                f"{same.equal:,} of {same.compared:,} byte-equal",
                f"largest difference {same.largest_difference} steps",
            )
        )
    if other.paired is not None:
        paired = other.paired
        said = "the accuracies differ" if other.differs else "no difference that shows"
        facts += [
            Fact("right only here", f"{paired.only_first:,}"),
            Fact("right only there", f"{paired.only_second:,}"),
            Fact("exact paired test", f"p = {p_text(paired.p_value)}", said),
        ]
    return Facts(tuple(facts))


def _interval(other: Versus) -> str:
    low, high = other.flips.interval
    return f"have another top-1; 95 % interval {low:.3f} to {high:.3f}"


def _answers(found: Evaluation) -> list[Block | None]:
    shown, names = found.shown, found.class_names
    return [
        _predictions("The first images", shown.first, names),
        _predictions("The worst misses", shown.worst, names),
    ]


def _predictions(
    caption: str, shown: Sequence[Prediction], names: Sequence[str] | None
) -> Table | None:
    rows = tuple(
        (
            Cell(one.file),
            Cell("-") if one.label is None else Cell(class_name(one.label, names), one.label),
            Cell(class_name(one.top1, names), one.top1, tone="bad" if one.wrong else ""),
            number(one.score, ".4g"),
        )
        for one in shown
    )
    heads = (Head("image"), Head("is"), Head("answered"), Head("score", right=True))
    return Table(caption, heads, rows) if rows else None


def _bad(found: Evaluation) -> Table | None:
    rows = tuple((Cell(one.file), Cell(one.error)) for one in found.bad[:_BAD_LISTED])
    left = len(found.bad) - len(rows)
    more = f"And {left:,} others: see --json." if left else ""
    heads = (Head("image"), Head("why"))
    return Table("Left out of all figures", heads, rows, left_out=more) if rows else None


def _facts(found: Evaluation) -> list[Fact]:
    model, data = found.model, found.data
    split = f", {data.split}" if data.split else ""
    clipped = (
        [Fact("clipped", f"{found.clipped:.2%} of the input's values")] if found.clipped else []
    )
    return [
        Fact("model", f"{model.name} ({model.kind})", f"SHA-256 {model.sha256}"),
        Fact("engine", _engine(model)),
        *([Fact("output", found.output)] if found.output else []),
        Fact("data set", f"{data.source}: {data.format}{split}", f"SHA-256 {data.digest}"),
        *([Fact("labels", found.label_mapping)] if found.label_mapping else []),
        recipe_fact(found.preprocessing, found.recipe_source),
        *([Fact("turned by EXIF", f"{found.turned:,}")] if found.turned else []),
        *clipped,
        Fact("time", f"{found.seconds:,.1f} s", f"mcuzoo {found.tool_version}"),
    ]
