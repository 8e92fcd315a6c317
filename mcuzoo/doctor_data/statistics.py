"""How well answers fit labels, picture by picture, and whether one way fits better than another."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

TRUSTED = 0.8
"""Weight of the network's own probability; the rest is spread evenly over the classes, so that one
sure mistake costs no more than log(0.2 / classes)."""

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def log_fit(probabilities: NDArray[np.floating]) -> Floats:
    """log(0.8 p + 0.2 / classes) of probabilities [..., classes], elementwise."""
    classes = probabilities.shape[-1]
    mixed: Floats = np.log(TRUSTED * probabilities.astype(np.float64) + (1 - TRUSTED) / classes)
    return mixed


@dataclass(frozen=True)
class Paired:
    """One way against another on the same pictures.

    gain: mean difference of the fit per picture, in nats; above 0 the first way fits better.
    z: sum(d) / sqrt(sum(d^2)) over the differences d. Where neither way is better, and d is as
    often positive as negative, P(z >= x) <= exp(-x^2 / 2) for any n (Hoeffding 1963, given the
    |d|); unlike a quotient by the standard deviation it is never above sqrt(n), so that few
    pictures cannot prove much.
    """

    gain: float
    z: float
    n: int


def paired(first: Floats, second: Floats | float, margin: float = 0.0) -> Paired:
    """Compare the fits of two ways, float64 (n,) each, picture by picture.

    margin: nats that the first way must be better by, to be called better at all.
    """
    differences = first - second - margin
    total, size = float(differences.sum()), sqrt(float(np.square(differences).sum()))
    n = len(differences)
    return Paired(total / n if n else 0.0, total / size if size > 1e-9 else 0.0, n)


def fit_of_labels(fits: Floats, labels: Indices) -> Floats:
    """The fit (n,) of each picture's label: `fits` [n, classes] at `labels` (n,)."""
    picked: Floats = fits[np.arange(len(labels)), labels]
    return picked
