"""Fits, paired comparisons and the assignment."""

from __future__ import annotations

import numpy as np
import pytest

from mcuzoo.doctor_data.statistics import fit_of_labels, log_fit, paired


def test_a_sure_mistake_costs_no_more_than_the_share_of_a_guess() -> None:
    fits = log_fit(np.array([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]))
    assert fits[0] == pytest.approx(np.log([0.85, 0.05, 0.05, 0.05]))
    assert fits[1] == pytest.approx(np.log([0.25] * 4))
    assert fit_of_labels(fits, np.array([0, 3])) == pytest.approx(np.log([0.85, 0.25]))


def test_paired_by_hand() -> None:
    found = paired(np.array([1.0, 2.0, 3.0]), np.array([0.0, 3.0, 1.0]))
    assert found.gain == pytest.approx(2 / 3) and found.n == 3
    assert found.z == pytest.approx(2 / np.sqrt(1 + 1 + 4))
    assert paired(np.array([1.0, 1.0]), 0.5).gain == 0.5
    assert paired(np.array([1.0, 1.0]), 0.5, margin=0.5).z == 0


def test_few_pictures_cannot_prove_much() -> None:
    """A quotient by the standard deviation would be infinite for equal differences."""
    for n in (1, 4, 9):
        assert paired(np.full(n, 2.0), np.zeros(n)).z == pytest.approx(np.sqrt(n))
    assert paired(np.ones(5), np.ones(5)).z == 0
    assert paired(np.zeros(0), np.zeros(0)).n == 0


def test_false_alarms_are_as_rare_as_said() -> None:
    """Differences that are as often positive as negative, with a heavy tail, at n = 20."""
    rng = np.random.default_rng(1)
    draws = rng.standard_t(2, size=(20_000, 20))
    z = np.array([paired(draw, np.zeros(20)).z for draw in draws])
    for bound in (2.0, 2.5, 3.0):
        assert (z >= bound).mean() <= np.exp(-(bound**2) / 2)
    assert (z >= 3.0).mean() < 0.002
