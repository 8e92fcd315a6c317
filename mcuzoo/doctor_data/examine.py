"""Ask labelled pictures about each part of a recipe, and about the label order.

Every way that is tried gives each picture a fit (statistics.py). A part is judged by the best way
that has it as declared against the best way that has it otherwise, on the same pictures: what the
other parts should be need not be known. Thresholds were set on networks whose recipes are known
(docs/doctor-data.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

from mcuzoo.doctor_data.findings import Finding, Part, Verdict
from mcuzoo.doctor_data.label_order import Order, assigned_fit, fit_in_order
from mcuzoo.doctor_data.orders import (
    OrderFound,
    judge_order,
    right_answers,
    score_of,
    usable_pictures,
)
from mcuzoo.doctor_data.space import Answers, Space, Way, best_of
from mcuzoo.doctor_data.statistics import Floats, paired
from mcuzoo.doctor_data.thresholds import BARS

ALIKE = 2.0
"""Ways that are nearer to the best than this, in z, are named beside it."""

_QUARTER_TURNS = (1, 2, 3)
_BY_RANGE = "Scale and zero point of the input say so, whatever the pictures."
_RANGE_DISAGREES = (
    "Scale and zero point of the input are those of another normalization, but the labels fit "
    "better as declared."
)


@dataclass(frozen=True)
class Examination:
    """findings: one per part that applies. best: the best-scoring way, for no claim. correct: its
    right answers (top-1) on n pictures. related: whether any way's answers have anything to do with
    the labels; if not, the pictures cannot tell anything. order: what was found of the label order.
    """

    findings: tuple[Finding, ...]
    order: OrderFound
    best: Way
    correct: int
    n: int
    related: bool

    @property
    def fails(self) -> bool:
        """Whether label order, colour, normalization or letterbox are contradicted."""
        return any(finding.fails for finding in self.findings)


def examine(space: Space, answers: Answers, orders: Sequence[Order]) -> Examination:
    """Ask about every part. orders: label orders to try beside the data set's own."""
    answers.prepare(space.grid(space.declared.turns))
    if space.turning:
        _turn(space, answers, orders)
    found = judge_order(answers, orders)
    scores = {way: score_of(answers, way, found) for way in answers.asked}
    best = best_of(scores)
    related = BARS[Part.LABEL_ORDER].passed(scores[best], log(1 / answers.classes))
    judge = _Judge(space, answers, scores, found, related)
    findings = (
        found.finding,
        judge.color(),
        judge.normalization(),
        *judge.geometry(),
        judge.orientation(),
        judge.exif(),
        judge.resize(),
    )
    return Examination(
        findings=tuple(one for one in findings if one is not None),
        order=found,
        best=best,
        correct=right_answers(answers, best, found),
        n=len(answers.labels),
        related=related,
    )


def _turn(space: Space, answers: Answers, orders: Sequence[Order]) -> None:
    """Try quarter turns on what fits best so far; where one fits far better, all ways with it.

    The label order is not known yet, so all are tried, and the one that the answers suggest: turned
    pictures of an arrow to the left would else be taken for wrong labels.
    """
    own = Order("as labelled", tuple(range(answers.classes)))
    usable = usable_pictures(answers)

    def in_known_order(way: Way) -> Floats:
        fits = answers.fits(way)
        tried = [fit_in_order(fits, answers.labels, order) for order in (own, *orders)]
        return max(tried, key=lambda fit: float(fit.mean()))

    def in_suggested_order(way: Way) -> Floats:
        return assigned_fit(answers.fits(way)[usable], answers.labels[usable])

    upright = answers.asked
    for score in (in_known_order, in_suggested_order) if usable.any() else (in_known_order,):
        scores = {way: score(way) for way in upright}
        best = best_of(scores)
        others = [replace(best, turns=(best.turns + by) % 4) for by in _QUARTER_TURNS]
        answers.prepare(others)
        turned = {way: score(way) for way in others}
        winner = best_of(turned)
        if BARS[Part.ORIENTATION].passed(turned[winner], scores[best]):
            answers.prepare(space.grid(winner.turns))


@dataclass(frozen=True)
class _Judge:
    """The questions about a recipe, once the label order is known. scores: the fit of each way that
    was asked; ways that a question adds are put in. space: the ways to try. answers: of the
    network. related: whether any answers have to do with the labels."""

    space: Space
    answers: Answers
    scores: dict[Way, Floats]
    order: OrderFound
    related: bool

    def color(self) -> Finding | None:
        if len(self.space.colors) < 2:
            return None
        return self._part(Part.COLOR, "color", self.space.colors)

    def normalization(self) -> Finding:
        """The range of the input names it, and the pictures must not speak against that; where it
        names none, the pictures alone are asked."""
        named = self.space.named
        found = self._part(Part.NORMALIZATION, "normalization", self.space.normalizations)
        if not named or found.verdict is Verdict.CONTRADICTED:
            return found
        if found.declared in named:
            return replace(found, verdict=Verdict.AGREES, why=_BY_RANGE)
        if found.z is not None and found.z <= -ALIKE:
            return replace(found, verdict=Verdict.SILENT, why=_RANGE_DISAGREES)
        return replace(found, verdict=Verdict.CONTRADICTED, better=named, why=_BY_RANGE)

    def geometry(self) -> tuple[Finding, ...]:
        """Every other fit against the declared one, all else as fits best. A letterbox has a
        finding of its own where it, and nothing else, is what is right or wrong."""
        declared, boxes = self.space.declared.fit, self.space.letterboxes
        best = self._best_as_declared()

        def beside(way: Way) -> bool:
            return replace(way, fit=declared) == best

        found = self._part(Part.FIT, "fit", self.space.fits, beside)
        if found.verdict is Verdict.CONTRADICTED:
            box = self._part(Part.LETTERBOX, "fit", self.space.fits, beside)
            at_fault = {fit in boxes for fit in box.better} == {declared not in boxes}
            return (box,) if at_fault else (found,)
        others = [fit for fit in self.space.fits if (fit in boxes) != (declared in boxes)]
        if found.verdict is Verdict.AGREES or not others:
            return (found,)
        box = self._part(Part.LETTERBOX, "fit", [declared, *others], beside)
        return (box, found) if box.verdict is Verdict.AGREES else (found,)

    def orientation(self) -> Finding | None:
        if not self.space.turning:
            return None
        turns = sorted({way.turns for way in self.scores})
        return self._part(Part.ORIENTATION, "turns", turns)

    def exif(self) -> Finding | None:
        """EXIF's turns against none, on pictures that get no other turn."""
        turns = self.space.declared.turns
        best = self._best_as_declared(lambda way: way.turns == turns)
        return self._added(Part.EXIF, "exif", self.space.exifs, best)

    def resize(self) -> Finding | None:
        return self._added(Part.RESIZE, "resize", self.space.resizes, self._best_as_declared())

    def _added(self, part: Part, name: str, choices: Sequence[object], best: Way) -> Finding | None:
        """Judge a part that is not in the grid: each choice of it in `best`."""
        if len(choices) < 2:
            return None
        changes: dict[object, dict[str, Any]] = {choice: {name: choice} for choice in choices}
        ways = {choice: replace(best, **change) for choice, change in changes.items()}
        self.answers.prepare(ways.values())
        for way in ways.values():
            self.scores.setdefault(way, score_of(self.answers, way, self.order))
        return self._part(part, name, choices, lambda way: way in ways.values())

    def _best_as_declared(self, keep: Callable[[Way], bool] = lambda way: True) -> Way:
        """The best way, of those that `keep` is true for, that has the declared fit, resize and
        EXIF."""
        fit, in_grid = self.space.declared.fit, self.space.in_grid
        return best_of(self.scores, lambda way: way.fit == fit and in_grid(way) and keep(way))

    def _part(
        self,
        part: Part,
        name: str,
        choices: Sequence[object],
        among: Callable[[Way], bool] | None = None,
    ) -> Finding:
        """Judge one part: for each choice the best way of `among` that has it; by default of the
        grid."""
        kept = among or self.space.in_grid
        declared, bar = getattr(self.space.declared, name), BARS[part]
        best: dict[object, Floats] = {}
        for choice in choices:
            ways = {
                way: fit
                for way, fit in self.scores.items()
                if kept(way) and getattr(way, name) == choice
            }
            if ways:
                best[choice] = ways[best_of(ways)]
        own = best.pop(declared)
        finding = Finding(part, Verdict.SILENT, declared, n=len(own))
        if not best or not self.related:
            return finding
        rivals = sorted(best, key=lambda choice: -float(best[choice].mean()))
        first = best[rivals[0]]
        told = paired(first, own)
        finding = replace(finding, z=told.z, gain=told.gain)
        if bar.passed(first, own):
            alike = [
                choice
                for choice in rivals[1:]
                if paired(first, best[choice]).z < ALIKE and bar.passed(best[choice], own)
            ]
            better = (rivals[0], *alike)
            return replace(finding, verdict=Verdict.CONTRADICTED, better=better)
        if all(bar.passed(own, best[choice]) for choice in rivals):
            return replace(finding, verdict=Verdict.AGREES)
        return finding
