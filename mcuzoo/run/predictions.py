"""Which predictions a user is shown, and as what lines: all of a few images, else the worst."""

from __future__ import annotations

import heapq
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

FEW = 10
"""So many images, or fewer, are shown one by one."""
WORST = 5
COLUMNS = 68
"""Of 80, what the names before the lines of a summary leave."""
_NAME_COLUMNS, _LONE_NAME_COLUMNS = 15, 30
"""Of a class beside the right one, and alone."""
_CUT = "..."


@dataclass(frozen=True)
class Prediction:
    """What an image was taken for. score: the output of class `top1`, dequantized: a probability
    where the model ends in one. label: the class it is of, None where nobody said."""

    index: int
    file: str
    label: int | None
    top1: int
    score: float

    @property
    def wrong(self) -> bool:
        return self.label is not None and self.label != self.top1


@dataclass(frozen=True)
class Shown:
    """`first` are the first images in order, `worst` the wrong ones of the highest scores, which
    are kept where not all are asked for; `total` is how many images there were."""

    first: tuple[Prediction, ...] = ()
    worst: tuple[Prediction, ...] = ()
    total: int = 0
    names: tuple[str, ...] | None = None

    def lines(self) -> Iterator[tuple[str, str]]:
        """A heading and a text of at most COLUMNS each; nothing where there is nothing to show."""
        yield from (("predicted", text) for text in _texts(self.first, self.names))
        yield from (("worst miss", text) for text in _texts(self.worst, self.names))
        left = self.total - len(self.first)
        if left and not self.worst and self.first:
            yield "predicted", f"{_CUT} and {left:,} more: --show {self.total}"

    def as_dict(self) -> dict[str, Any]:
        """As --json prints it."""
        return {
            "predictions": [prediction_dict(one, self.names) for one in self.first],
            "worst_misses": [prediction_dict(one, self.names) for one in self.worst],
        }


class Chooser:
    """Add predictions in the order of the data set, then take `shown`. Keeps no more than that.

    show: so many of the first images; None: all of FEW or fewer, else the worst misses; without
    labels, where none is known to be wrong, the first FEW.
    """

    def __init__(self, show: int | None) -> None:
        self._show = show
        self._first: list[Prediction] = []
        self._worst: list[tuple[float, int, Prediction]] = []
        self._total = self._labelled = 0

    def add(self, prediction: Prediction) -> None:
        self._total += 1
        self._labelled += prediction.label is not None
        if len(self._first) < (FEW if self._show is None else self._show):
            self._first.append(prediction)
        if prediction.wrong:
            # Of equal scores the earlier image stays.
            entry = (prediction.score, -self._total, prediction)
            (heapq.heappush if len(self._worst) < WORST else heapq.heappushpop)(self._worst, entry)

    def shown(self, names: tuple[str, ...] | None) -> Shown:
        by_default = self._show is None and self._total > FEW and self._labelled > 0
        worst = tuple(entry[2] for entry in sorted(self._worst, reverse=True))
        return Shown(
            first=() if by_default else tuple(self._first),
            worst=worst if by_default else (),
            total=self._total,
            names=names,
        )


def prediction_dict(one: Prediction, names: Sequence[str] | None) -> dict[str, Any]:
    """A prediction as --json prints it, with names where they are known."""
    return {
        **asdict(one),
        "label_name": None if names is None or one.label is None else names[one.label],
        "top1_name": None if names is None else names[one.top1],
    }


def _texts(shown: Sequence[Prediction], names: Sequence[str] | None) -> Iterator[str]:
    """`file  class score`, and the right class where it is another, in columns."""
    if not shown:
        return
    room = _NAME_COLUMNS if any(one.wrong for one in shown) else _LONE_NAME_COLUMNS
    classes = [_short(one.top1, names, room) for one in shown]
    truths = [f"  is {_short(one.label, names, room)}" if one.wrong else "" for one in shown]
    probable = all(0 <= one.score <= 1 for one in shown)
    scores = [f"{one.score:.3f}" if probable else f"{one.score:.4g}" for one in shown]
    wide = [max(map(columns_of, column)) for column in (classes, scores, truths)]
    # What the classes leave is the file's; its end tells files apart.
    files = [
        clipped(one.file, max(COLUMNS - sum(wide) - 3, len(_CUT) + 1), keep_end=True)
        for one in shown
    ]
    widest = max(map(columns_of, files))
    for file, name, score, truth in zip(files, classes, scores, truths, strict=True):
        yield f"{_padded(file, widest)}  {_padded(name, wide[0])} {score:>{wide[1]}}{truth}"


def _short(label: int | None, names: Sequence[str] | None, room: int) -> str:
    """Of "tench, Tinca tinca" the first name."""
    if names is None or label is None:
        return f"class {label}"
    return clipped(names[label].split(",")[0], room)


def clipped(text: str, columns: int, keep_end: bool = False) -> str:
    """`text` in at most `columns` of a terminal, without what a terminal would obey."""
    text = "".join(char if char.isprintable() else "?" for char in text)
    if columns_of(text) <= columns:
        return text
    kept = ""
    for char in reversed(text) if keep_end else text:
        if columns_of(kept + char) > columns - len(_CUT):
            break
        kept = char + kept if keep_end else kept + char
    return _CUT + kept if keep_end else kept + _CUT


def columns_of(text: str) -> int:
    """How many columns of a terminal `text` takes: East Asian wide characters take two."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - columns_of(text))
