"""What a model's output says: a score per class, one probability, or classes in a grid of cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

SIGMOID_SCALE = 1 / 256
"""What LOGISTIC's output is quantized with, always; its zero point is the lowest value."""

SIGMOID_ZERO_POINT = -128
THRESHOLD = 0.5
BACKGROUND = 0


class End(Protocol):
    """A description of an int8 output."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def scale(self) -> float: ...
    @property
    def zero_point(self) -> int: ...


@dataclass(frozen=True)
class Cell:
    """A cell of a grid whose best class is not the background.

    row, column: of the grid, from 0. label: its best class; score: of that class, dequantized.
    """

    row: int
    column: int
    label: int
    score: float


@dataclass(frozen=True)
class OutputForm:
    """`classes`: how many a model tells apart. rows, columns: of its grid; 1 each without one.
    sigmoid: its only value is the probability of class 1, and class 0 is the rest."""

    classes: int
    rows: int = 1
    columns: int = 1
    sigmoid: bool = False

    @property
    def is_grid(self) -> bool:
        return self.rows * self.columns > 1

    @property
    def note(self) -> str | None:
        """How the output is read, if it is not a score per class."""
        if self.sigmoid:
            return f"one output: two classes, 1 above a probability of {THRESHOLD}, else 0"
        if self.is_grid:
            cells = f"{self.rows}x{self.columns} cells"
            return f"{cells}, the best that is not background (class 0) counts"
        return None

    def scores(self, output: NDArray[Any], scale: float, zero_point: int) -> NDArray[np.float64]:
        """float64 [classes]: real scores that order the classes, from the flat output.

        Of a grid: of each class its best cell among those whose best class is not the background;
        the background's is what it has in its worst cell, and comes first only if there are none.
        """
        real = scale * (output.reshape(-1).astype(np.float64) - zero_point)
        if self.sigmoid:
            return np.array([1 - real[0], real[0]])
        if not self.is_grid:
            return real
        cells = real.reshape(-1, self.classes)
        named = cells[np.argmax(cells, axis=1) != BACKGROUND]
        if len(named):
            best: NDArray[np.float64] = named.max(axis=0)
            best[BACKGROUND] = min(best[BACKGROUND], best.min())
            return best
        # No cell ranks another class above the background, so neither does the image.
        worst = cells[:, BACKGROUND].min()
        found: NDArray[np.float64] = np.minimum(cells.max(axis=0), worst)
        found[BACKGROUND] = worst
        return found

    def cells(self, output: NDArray[Any], scale: float, zero_point: int) -> Iterator[Cell]:
        """The cells of a grid whose best class is not the background, row by row."""
        if not self.is_grid:
            return
        real = scale * (output.reshape(-1).astype(np.float64) - zero_point)
        grid = real.reshape(self.rows, self.columns, self.classes)
        for row, column in np.argwhere(np.argmax(grid, axis=2) != BACKGROUND).tolist():
            label = int(np.argmax(grid[row, column]))
            yield Cell(row, column, label, float(grid[row, column, label]))


SIGMOID = OutputForm(2, sigmoid=True)


def form_of(end: End) -> OutputForm:
    """What the output that a manifest describes says."""
    return output_form(end.shape, end.scale, end.zero_point)


def output_form(shape: tuple[int, ...], scale: float, zero_point: int) -> OutputForm:
    """What an output of this shape and quantization says.

    (1, rows, columns, classes) with two cells and two classes at least is a grid, as Edge Impulse's
    FOMO has; a single value quantized as LOGISTIC's is a probability.
    """
    elements = prod(shape)
    if elements == 1 and (scale, zero_point) == (SIGMOID_SCALE, SIGMOID_ZERO_POINT):
        return SIGMOID
    if len(shape) == 4 and shape[0] == 1 and shape[3] > 1 and elements > shape[3]:
        return OutputForm(shape[3], shape[1], shape[2])
    return OutputForm(elements)
