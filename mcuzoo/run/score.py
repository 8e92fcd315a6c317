"""Answers of classifiers and their accuracy: top-k with uncertainty, and two compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.output_form import End, OutputForm, form_of

TOP_K = 5
SIGNIFICANT = 0.05
_Z_95 = 1.959963984540054  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Answer:
    """top1: the class with the highest score; of equal ones the lowest. rank: how many classes come
    before the label's own, None without a label. score: the dequantized score of top1."""

    top1: int
    rank: int | None
    score: float


@dataclass(frozen=True)
class Accuracy:
    """`correct` of `total`; low and high bound the true rate with 95 % confidence."""

    correct: int
    total: int

    @property
    def value(self) -> float:
        return self.correct / self.total

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.correct, self.total)


@dataclass(frozen=True)
class Scores:
    """Categorical accuracy. top5 is None where there are five classes or fewer."""

    top1: Accuracy
    top5: Accuracy | None


@dataclass(frozen=True)
class ClassScore:
    """Scores of the images with the label `label`. name: None if the classes have no names."""

    label: int
    name: str | None
    top1: Accuracy


@dataclass(frozen=True)
class Agreement:
    """How many outputs were compared with those of another engine, and how many were byte-equal.

    `largest_difference` is in steps of the int8 output.
    """

    compared: int
    equal: int
    largest_difference: int

    @property
    def unequal(self) -> int:
        return self.compared - self.equal


@dataclass(frozen=True)
class Flips:
    """`count` of `compared` images have another top-1 than on another engine, ties going to the
    lowest index; interval: bounds of the true rate with 95 % confidence."""

    count: int
    compared: int

    @property
    def value(self) -> float:
        return self.count / self.compared

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.count, self.compared)

    def within(self, bound: float) -> bool:
        """Whether there are at most `bound`: a number, or below 1 a share of the images."""
        return (self.value if 0 < bound < 1 else self.count) <= bound


def flips_of(first: Iterable[int | None], second: Iterable[int | None]) -> Flips | None:
    """The images on which two engines answer other classes. first, second: the top-1 of each image,
    None where it is not known; None where nothing can be compared."""
    pairs = [pair for pair in zip(first, second, strict=True) if None not in pair]
    return Flips(sum(a != b for a, b in pairs), len(pairs)) if pairs else None


@dataclass(frozen=True)
class Paired:
    """`only_first`, `only_second`: images that only one of the two classifies correctly."""

    only_first: int
    only_second: int

    @property
    def p_value(self) -> float:
        """McNemar's test, exact and two-sided: the images on which they differ as coin tosses.

        min(1, 2 * P(X <= min(b, c))) with X binomial of b + c tosses at 1/2 (Q. McNemar,
        Psychometrika 12, 1947, p. 153, in its exact form). 1 where they never differ.
        """
        tosses = self.only_first + self.only_second
        fewer = min(self.only_first, self.only_second)
        tail = ways = 1
        for hits in range(1, fewer + 1):
            ways = ways * (tosses - hits + 1) // hits
            tail += ways
        # Whole numbers throughout: 2**tosses exceeds a float from 1024 tosses on.
        return min(1.0, 2 * tail / (1 << tosses))

    @property
    def differs(self) -> bool:
        """Whether the two differ in accuracy beyond what chance explains at 5 %."""
        return self.p_value < SIGNIFICANT


@dataclass(frozen=True)
class Versus:
    """A second engine or model on the same images.

    agreement: None where their outputs are not of one scale; scores (of the second) and paired:
    None without labels. flips: images with another top-1.
    """

    flips: Flips
    agreement: Agreement | None
    scores: Scores | None
    paired: Paired | None

    @property
    def differs(self) -> bool:
        return self.paired is not None and self.paired.differs


def p_text(value: float) -> str:
    """A probability with three decimals, a small one with its power of ten."""
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1e}"


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a binomial rate (E. B. Wilson, JASA 22, 1927, p. 209).

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), with p = correct/total and n = total >= 1.
    """
    rate, square = correct / total, _Z_95**2 / total
    middle = rate + square / 2
    reach = _Z_95 * sqrt(rate * (1 - rate) / total + square / (4 * total))
    low, high = (middle - reach) / (1 + square), (middle + reach) / (1 + square)
    # Exactly 0 or 1 at the ends, in spite of rounding.
    return 0.0 if correct == 0 else low, 1.0 if correct == total else high


def top1(output: NDArray[Any]) -> int:
    """The class with the largest value in [classes]; of equal ones the lowest index."""
    return int(np.argmax(output))


def ranks(outputs: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many classes come before the label's own, int64 [N]: 0 means top-1 is right.

    outputs: [N, classes], of integers or floats; labels: int64 [N]. Of equal values the lower
    index comes first.
    """
    own = np.take_along_axis(outputs, labels[:, np.newaxis], axis=1)
    earlier = np.arange(outputs.shape[1])[np.newaxis, :] < labels[:, np.newaxis]
    before = (outputs > own) | ((outputs == own) & earlier)
    counted: NDArray[np.int64] = np.sum(before, axis=1, dtype=np.int64)
    return counted


def accuracy(rank: NDArray[np.int64], k: int) -> Accuracy:
    """Top-k accuracy from `ranks`."""
    return Accuracy(int(np.count_nonzero(rank < k)), len(rank))


def answer(
    output: NDArray[Any],
    label: int | None,
    scale: float = 1.0,
    zero_point: int = 0,
    form: OutputForm | None = None,
) -> Answer:
    """The answer of a flat output, in which a value q stands for scale * (q - zero_point).

    form: what it says; None: a score per class.
    """
    if form is not None and form.note is not None:
        output, scale, zero_point = form.scores(output, scale, zero_point), 1.0, 0
    best = top1(output)
    score = scale * (float(output[best]) - zero_point)
    rank = None if label is None else int(ranks(output[np.newaxis], np.array([label]))[0])
    return Answer(best, rank, score)


def answer_at(end: End, output: NDArray[Any], label: int | None = None) -> Answer:
    """The answer of a flat output, as its end of the model describes it."""
    return answer(output, label, end.scale, end.zero_point, form_of(end))


def difference(first: NDArray[np.int8], second: NDArray[np.int8]) -> int:
    """The largest difference of two int8 outputs, in steps."""
    return int(np.abs(first.astype(np.int16) - second).max())


@dataclass(frozen=True)
class BesideCpu:
    """A delegate's outputs beside those of the same board's CPU, on the same images.

    agreement: of their bytes. flips: other answers than the CPU's. host_flips: answers of the CPU
    that are not the host's; None where these are not known. top1: of the CPU; None without labels.
    """

    agreement: Agreement
    flips: Flips
    host_flips: Flips | None
    top1: Accuracy | None
