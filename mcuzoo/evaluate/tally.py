"""Figures of a growing number of findings; the findings themselves are not kept."""

from __future__ import annotations

import hashlib
from collections import Counter

from mcuzoo.data.labels import IMAGENET_CLASSES
from mcuzoo.errors import DataSetError
from mcuzoo.evaluate.finding import Answer, Finding
from mcuzoo.evaluate.result import Agreement, BadImage, ClassResult, Comparison, Scores
from mcuzoo.run.paired import Paired
from mcuzoo.run.predictions import Chooser, Prediction, Shown
from mcuzoo.run.score import Accuracy, wilson_interval

TOP = 5
_ENOUGH = 20


class Tally:
    """Add findings in the order of the data set, then ask. show: see Chooser."""

    def __init__(self, classes: int, show: int | None = None) -> None:
        self.images = 0
        self.bad: list[BadImage] = []
        self._classes = classes
        self._digest = hashlib.sha256()
        self._first, self._second = _Hits(), _Hits()
        self._confusion: Counter[tuple[int, int]] = Counter()
        self._shifted: Counter[int] = Counter()
        self._distances: Counter[int] = Counter()
        self._flips = 0
        self._chooser = Chooser(show)
        self._pairs: Counter[tuple[bool, bool]] = Counter()

    def add(self, finding: Finding) -> None:
        item = finding.item
        if finding.first is None:
            self.bad.append(BadImage(item.index, item.file, finding.error or ""))
            return
        self.images += 1
        self._digest.update(repr((item.index, item.file, item.label, item.sha256)).encode())
        self._first.add(finding.first)
        answer = finding.first
        self._chooser.add(Prediction(item.index, item.file, item.label, answer.top1, answer.score))
        if item.label is not None:
            self._confusion[item.label, finding.first.top1] += 1
            self._shifted[finding.first.top1 - item.label] += 1
        if finding.second is not None:
            self._compare(finding, finding.second)

    def _compare(self, finding: Finding, second: Answer) -> None:
        assert finding.first is not None
        self._second.add(second)
        self._flips += finding.first.top1 != second.top1
        if finding.distance is not None:
            self._distances[finding.distance] += 1
        if finding.first.rank is not None:
            self._pairs[finding.first.rank == 0, second.rank == 0] += 1

    @property
    def digest(self) -> str:
        """SHA-256 over index, name, label and content of every image that was run."""
        return self._digest.hexdigest()

    @property
    def scores(self) -> Scores | None:
        """None where no image is labelled."""
        return self._first.scores(self._classes)

    def per_class(self, names: tuple[str, ...] | None) -> tuple[ClassResult, ...]:
        """Each class that occurs, by ascending label."""
        totals: Counter[int] = Counter()
        for (label, _), count in self._confusion.items():
            totals[label] += count
        return tuple(
            ClassResult(
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
    def comparison(self) -> Comparison:
        """The second subject, and the two side by side."""
        return Comparison(
            flips=self._flips,
            agreement=self._agreement(),
            scores=self._second.scores(self._classes),
            paired=Paired(self._pairs[True, False], self._pairs[False, True])
            if self._pairs
            else None,
        )

    def _agreement(self) -> Agreement | None:
        compared = sum(self._distances.values())
        if not compared:
            return None
        return Agreement(compared, self._distances[0], max(self._distances))

    def refuse_shifted_labels(self) -> None:
        """Raise DataSetError when the answers say that ImageNet's labels are off by one.

        That is when the accuracy with 1 added to (or taken from) each label is better beyond what
        chance explains: the 95 % intervals do not meet.
        """
        total = sum(self._shifted.values())
        if self._classes not in (IMAGENET_CLASSES, IMAGENET_CLASSES + 1) or total < _ENOUGH:
            return
        _, high = wilson_interval(self._shifted[0], total)
        for shift, advice in ((1, "Add 1 to each label."), (-1, "Subtract 1 from each label.")):
            hits = self._shifted[shift]
            if wilson_interval(hits, total)[0] > high:
                raise DataSetError(
                    f"The labels are off by one: as labelled {self._shifted[0]} of {total} "
                    f"images are right, with {shift:+d} on each label {hits} are.",
                    f"{advice} Class 0 of a model with 1001 classes is 'background'.",
                )


class _Hits:
    def __init__(self) -> None:
        self._labelled = self._top1 = self._top5 = 0

    def add(self, answer: Answer) -> None:
        if answer.rank is not None:
            self._labelled += 1
            self._top1 += answer.rank == 0
            self._top5 += answer.rank < TOP

    def scores(self, classes: int) -> Scores | None:
        if not self._labelled:
            return None
        top5 = Accuracy(self._top5, self._labelled) if classes > TOP else None
        return Scores(Accuracy(self._top1, self._labelled), top5)
