"""Accuracies and predictions, which runs and evaluations show alike, as text and for JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mcuzoo.project.recipe import Recipe, recipe_text
from mcuzoo.quoting import printable
from mcuzoo.tables import columns_of

if TYPE_CHECKING:
    from mcuzoo.run.score import Accuracy, Agreement, Flips, Scores
    from mcuzoo.run.tally import Prediction, Shown

COLUMNS = 68
"""Columns of 80 that the names before the lines of a summary leave."""
_NAME_COLUMNS, _LONE_NAME_COLUMNS = 15, 30
"""Columns for a class beside the right one, and alone."""
_CUT = "..."
_CELLS = 3
MATRIX_CLASSES = 20
"""A matrix of more classes is no picture any more."""
ENOUGH = 5
"""Images that a class must have to be one of the worst of many."""


def accuracy_text(accuracy: Accuracy) -> str:
    """The rate, the images and the interval."""
    low, high = accuracy.interval
    return (
        f"{accuracy.value:.4f} ({accuracy.correct} of {accuracy.total}; 95 % interval "
        f"{low:.3f} to {high:.3f})"
    )


def accuracy_dict(accuracy: Accuracy) -> dict[str, Any]:
    low, high = accuracy.interval
    return {
        "correct": accuracy.correct,
        "total": accuracy.total,
        "value": accuracy.value,
        "low95": low,
        "high95": high,
    }


def flips_text(flips: Flips, whose: str = "the host's") -> str:
    """How many answers are not `whose`, and the interval of their share."""
    low, high = flips.interval
    return (
        f"{flips.count:,} of {flips.compared:,} answers are not {whose} (95 % interval "
        f"{low:.3f} to {high:.3f})"
    )


def flips_dict(flips: Flips | None) -> dict[str, Any] | None:
    if flips is None:
        return None
    low, high = flips.interval
    return {**asdict(flips), "value": flips.value, "low95": low, "high95": high}


def equality_text(agreement: Agreement, whose: str = "the host's") -> str:
    """How many outputs have the same bytes, and how far the furthest is off."""
    text = f"{agreement.equal:,} of {agreement.compared:,} outputs byte-equal to {whose}"
    if not agreement.unequal:
        return text
    return f"{text}, off by up to {steps_text(agreement.largest_difference)}"


def steps_text(count: int) -> str:
    return "1 step" if count == 1 else f"{count:,} steps"


def scores_dict(scores: Scores) -> dict[str, Any]:
    return {
        "top1": accuracy_dict(scores.top1),
        "top5": scores.top5 and accuracy_dict(scores.top5),
    }


_SOURCES = {
    "registry": "the zoo's registry",
    "beside": "the .mcuzoo.toml beside the model",
    "metadata": "the model's metadata",
    "recipe": "--recipe",
    "project": "the project",
    "default": "the default: nothing says it",
}


def source_text(source: str) -> str:
    """Where a recipe is from, in words."""
    known, flags, _ = source.partition("+")
    words = [_SOURCES.get(part, part) for part in known.split(":") if part]
    return ("flags; the rest: " if flags else "") + ", from ".join(words)


def recipe_lines(
    recipe: Recipe,
    source: str,
    mapping: str = "",
    turned: int = 0,
    clipped: float | None = None,
    columns: int | None = COLUMNS,
) -> Iterator[tuple[str, str]]:
    """What the network saw and where that is from; how labels were read; a heading and a text of at
    most `columns` each. None: as long as they are, for whoever breaks lines."""

    def broken(heading: str, text: str) -> Iterator[tuple[str, str]]:
        for place, line in enumerate(textwrap.wrap(text, columns) if columns else [text]):
            yield ("" if place else heading), line

    said = f" ({source_text(source)})" if source else ""
    yield from broken("pictures", recipe_text(recipe) + said)
    if turned:
        yield "turned", f"{turned:,} as their EXIF orientation says (--no-exif: as stored)"
    if clipped is not None and clipped >= _CLIPPED:
        yield "clipped", f"{clipped:.1%} of the input's values are beyond what int8 can take"
    if mapping:
        yield from broken("labels", mapping)


_CLIPPED = 0.001
"""The share of values from which on it is worth a line."""


def shown_lines(shown: Shown) -> Iterator[tuple[str, str]]:
    """A heading and a text of at most COLUMNS each; nothing where there is nothing to show."""
    yield from (("predicted", text) for text in _texts(shown.first, shown.names))
    yield from (("worst miss", text) for text in _texts(shown.worst, shown.names))
    left = shown.total - len(shown.first)
    if left and not shown.worst and shown.first:
        yield "predicted", f"{_CUT} and {left:,} more: --show {shown.total}"


def shown_dict(shown: Shown) -> dict[str, Any]:
    """Predictions in the document that --json prints."""
    return {
        "predictions": [prediction_dict(one, shown.names) for one in shown.first],
        "worst_misses": [prediction_dict(one, shown.names) for one in shown.worst],
    }


def prediction_dict(one: Prediction, names: Sequence[str] | None) -> dict[str, Any]:
    """A prediction as --json prints it, with names where they are known, and cells of a grid."""
    facts = asdict(one)
    if not one.cells:
        del facts["cells"]
    return {
        **facts,
        "label_name": None if names is None or one.label is None else names[one.label],
        "top1_name": None if names is None else names[one.top1],
    }


def _texts(shown: Sequence[Prediction], names: Sequence[str] | None) -> Iterator[str]:
    """`file  class score`, and the right class where it is another, in columns."""
    if not shown:
        return
    room = _NAME_COLUMNS if any(one.wrong for one in shown) else _LONE_NAME_COLUMNS
    classes = [_short(one.top1, names, room) for one in shown]
    truths = [
        _cells_text(one) + (f"  is {_short(one.label, names, room)}" if one.wrong else "")
        for one in shown
    ]
    probable = all(0 <= one.score <= 1 for one in shown)
    scores = [f"{one.score:.3f}" if probable else f"{one.score:.4g}" for one in shown]
    wide = [max(map(columns_of, column)) for column in (classes, scores, truths)]
    # The file's name gets the rest of the line; its end distinguishes files.
    files = [
        clipped(one.file, max(COLUMNS - sum(wide) - 3, len(_CUT) + 1), keep_end=True)
        for one in shown
    ]
    widest = max(map(columns_of, files))
    for file, name, score, truth in zip(files, classes, scores, truths, strict=True):
        yield f"{_padded(file, widest)}  {_padded(name, wide[0])} {score:>{wide[1]}}{truth}"


def _cells_text(one: Prediction) -> str:
    """The first cells of the predicted class in a grid, as row,column."""
    cells = [f"{cell.row},{cell.column}" for cell in one.cells if cell.label == one.top1]
    if not cells:
        return ""
    return f"  at {' '.join(cells[:_CELLS])}" + (f" {_CUT}" if len(cells) > _CELLS else "")


def _short(label: int | None, names: Sequence[str] | None, room: int) -> str:
    """The first name of several: "tench" of "tench, Tinca tinca"."""
    if names is None or label is None:
        return f"class {label}"
    return clipped(names[label].split(",")[0], room)


def class_name(label: int, names: Sequence[str] | None) -> str:
    """The number and the first name of several: "1 tench" of "tench, Tinca tinca"."""
    known = names is not None and 0 <= label < len(names)
    return f"{label} {names[label].split(',')[0]}" if names is not None and known else str(label)


def score_text(score: float) -> str:
    """Three decimals of a probability, four figures of any other score."""
    return f"{score:.3f}" if 0 <= score <= 1 else f"{score:.4g}"


def clipped(text: str, columns: int, keep_end: bool = False) -> str:
    """`text` in at most `columns` of a terminal, without control characters."""
    text = printable(text)
    if columns_of(text) <= columns:
        return text
    kept = ""
    for char in reversed(text) if keep_end else text:
        if columns_of(kept + char) > columns - len(_CUT):
            break
        kept = char + kept if keep_end else kept + char
    return _CUT + kept if keep_end else kept + _CUT


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - columns_of(text))
