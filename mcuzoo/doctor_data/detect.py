"""Ask labelled pictures about each part of a recipe, and about the label order.

Every way that is tried gives each picture a fit (statistics.py). A part is judged by the best way
that has it as declared against the best way that has it otherwise, on the same pictures: what the
other parts should be need not be known. Thresholds are in standard units, z, and were set on
networks whose recipes are known (docs/doctor-data.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import log

import numpy as np
from numpy.typing import NDArray

from mcuzoo.doctor_data.findings import Finding, Part, Verdict
from mcuzoo.doctor_data.label_order import (
    Assignment,
    Order,
    assigned_fit,
    best_assignment,
    enough,
    fit_in_order,
)
from mcuzoo.doctor_data.statistics import Floats, Indices, Paired, fit_of_labels, log_fit, paired

CLAIM = 3.0
"""z that contradicts; the best of about thirty ways, none better, gets there in less than 1 of 100
data sets."""

ALIKE = 2.0
"""Ways that are nearer to the best than this are named beside it."""

LEAST_GAIN = 0.02
"""nats per picture: less is no difference that a user would see, whatever its z."""

_QUARTER_TURNS = (1, 2, 3)
_ASSIGNED = "the order that the answers suggest"


@dataclass(frozen=True)
class Way:
    """A recipe by the names of its parts (ways.py). turns: quarter turns counterclockwise that
    every picture gets first."""

    color: str
    normalization: str
    fit: str
    resize: str
    turns: int = 0


@dataclass(frozen=True)
class Space:
    """The ways to try. declared: what the recipe says; the others are what else each part may be,
    the declared choice included. letterboxes: those of `fits` that are one."""

    declared: Way
    colors: tuple[str, ...]
    normalizations: tuple[str, ...]
    fits: tuple[str, ...]
    resizes: tuple[str, ...]
    named: tuple[str, ...] = ()
    letterboxes: frozenset[str] = frozenset()
    turning: bool = True

    def grid(self, turns: int) -> Iterable[Way]:
        """All ways but for the kernel of the resize."""
        for color, numbers, fit in product(self.colors, self.normalizations, self.fits):
            yield Way(color, numbers, fit, self.declared.resize, turns)


@dataclass
class Answers:
    """What the network answers in each way, asked for once. ask: for each way the probabilities
    [n, classes] of the labelled pictures, in their order. labels: (n,), as the data set counts."""

    ask: Callable[[Sequence[Way]], Sequence[NDArray[np.float32]]]
    labels: Indices
    classes: int
    _fits: dict[Way, Floats] = field(default_factory=dict)

    def prepare(self, ways: Iterable[Way]) -> None:
        """Ask about those of the ways that were not asked about yet, all at once."""
        new = [way for way in dict.fromkeys(ways) if way not in self._fits]
        if new:
            for way, found in zip(new, self.ask(new), strict=True):
                self._fits[way] = log_fit(found)

    def fits(self, way: Way) -> Floats:
        """log_fit of every class, [n, classes]."""
        self.prepare([way])
        return self._fits[way]

    @property
    def asked(self) -> tuple[Way, ...]:
        return tuple(self._fits)


@dataclass(frozen=True)
class OrderFound:
    """The label order that fits. order: None where it is as the data set says. assignment: where no
    known order fits but the answers suggest one."""

    finding: Finding
    order: Order | None = None
    assignment: Assignment | None = None


@dataclass(frozen=True)
class Examination:
    """findings: one per part that applies. best: the best-scoring way, for no claim. correct: its
    right answers (top-1) on n pictures. related: whether any way's answers have anything to do with
    the labels; if not, every part is silent."""

    findings: tuple[Finding, ...]
    order: OrderFound
    best: Way
    correct: int
    n: int
    related: bool


def examine(space: Space, answers: Answers, orders: Sequence[Order]) -> Examination:
    """Ask about every part. orders: label orders to try beside the data set's own."""
    answers.prepare(space.grid(space.declared.turns))
    _turn(space, answers, orders)
    found = _label_order(space, answers, orders)
    scores = {way: _score(answers, way, found) for way in answers.asked}
    best = _best(scores)
    related = _related(scores[best], answers.classes)
    judge = _Judge(space, answers, scores, found, related)
    findings = (
        replace(found.finding, verdict=found.finding.verdict if related else Verdict.SILENT),
        *(judge.color(),),
        judge.normalization(),
        *judge.geometry(),
        judge.orientation(),
        judge.resize(),
    )
    return Examination(
        tuple(one for one in findings if one is not None),
        found,
        best,
        _correct(answers, best, found),
        len(answers.labels),
        related,
    )


def _best(scores: dict[Way, Floats], keep: Callable[[Way], bool] = lambda way: True) -> Way:
    """The way with the highest mean fit of those that `keep` is true for; the first of equals."""
    return max((way for way in scores if keep(way)), key=lambda way: float(scores[way].mean()))


def _related(fit: Floats, classes: int) -> bool:
    """Whether answers fit their labels better than an even guess, beyond chance."""
    return paired(fit, np.full_like(fit, log(1 / classes))).z >= CLAIM


def _turn(space: Space, answers: Answers, orders: Sequence[Order]) -> None:
    """Try quarter turns on what fits best so far; where one fits far better, all ways with it."""
    if not space.turning:
        return
    whole = Order("as labelled", tuple(range(answers.classes)))

    def score(way: Way) -> Floats:
        fits = answers.fits(way)
        tried = [fit_in_order(fits, answers.labels, order) for order in (whole, *orders)]
        return max(tried, key=lambda fit: float(fit.mean()))

    upright = {way: score(way) for way in answers.asked}
    best = _best(upright)
    others = [replace(best, turns=(best.turns + by) % 4) for by in _QUARTER_TURNS]
    answers.prepare(others)
    turned = {way: score(way) for way in others}
    winner = _best(turned)
    if _better(paired(turned[winner], upright[best])):
        answers.prepare(space.grid(winner.turns))


def _better(found: Paired, z: float = CLAIM) -> bool:
    return found.z >= z and found.gain >= LEAST_GAIN


def _label_order(space: Space, answers: Answers, orders: Sequence[Order]) -> OrderFound:
    """Judge the data set's own order: the best way in it against the best way in another."""
    labels = answers.labels
    usable = enough(labels, answers.classes)
    own = {way: fit_of_labels(answers.fits(way), labels) for way in answers.asked}
    best = _best(own)
    n = len(labels)
    silent = Finding(Part.LABEL_ORDER, Verdict.SILENT, "as labelled", n=n)
    rivals: list[tuple[Paired, Order]] = []
    for order in orders:
        fits = {way: fit_in_order(answers.fits(way), labels, order) for way in answers.asked}
        rivals.append((paired(fits[_best(fits)], own[best]), order))
    assigned: Paired | None = None
    if np.count_nonzero(usable) >= 2:
        kept = labels[usable]
        crossed = {way: assigned_fit(answers.fits(way)[usable], kept) for way in answers.asked}
        way = _best(crossed)
        inside = {one: fit[usable] for one, fit in own.items()}
        assigned = paired(crossed[way], inside[_best(inside)])
    rivals = [rival for rival in rivals if _better(rival[0])]
    if rivals:
        told, order = max(rivals, key=lambda rival: rival[0].gain)
        finding = replace(
            silent,
            verdict=Verdict.CONTRADICTED,
            better=(order.name,),
            z=told.z,
            gain=told.gain,
        )
        return OrderFound(finding, order)
    if assigned is None:
        why = "Fewer than 5 pictures of each class: only known orders were tried."
        return OrderFound(_agreeing(silent, own[best], answers.classes, why))
    if not _better(assigned):
        return OrderFound(_agreeing(silent, own[best], answers.classes))
    suggestion = best_assignment(answers.fits(way)[usable], kept)
    moved = tuple(label for label in suggestion.sure if suggestion.outputs[label] != label)
    fitting = answers.fits(way)[usable].argmax(axis=1) == np.array(suggestion.outputs)[kept]
    if not moved or fitting.mean() < 0.5 or len(suggestion.sure) < 2:
        return OrderFound(silent)
    finding = replace(
        silent,
        verdict=Verdict.CONTRADICTED,
        better=(_ASSIGNED,),
        z=assigned.z,
        gain=assigned.gain,
        n=assigned.n,
    )
    filled = tuple(
        label if output < 0 else output for label, output in enumerate(suggestion.outputs)
    )
    return OrderFound(finding, Order(_ASSIGNED, filled), suggestion)


def _agreeing(silent: Finding, own: Floats, classes: int, why: str = "") -> Finding:
    """The data set's own order where no other is better: it agrees if the labels fit at all."""
    told = paired(own, np.full_like(own, log(1 / classes)))
    verdict = Verdict.AGREES if told.z >= CLAIM else Verdict.SILENT
    return replace(silent, verdict=verdict, z=told.z, gain=told.gain, why=why)


def _score(answers: Answers, way: Way, found: OrderFound) -> Floats:
    """The fit of a way in the order that was found. Each way's own order where it is assigned, or
    the way by which the order was chosen would be at an advantage."""
    fits, labels = answers.fits(way), answers.labels
    if found.order is None:
        return fit_of_labels(fits, labels)
    if found.assignment is None:
        return fit_in_order(fits, labels, found.order)
    usable = enough(labels, answers.classes)
    return assigned_fit(fits[usable], labels[usable])


def _correct(answers: Answers, way: Way, found: OrderFound) -> int:
    """Right answers of a way."""
    outputs = np.arange(answers.classes) if found.order is None else np.array(found.order.outputs)
    first = answers.fits(way).argmax(axis=1)
    return int(np.count_nonzero(first == outputs[answers.labels]))


@dataclass(frozen=True)
class _Judge:
    """The questions about a recipe, once the label order is known."""

    space: Space
    answers: Answers
    scores: dict[Way, Floats]
    order: OrderFound
    related: bool

    def color(self) -> Finding | None:
        if len(self.space.colors) < 2:
            return None
        return self._part(Part.COLOR, "color", self.space.colors, self._in_grid)

    def normalization(self) -> Finding:
        return self._part(
            Part.NORMALIZATION, "normalization", self.space.normalizations, self._in_grid
        )

    def orientation(self) -> Finding | None:
        turns = sorted({way.turns for way in self.scores})
        if len(turns) < 2:
            return None
        names = {turn: TURNED[turn] for turn in turns}
        found = self._part(Part.ORIENTATION, "turns", turns, lambda way: True)
        return replace(
            found,
            declared=names[self.space.declared.turns],
            better=tuple(names[int(turn)] for turn in found.better),
        )

    def geometry(self) -> tuple[Finding, ...]:
        """Every other fit against the declared one, all else as fits best."""
        declared, letterboxes = self.space.declared.fit, self.space.letterboxes
        best = _best(self.scores, lambda way: way.fit == declared and self._in_grid(way))

        def beside(way: Way) -> bool:
            return replace(way, fit=declared) == best

        found = self._part(Part.FIT, "fit", self.space.fits, beside)
        if found.verdict is Verdict.CONTRADICTED:
            # A letterbox is at fault where all that fits is one and the recipe is none, or the
            # other way round.
            boxes = {fit in letterboxes for fit in found.better}
            if boxes == {declared not in letterboxes}:
                return (replace(found, part=Part.LETTERBOX),)
            return (found,)
        if found.verdict is Verdict.AGREES:
            return (found,)
        others = [fit for fit in self.space.fits if (fit in letterboxes) != (declared in letterboxes)]
        box = self._part(Part.LETTERBOX, "fit", [declared, *others], beside)
        return (box, found) if box.verdict is Verdict.AGREES else (found,)

    def resize(self) -> Finding | None:
        if len(self.space.resizes) < 2:
            return None
        declared = self.space.declared
        best = _best(self.scores, lambda way: way.fit == declared.fit and self._in_grid(way))
        ways = [replace(best, resize=name) for name in self.space.resizes]
        self.answers.prepare(ways)
        for way in ways:
            if way not in self.scores:
                self.scores[way] = _score(self.answers, way, self.order)
        return self._part(
            Part.RESIZE, "resize", self.space.resizes, lambda way: replace(way, resize=best.resize) == best
        )

    def _in_grid(self, way: Way) -> bool:
        return way.resize == self.space.declared.resize

    def _part(
        self, part: Part, name: str, choices: Sequence[object], among: Callable[[Way], bool]
    ) -> Finding:
        """Judge one part: for each choice the best way of `among` that has it."""
        declared = getattr(self.space.declared, name)
        best: dict[object, Floats] = {}
        for choice in choices:
            ways = [way for way in self.scores if among(way) and getattr(way, name) == choice]
            if ways:
                best[choice] = self.scores[max(ways, key=lambda way: float(self.scores[way].mean()))]
        own = best.pop(declared)
        silent = Finding(part, Verdict.SILENT, str(declared), n=len(own))
        if not best or not self.related:
            return silent
        rivals = sorted(best, key=lambda choice: -float(best[choice].mean()))
        told = paired(best[rivals[0]], own)
        silent = replace(silent, z=told.z, gain=told.gain)
        if _better(told):
            alike = [
                choice
                for choice in rivals
                if choice == rivals[0]
                or (paired(best[rivals[0]], best[choice]).z < ALIKE and _better(paired(best[choice], own)))
            ]
            return replace(
                silent, verdict=Verdict.CONTRADICTED, better=tuple(str(choice) for choice in alike)
            )
        if all(_better(paired(own, best[choice])) for choice in rivals):
            return replace(silent, verdict=Verdict.AGREES)
        return silent


TURNED = {
    0: "upright as the recipe has them",
    1: "turned by 90 degrees, counterclockwise",
    2: "turned upside down",
    3: "turned by 90 degrees, clockwise",
}
"""Quarter turns in words."""
