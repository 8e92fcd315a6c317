"""Figures of a growing number of images, and the images that a user is shown; others are not kept.

A run, an evaluation and a conversion all count here.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.data.output_form import Cell
from mcuzoo.errors import DataSetError
from mcuzoo.run.label_order import LabelOrder, WrongOrder
from mcuzoo.run.record import Row
from mcuzoo.run.score import (
    TOP_K,
    Accuracy,
    Agreement,
    ClassScore,
    Flips,
    Paired,
    Scores,
    Versus,
)

FEW = 10
"""At most so many images are shown one by one."""
WORST = 5


@dataclass(frozen=True)
class Prediction:
    """The predicted class of an image. score: the dequantized output of class `top1`, a probability
    if the model ends in SOFTMAX or the like. label: the right class, None if not known. cells: of a
    grid, those that are not background. index, file: place and name in the data set."""

    index: int
    file: str
    label: int | None
    top1: int
    score: float
    cells: tuple[Cell, ...] = ()

    @property
    def wrong(self) -> bool:
        return self.label is not None and self.label != self.top1


@dataclass(frozen=True)
class Shown:
    """first: the first images in order. worst: the wrong ones with the highest scores, if not all
    images are shown. total: how many images there were. names: of the classes; None where they have
    numbers only."""

    first: tuple[Prediction, ...] = ()
    worst: tuple[Prediction, ...] = ()
    total: int = 0
    names: tuple[str, ...] | None = None


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


class Tally:
    """Add the answered images in the order of the data set, then ask. show: see Chooser."""

    def __init__(self, classes: int, show: int | None = None) -> None:
        self.images = 0
        self._classes = classes
        self._digest = hashlib.sha256()
        self._first, self._second = _Hits(), _Hits()
        self._confusion: Counter[tuple[int, int]] = Counter()
        self._order = LabelOrder(classes)
        self._differences: Counter[int] = Counter()
        self._flips = Flips(0, 0)
        self._chooser = Chooser(show)
        self._pairs: Counter[tuple[bool, bool]] = Counter()
        self.turned = 0
        self._clipped: list[float] = []

    def add(self, row: Row) -> None:
        """Count an image that has an answer."""
        assert row.top1 is not None
        self.images += 1
        self.turned += bool(row.turned)
        if row.clipped is not None:
            self._clipped.append(row.clipped)
        self._digest.update(repr((row.index, row.file, row.label, row.sha256)).encode())
        rank = row.label_rank
        self._first.add(rank)
        if row.score is not None:
            self._chooser.add(
                Prediction(row.index, row.file, row.label, row.top1, row.score, row.cells)
            )
        if row.label is not None:
            self._confusion[row.label, row.top1] += 1
            self._order.add(row.label, row.top1)
        if row.reference_difference is not None:
            self._differences[row.reference_difference] += 1
        if row.second is not None:
            self._second.add(row.second.rank)
            flips, other = self._flips, row.top1 != row.second.top1
            self._flips = Flips(flips.count + other, flips.compared + 1)
            if rank is not None:
                self._pairs[rank == 0, row.second.rank == 0] += 1

    @property
    def clipped(self) -> float | None:
        """The share of the input's values, 0 to 1, that int8 could not take; None: not known."""
        return sum(self._clipped) / len(self._clipped) if self._clipped else None

    @property
    def digest(self) -> str:
        """SHA-256 over index, name, label and content of every image that was run."""
        return self._digest.hexdigest()

    @property
    def scores(self) -> Scores | None:
        """None where no image is labelled."""
        return self._first.scores(self._classes)

    def per_class(self, names: tuple[str, ...] | None) -> tuple[ClassScore, ...]:
        """Each class that occurs, by ascending label."""
        totals: Counter[int] = Counter()
        for (label, _), count in self._confusion.items():
            totals[label] += count
        return tuple(
            ClassScore(
                label,
                None if names is None else names[label],
                Accuracy(self._confusion[label, label], total),
            )
            for label, total in sorted(totals.items())
        )

    @property
    def confusion(self) -> tuple[tuple[int, int, int], ...]:
        """(label, predicted, images) wherever there are any, in ascending order."""
        return tuple((*pair, count) for pair, count in sorted(self._confusion.items()))

    def shown(self, names: tuple[str, ...] | None) -> Shown:
        """The predictions that a user is shown."""
        return self._chooser.shown(names)

    @property
    def agreement(self) -> Agreement | None:
        """None where no outputs were compared."""
        compared = sum(self._differences.values())
        if not compared:
            return None
        return Agreement(compared, self._differences[0], max(self._differences))

    @property
    def versus(self) -> Versus:
        """The second engine or model, and the two side by side."""
        return Versus(
            flips=self._flips,
            agreement=self.agreement,
            scores=self._second.scores(self._classes),
            paired=Paired(self._pairs[True, False], self._pairs[False, True])
            if self._pairs
            else None,
        )

    def wrong_order(self, names: Sequence[str] | None = None) -> WrongOrder | None:
        """The order that the labels are in, if the answers say that it is not the classes'."""
        return self._order.wrong_order(names)

    def refuse_wrong_order(self, names: Sequence[str] | None = None) -> None:
        """Raise DataSetError when the answers say that the labels are in another order than the
        model's classes; see label_order.py."""
        found = self.wrong_order(names)
        if found is not None:
            raise DataSetError(found.message, found.advice)


class _Hits:
    def __init__(self) -> None:
        self._labelled = self._top1 = self._top5 = 0

    def add(self, rank: int | None) -> None:
        if rank is not None:
            self._labelled += 1
            self._top1 += rank == 0
            self._top5 += rank < TOP_K

    def scores(self, classes: int) -> Scores | None:
        if not self._labelled:
            return None
        top5 = Accuracy(self._top5, self._labelled) if classes > TOP_K else None
        return Scores(Accuracy(self._top1, self._labelled), top5)
