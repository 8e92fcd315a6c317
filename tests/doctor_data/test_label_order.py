"""Known label orders, and the one that answers suggest."""

from __future__ import annotations

import numpy as np
import pytest

from mcuzoo.doctor_data.label_order import (
    Order,
    assigned_fit,
    best_assignment,
    enough,
    fit_in_order,
    known_orders,
)
from mcuzoo.doctor_data.statistics import Floats, Indices, fit_of_labels, log_fit


def answers(shown: Indices, classes: int, right: float, seed: int) -> Floats:
    """Fits of a network that is right on a share of the pictures; shown: the outputs that are."""
    rng = np.random.default_rng(seed)
    first = np.where(rng.random(len(shown)) < right, shown, rng.integers(0, classes, len(shown)))
    probabilities = np.full((len(shown), classes), 0.2 / (classes - 1))
    probabilities[np.arange(len(shown)), first] = 0.8
    return log_fit(probabilities)


def orders(names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    return {order.name: order.outputs for order in known_orders(names)}


def test_keras_sorts_numbers_as_text() -> None:
    found = orders(tuple(str(number) for number in range(12)))
    text = next(outputs for name, outputs in found.items() if "as text" in name)
    # The folders 0, 1, 10, 11, 2, ... are outputs 0, 1, 2, 3, 4, ...
    assert [text[label] for label in (0, 1, 10, 11, 2, 9)] == [0, 1, 2, 3, 4, 11]
    assert all(
        sorted(outputs) == list(range(12)) for outputs in found.values() if -1 not in outputs
    )


def test_numbered_folders_that_were_counted_as_text() -> None:
    names = tuple(sorted(str(number) for number in range(12)))
    found = orders(names)
    assert found["the order of the numbers"] == tuple(int(name) for name in names)


def test_each_order_is_there_once_and_changes_something() -> None:
    for names in (("no", "yes"), ("b", "a"), ("A", "b", "C"), tuple("abcdefgh")):
        found = [order.outputs for order in known_orders(names)]
        assert len(set(found)) == len(found)
        assert tuple(range(len(names))) not in found


def test_a_label_without_an_output_fits_as_badly_as_the_worst() -> None:
    fits = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]]))
    order = Order("one higher", (1, 2, -1))
    assert fit_in_order(fits, np.array([0, 2]), order) == pytest.approx(np.log([0.2, 0.1]))


def test_the_order_of_the_answers_is_found() -> None:
    rng = np.random.default_rng(3)
    order = rng.permutation(10)
    labels = np.repeat(np.arange(10), 10)
    fits = answers(order[labels], 10, 0.8, 4)
    found = best_assignment(fits, labels)
    assert found.outputs == tuple(order.tolist())
    assert found.sure == tuple(range(10))
    assert assigned_fit(fits, labels).mean() > fit_of_labels(fits, labels).mean() + 1


def test_classes_that_answers_do_not_tell_apart_are_not_sure() -> None:
    labels = np.repeat(np.arange(6), 20)
    rng = np.random.default_rng(5)
    # 4 and 5 are answered by chance as either.
    shown = np.where(labels >= 4, rng.integers(4, 6, len(labels)), labels)
    found = best_assignment(answers(shown, 6, 0.9, 6), labels)
    assert set(found.sure) >= {0, 1, 2, 3} and not {4, 5} & set(found.sure)


def test_an_order_gains_nothing_on_pictures_that_it_was_not_chosen_on() -> None:
    """Answers by chance: the chosen order fits its own pictures, and not the others."""
    labels = np.repeat(np.arange(5), 10)
    own, crossed, plain = [], [], []
    for seed in range(40):
        fits = answers(np.random.default_rng(seed).integers(0, 5, 50), 5, 1.0, seed)
        chosen = np.array(best_assignment(fits, labels).outputs)
        own.append(fit_of_labels(fits, chosen[labels]).mean())
        crossed.append(assigned_fit(fits, labels).mean())
        plain.append(fit_of_labels(fits, labels).mean())
    assert np.mean(own) > np.mean(plain) + 0.2
    assert abs(np.mean(crossed) - np.mean(plain)) < 0.1


def test_labels_without_enough_pictures_have_no_output() -> None:
    labels = np.array([0] * 5 + [1] * 4 + [2] * 6)
    usable = enough(labels, 4)
    assert usable.sum() == 11
    fits = answers(labels, 4, 1.0, 1)
    assert best_assignment(fits[usable], labels[usable]).outputs == (0, -1, 2, -1)
