"""Which output shows what the data set calls class 0, 1, 2 ...: known orders of classes, and the
one that the answers themselves suggest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.assignment import assign
from mcuzoo.doctor_data.statistics import Floats, Indices, fit_of_labels

FEWEST_PER_CLASS = 5
"""Pictures that a class needs before its output is looked for."""

SURE = 2.4
"""z by which a class must fit its output better than that of any other class, to be named."""

_FOLDS = 5


@dataclass(frozen=True)
class Order:
    """outputs: for each label of the data set the output that shows it; -1: no output does.

    name: how such an order comes about, the rest of the sentence "The outputs are in ...".
    """

    name: str
    outputs: tuple[int, ...]


def known_orders(names: tuple[str, ...]) -> tuple[Order, ...]:
    """Orders in which programs are known to count, other than the one at hand.

    names: what the data set calls each class, in the order of its labels. Each order is there once,
    and none that leaves all labels as they are.
    """
    count = len(names)
    same = tuple(range(count))
    by_text = _ranks(sorted(same, key=lambda label: names[label]))
    folded = _ranks(sorted(same, key=lambda label: names[label].casefold()))
    found = [
        Order("the order of the sorted names (numbers as text: 0, 1, 10, 2)", by_text),
        Order("the order of the names sorted without regard to case", folded),
        Order("the order that sorting the names undid", _ranks(by_text)),
        Order("an order one higher: output 0 is no class of the data set", (*same[1:], -1)),
        Order("an order one lower: the data set counts from 1", (-1, *same[:-1])),
        Order("the reverse order", same[::-1]),
    ]
    if all(name.isdecimal() for name in names):
        numeric = _ranks(sorted(same, key=lambda label: int(names[label])))
        found.insert(0, Order("the order of the numbers", numeric))
    once = {order.outputs: order for order in reversed(found) if order.outputs != same}
    return tuple(order for order in found if once.get(order.outputs) is order)


def _ranks(order: list[int] | tuple[int, ...]) -> tuple[int, ...]:
    """For each element its place in `order`."""
    ranks = [0] * len(order)
    for rank, label in enumerate(order):
        ranks[label] = rank
    return tuple(ranks)


def fit_in_order(fits: Floats, labels: Indices, order: Order) -> Floats:
    """The fit (n,) of pictures whose label means the output that `order` says.

    A label without an output fits as badly as the worst answer to that picture.
    """
    outputs = np.asarray(order.outputs, dtype=np.intp)[labels]
    picked = fit_of_labels(fits, np.maximum(outputs, 0))
    return np.where(outputs < 0, fits.min(axis=1), picked)


def enough(labels: Indices, classes: int) -> NDArray[np.bool_]:
    """Which pictures (n,) are of a class with FEWEST_PER_CLASS of them."""
    counts = np.bincount(labels, minlength=classes)
    of_enough: NDArray[np.bool_] = counts[labels] >= FEWEST_PER_CLASS
    return of_enough


def assigned_fit(fits: Floats, labels: Indices) -> Floats:
    """The fit (n,) of each picture under the order that the other pictures suggest.

    Of five parts, the same share of every class each, four choose the order by which the fifth is
    judged: an order that only suits the pictures it was chosen on gains nothing. All pictures must
    be of classes with enough of them.
    """
    found = np.zeros(len(labels))
    part = _parts(labels)
    for fold in range(_FOLDS):
        judged = part == fold
        if judged.any():
            outputs = _assignment(fits[~judged], labels[~judged])
            found[judged] = fit_of_labels(fits[judged], outputs[labels[judged]])
    return found


@dataclass(frozen=True)
class Assignment:
    """outputs: by label, -1 where the label has too few pictures. sure: labels whose output fits
    them better (z >= SURE) than the output of every other label, and than every free output."""

    outputs: tuple[int, ...]
    sure: tuple[int, ...]


def best_assignment(fits: Floats, labels: Indices) -> Assignment:
    """The order that all pictures together suggest; they are of classes with enough pictures."""
    classes = fits.shape[1]
    outputs = _assignment(fits, labels)
    present = np.flatnonzero(outputs >= 0)
    own = fit_of_labels(fits, outputs[labels])
    differences = own[:, None] - fits  # what another output would lose, [n, classes]
    lost, squared = np.zeros((classes, classes)), np.zeros((classes, classes))
    np.add.at(lost, labels, differences)
    np.add.at(squared, labels, np.square(differences))
    free = np.setdiff1d(np.arange(classes), outputs[present])
    sure = []
    for label in present:
        others = present[present != label]
        there = outputs[others]  # the two labels exchange their outputs
        total = lost[label, there] + lost[others, outputs[label]]
        size = squared[label, there] + squared[others, outputs[label]]
        totals = np.concatenate([total, lost[label, free]])
        sizes = np.concatenate([size, squared[label, free]])
        if np.all(totals >= SURE * np.sqrt(np.maximum(sizes, 1e-12))):
            sure.append(int(label))
    return Assignment(tuple(int(output) for output in outputs), tuple(sure))


def _parts(labels: Indices) -> Indices:
    """Which fifth each picture (n,) belongs to: in turn within its class."""
    part = np.zeros(len(labels), dtype=np.intp)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        part[places] = np.arange(len(places)) % _FOLDS
    return part


def _assignment(fits: Floats, labels: Indices) -> Indices:
    """The output of each label, (classes,), -1 for labels without pictures."""
    present = np.unique(labels)
    gains = np.stack([fits[labels == label].sum(axis=0) for label in present])
    outputs = np.full(fits.shape[1], -1, dtype=np.intp)
    outputs[present] = assign(gains)
    return outputs
