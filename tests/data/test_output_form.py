"""What outputs say: classes, one probability, a grid of cells."""

from __future__ import annotations

import numpy as np
import pytest

from mcuzoo.data.output_form import SIGMOID, Cell, OutputForm, output_form
from mcuzoo.run.score import answer

SOFTMAX = (1 / 256, -128)


@pytest.mark.parametrize(
    ("shape", "ends", "form"),
    [
        ((1, 10), SOFTMAX, OutputForm(10)),
        ((1, 1, 1, 10), SOFTMAX, OutputForm(10)),
        ((1, 1), SOFTMAX, SIGMOID),
        ((1, 1), (1.27, -2), OutputForm(1)),
        ((1, 12, 10, 3), SOFTMAX, OutputForm(3, 12, 10)),
        ((1, 7, 7, 1), SOFTMAX, OutputForm(49)),
    ],
)
def test_form(shape: tuple[int, ...], ends: tuple[float, int], form: OutputForm) -> None:
    assert output_form(shape, *ends) == form


@pytest.mark.parametrize(
    ("value", "label", "score"), [(-128, 0, 1.0), (0, 0, 0.5), (1, 1, 129 / 256)]
)
def test_one_probability_is_two_classes(value: int, label: int, score: float) -> None:
    found = answer(np.array([value], np.int8), 1, *SOFTMAX, SIGMOID)
    assert (found.top1, found.score, found.rank) == (label, score, 1 - label)


def grid(*cells: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    return np.array([round(256 * value) - 128 for cell in cells for value in cell], np.int8)


def test_a_grid_is_as_its_best_cell() -> None:
    form = OutputForm(3, 2, 2)
    output = grid([0.75, 0.25, 0], [0.25, 0.5, 0.25], [0.9, 0, 0.1], [0.25, 0, 0.625])
    found = answer(output, 1, *SOFTMAX, form)
    assert (found.top1, found.score, found.rank) == (2, 0.625, 1)
    cells = tuple(form.cells(output, *SOFTMAX))
    assert cells == (Cell(0, 1, 1, 0.5), Cell(1, 1, 2, 0.625))
    # The background comes last as soon as anything is there.
    assert answer(output, 0, *SOFTMAX, form).rank == 2


def test_a_grid_of_background_is_background() -> None:
    form = OutputForm(3, 1, 2)
    # In one cell class 1 is more probable than the background is in the other.
    output = grid([0.5, 0.5, 0], [0.375, 0.25, 0.25])
    found = answer(output, 0, *SOFTMAX, form)
    assert (found.top1, found.score, found.rank) == (0, 0.375, 0)
    assert not list(form.cells(output, *SOFTMAX))


def test_order_and_score_of_plain_classes_are_the_output() -> None:
    output = np.array([3, 9, 9, -5], np.int8)
    assert answer(output, 2, 0.5, 1, OutputForm(4)) == answer(output, 2, 0.5, 1)
    assert OutputForm(4).note is None
