"""Judge the data set's own label order against all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from mcuzoo.doctor_data.findings import Finding, Part, Verdict
from mcuzoo.doctor_data.label_order import (
    FEWEST_PER_CLASS,
    Assignment,
    Order,
    assigned_fit,
    best_assignment,
    enough,
    fit_in_order,
)
from mcuzoo.doctor_data.space import Answers, Way, best_of
from mcuzoo.doctor_data.statistics import Floats, Paired, fit_of_labels, paired
from mcuzoo.doctor_data.thresholds import BARS

LEAST_RIGHT = 0.5
"""Top-1 that an order must give if only the answers suggest it: a network that is fed wrongly has
its own order of mistakes, but few of its answers follow it."""

ASSIGNED = "the order that the answers suggest"
_BAR = BARS[Part.LABEL_ORDER]
_WORSE = 2.0
_FEW = (
    f"No two classes have {FEWEST_PER_CLASS} pictures: only orders that programs are known to use "
    "were tried."
)


@dataclass(frozen=True)
class OrderFound:
    """The label order that fits. order: None where it is as the data set says. assignment: where no
    known order fits but the answers suggest one. finding: the answer about the label order."""

    finding: Finding
    order: Order | None = None
    assignment: Assignment | None = None


def judge_order(answers: Answers, orders: Sequence[Order]) -> OrderFound:
    """Judge the data set's own order: the best way in it against the best way in another.

    orders: known ones. One of them is named if it is better than the data set's own, makes answers
    better than an even guess, and is no worse than the order that the answers suggest: an order
    that has only some labels in common with the right one is not enough.
    """
    own = _best_fit(answers, Order("as labelled", tuple(range(answers.classes))))
    finding = Finding(Part.LABEL_ORDER, Verdict.SILENT, "as labelled", n=len(own))
    usable = usable_pictures(answers)
    suggested = _suggested(answers, usable) if usable.any() else None
    rivals: list[tuple[Paired, Order]] = []
    for order in orders:
        rival = _best_fit(answers, order)
        if not _BAR.passed(rival, own) or not _BAR.passed(rival, log(1 / answers.classes)):
            continue
        if suggested is None or paired(suggested.fit, rival[usable]).z < _WORSE:
            rivals.append((paired(rival, own), order))
    if rivals:
        told, order = max(rivals, key=lambda rival: rival[0].gain)
        return OrderFound(_contradicted(finding, told, order.name), order)
    if suggested is not None and _BAR.passed(suggested.fit, own[usable]):
        assignment = _assignment(answers, usable, suggested.way)
        if assignment is not None:
            told = paired(suggested.fit, own[usable])
            order = Order(ASSIGNED, assignment.outputs)
            return OrderFound(_contradicted(finding, told, ASSIGNED), order, assignment)
    told = paired(own, log(1 / answers.classes))
    return OrderFound(
        replace(
            finding,
            verdict=Verdict.AGREES if told.z >= _BAR.z else Verdict.SILENT,
            z=told.z,
            gain=told.gain,
            why=_FEW if suggested is None else "",
        )
    )


def usable_pictures(answers: Answers) -> NDArray[np.bool_]:
    """Which pictures (n,) can suggest an order: those of classes that have enough; none if that is
    less than two classes."""
    usable = enough(answers.labels, answers.classes)
    return usable if len(np.unique(answers.labels[usable])) > 1 else np.zeros_like(usable)


def _best_fit(answers: Answers, order: Order) -> Floats:
    """The fit (n,) of the way that fits best in an order."""
    fits = {way: fit_in_order(answers.fits(way), answers.labels, order) for way in answers.asked}
    return fits[best_of(fits)]


def _contradicted(finding: Finding, told: Paired, better: str) -> Finding:
    return replace(
        finding,
        verdict=Verdict.CONTRADICTED,
        better=(better,),
        z=told.z,
        gain=told.gain,
        n=told.n,
    )


@dataclass(frozen=True)
class _Suggested:
    """The way that fits best in the order that answers suggest; fit (usable pictures,), of each
    picture in the order that the others suggest."""

    way: Way
    fit: Floats


def _suggested(answers: Answers, usable: NDArray[np.bool_]) -> _Suggested:
    labels = answers.labels[usable]
    crossed = {way: assigned_fit(answers.fits(way)[usable], labels) for way in answers.asked}
    way = best_of(crossed)
    return _Suggested(way, crossed[way])


def _assignment(answers: Answers, usable: NDArray[np.bool_], way: Way) -> Assignment | None:
    """The order that the answers of a way suggest; None where too little of it is sure."""
    fits, labels = answers.fits(way)[usable], answers.labels[usable]
    found = best_assignment(fits, labels)
    moved = any(found.outputs[label] != label for label in found.sure)
    right = fits.argmax(axis=1) == np.array(found.outputs)[labels]
    return found if moved and right.mean() >= LEAST_RIGHT else None


def score_of(answers: Answers, way: Way, found: OrderFound) -> Floats:
    """The fit of a way in the order that was found. Each way's own order where it is assigned, or
    the way by which the order was chosen would be at an advantage."""
    fits, labels = answers.fits(way), answers.labels
    if found.order is None:
        return fit_of_labels(fits, labels)
    if found.assignment is None:
        return fit_in_order(fits, labels, found.order)
    usable = enough(labels, answers.classes)
    return assigned_fit(fits[usable], labels[usable])


def right_answers(answers: Answers, way: Way, found: OrderFound) -> int:
    """Right answers of a way."""
    outputs = np.arange(answers.classes) if found.order is None else np.array(found.order.outputs)
    first = answers.fits(way).argmax(axis=1)
    return int(np.count_nonzero(first == outputs[answers.labels]))
