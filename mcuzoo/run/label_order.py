"""Whether a data set's labels count the classes in another order than the model: told by the
answers, after a run.

A known order (off by one, sorted as text, sorted by name) needs few images. Any other is looked for
by an assignment of labels to classes: the one that makes most answers right on half of the images
must do so on the other half, which it was not chosen by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mcuzoo.data.assignment import assign
from mcuzoo.data.labels import IMAGENET_CLASSES
from mcuzoo.run.score import wilson_interval

ENOUGH = 20
"""Least number of labelled images before the labels are called wrong."""
_ENOUGH_PER_CLASS = 5
_MAX_ASSIGNED = 200
"""Classes up to which any order is looked for; the search takes a time of their cube."""
_LEAST_RIGHT, _LEAST_RIGHT_KNOWN = 0.5, 0.25
"""Shares of the images that must be right in an order that was looked for, and in a known one."""

_SHOWN = 4


@dataclass(frozen=True)
class WrongOrder:
    """order[label]: the class that a label means. hits, labelled: images that are right by it, and
    as they are labelled, of `total`. what: the order in words. advice: what to do."""

    order: tuple[int, ...]
    hits: int
    labelled: int
    total: int
    what: str
    advice: str

    @property
    def message(self) -> str:
        return (
            f"{self.what}: as labelled {self.labelled} of {self.total} images are right, "
            f"{self._otherwise} {self.hits} are."
        )

    @property
    def _otherwise(self) -> str:
        shifts = {(target - label) for label, target in enumerate(self.order)}
        steps = shifts & {1, -1}
        if len(steps) == 1 and len(shifts) <= 2:
            return f"with {steps.pop():+d} on each label"
        moved = [
            f"{label} as {target}" for label, target in enumerate(self.order) if label != target
        ]
        more = ", ..." if len(moved) > _SHOWN else ""
        return f"with label {', '.join(moved[:_SHOWN])}{more}"


class LabelOrder:
    """Add the labelled images, then ask."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._halves: tuple[Counter[tuple[int, int]], Counter[tuple[int, int]]] = (
            Counter(),
            Counter(),
        )
        self._seen: Counter[int] = Counter()

    def add(self, label: int, predicted: int) -> None:
        """Count an image; those of one class go to the halves in turn."""
        self._halves[self._seen[label] % 2][label, predicted] += 1
        self._seen[label] += 1

    def wrong_order(self, names: Sequence[str] | None = None) -> WrongOrder | None:
        """The order that the labels are in, if it is not the classes' and explains the answers
        beyond what chance does: the 95 % intervals do not meet."""
        total = sum(self._seen.values())
        if total < ENOUGH:
            return None
        confusion = self._halves[0] + self._halves[1]
        right = sum(confusion[label, label] for label in self._seen)
        found = [
            WrongOrder(order, hits, right, total, what, advice)
            for order, what, advice in _known_orders(self._classes, names)
            if (hits := _hits(confusion, order)) >= _LEAST_RIGHT_KNOWN * total
            and _is_better(hits, right, total)
        ]
        assigned = self._assigned(confusion, right, total)
        if assigned is not None:
            found.append(assigned)
        # Of equal ones the known order comes first.
        return max(found, key=lambda one: one.hits, default=None)

    def _assigned(
        self, confusion: Counter[tuple[int, int]], right: int, total: int
    ) -> WrongOrder | None:
        few = not self._seen or min(self._seen.values()) < _ENOUGH_PER_CLASS
        if few or len(self._seen) < self._classes or self._classes > _MAX_ASSIGNED:
            return None
        for chosen, held in (self._halves, self._halves[::-1]):
            order = _assignment(chosen, self._classes)
            count = sum(held.values())
            own = sum(held[label, label] for label in self._seen)
            if not _is_better(_hits(held, order), own, count):
                return None
        order = _assignment(confusion, self._classes)
        hits = _hits(confusion, order)
        if hits < _LEAST_RIGHT * total:
            return None
        return WrongOrder(
            order,
            hits,
            right,
            total,
            "The labels are in another order than the model's classes",
            "Name the classes in the order of the model's outputs: --labels FILE, one a line.",
        )


def _known_orders(
    count: int, names: Sequence[str] | None
) -> Iterator[tuple[tuple[int, ...], str, str]]:
    """Orders that people's labels are in, with words and advice."""
    background = (
        " Class 0 of a model with 1001 classes is 'background'."
        if count in (IMAGENET_CLASSES, IMAGENET_CLASSES + 1)
        else ""
    )
    for shift, advice in ((1, "Add 1 to each label."), (-1, "Subtract 1 from each label.")):
        order = tuple(label + shift for label in range(count))
        yield order, "The labels are off by one", advice + background
    as_text = sorted(range(count), key=str)
    what = "The labels are numbers in their own order, the classes in that of text, as Keras'"
    lines = " ".join(map(str, as_text[:12])) + (" ..." if count > 12 else "")
    advice = f"Give --labels FILE with the numbers, one a line, in this order: {lines}"
    place = {number: index for index, number in enumerate(as_text)}
    yield tuple(place[label] for label in range(count)), what, advice
    what = "The labels are in the order of text (0, 1, 10, ...), the classes in that of numbers"
    yield tuple(as_text), what, "Label each image by its number, not by its place in that order."
    if names is not None and len(set(names)) == count:
        by_name = sorted(range(count), key=lambda label: names[label])
        what = "The labels count the classes by their sorted names"
        yield tuple(by_name), what, "Label the images by the names of their classes."


def _hits(confusion: Counter[tuple[int, int]], order: Sequence[int]) -> int:
    return sum(
        count for (label, predicted), count in confusion.items() if order[label] == predicted
    )


def _is_better(hits: int, right: int, total: int) -> bool:
    return wilson_interval(hits, total)[0] > wilson_interval(right, total)[1]


def _assignment(confusion: Counter[tuple[int, int]], count: int) -> tuple[int, ...]:
    """The one-to-one order of classes with most hits; of equal ones that with fewer moves."""
    gains = np.zeros((count, count))
    for (label, predicted), number in confusion.items():
        gains[label, predicted] = number
    gains += np.eye(count) * 0.5 / count
    return tuple(assign(gains).tolist())
