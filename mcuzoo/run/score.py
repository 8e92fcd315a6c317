"""Top-k accuracy of int8 outputs, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Z_95 = 1.959963984540054  # the normal distribution's 97.5 % quantile


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
class ClassScore:
    label: int
    top1: Accuracy


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a binomial rate (E. B. Wilson, JASA 22, 1927, p. 209).

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), with p = correct/total and n = total >= 1.
    """
    rate, square = correct / total, _Z_95**2 / total
    middle = rate + square / 2
    reach = _Z_95 * sqrt(rate * (1 - rate) / total + square / (4 * total))
    low, high = (middle - reach) / (1 + square), (middle + reach) / (1 + square)
    # Exact at the ends, where rounding would leave a hair's breadth.
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


def class_scores(rank: NDArray[np.int64], labels: NDArray[np.int64]) -> tuple[ClassScore, ...]:
    """Top-1 accuracy of every class that occurs, by ascending label."""
    return tuple(
        ClassScore(int(label), accuracy(rank[labels == label], 1)) for label in np.unique(labels)
    )
