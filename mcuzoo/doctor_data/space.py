"""The ways that are tried, and what a network answers in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mcuzoo.doctor_data.statistics import Floats, Indices, log_fit


@dataclass(frozen=True)
class Way:
    """A recipe by the names of its parts (ways.py). turns: quarter turns counterclockwise that
    every picture gets first. color, normalization, fit, resize: of the tables of those names. exif:
    pictures are turned as their EXIF says."""

    color: str
    normalization: str
    fit: str
    resize: str
    exif: bool = True
    turns: int = 0


@dataclass(frozen=True)
class Space:
    """The ways to try. declared: what the recipe says. The others are what each part may be, the
    declared choice first.

    named: the normalizations whose range the model's input has. letterboxes: those of `fits` that
    are one. turning: whether to try quarter turns. colors, resizes, exifs: choices of each part.
    """

    declared: Way
    colors: tuple[str, ...]
    normalizations: tuple[str, ...]
    fits: tuple[str, ...]
    resizes: tuple[str, ...]
    exifs: tuple[bool, ...] = (True,)
    named: tuple[str, ...] = ()
    letterboxes: frozenset[str] = frozenset()
    turning: bool = True

    def grid(self, turns: int) -> Iterator[Way]:
        """All colours, normalizations and fits, with the declared resize and EXIF."""
        for color, numbers, fit in product(self.colors, self.normalizations, self.fits):
            yield replace(self.declared, color=color, normalization=numbers, fit=fit, turns=turns)

    def in_grid(self, way: Way) -> bool:
        return (way.resize, way.exif) == (self.declared.resize, self.declared.exif)


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


def best_of(scores: dict[Way, Floats], keep: Callable[[Way], bool] = lambda way: True) -> Way:
    """The way with the highest mean fit of those that `keep` is true for; the first of equals."""
    return max((way for way in scores if keep(way)), key=lambda way: float(scores[way].mean()))
