"""Probabilities of what a network ends with."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from mcuzoo.doctor_data.asking import probabilities
from mcuzoo.graph.program import Program


class _End:
    """As much of a program as its end: the last op, and the scale of the output."""

    def __init__(self, op: str, scale: float, zero_point: int) -> None:
        quantization: Any = type("", (), {"scale": scale, "zero_point": zero_point})
        self.output_tensor: Any = type("", (), {"quantization": quantization})
        self.steps: Any = [type("", (), {"op": type("", (), {"name": op})})]


def of(op: str, scale: float, zero_point: int, *values: int) -> list[float]:
    end = cast(Program, _End(op, scale, zero_point))
    found: list[float] = probabilities(end, np.array(values, np.int8)).tolist()
    assert sum(found) == pytest.approx(1)
    return found


def test_softmax_as_it_is() -> None:
    assert of("SOFTMAX", 1 / 256, -128, 64, -64, -128) == pytest.approx([0.75, 0.25, 0])


def test_one_sigmoid_is_the_probability_of_class_1() -> None:
    assert of("LOGISTIC", 1 / 256, -128, 64) == pytest.approx([0.25, 0.75])


def test_many_sigmoids_share_one() -> None:
    assert of("LOGISTIC", 1 / 256, -128, 0, 0, -128) == pytest.approx([0.5, 0.5, 0])
    assert of("LOGISTIC", 1 / 256, -128, -128, -128) == [0.5, 0.5]


def test_logits_and_logarithms() -> None:
    expected = np.exp([1.0, 0.0]) / np.exp([1.0, 0.0]).sum()
    assert of("FULLY_CONNECTED", 0.1, 3, 13, 3) == pytest.approx(expected.tolist())
    assert of("LOG_SOFTMAX", 0.0625, 127, 127, -128)[0] == pytest.approx(1, abs=1e-5)
