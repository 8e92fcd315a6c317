"""Requantization with one rounding: exact, and how far a model's answers are from it."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.engines.reference import ReferenceEngine, Rounding
from mcuzoo.graph.fixedpoint import multiply_rounded_once
from mcuzoo.graph.parameters import Requantization
from mcuzoo.graph.read import load_model
from mcuzoo.ops.common.reference import requantize, rounded_by

MANTISSAS = st.integers(1 << 30, (1 << 31) - 1)
SUMS = st.integers(-(1 << 31), (1 << 31) - 1)


def once(value: int, mantissa: int, shift: int) -> int:
    """value * mantissa * 2**(shift - 31), halves up, in exact fractions."""
    return floor(Fraction(value * mantissa) * Fraction(2) ** (shift - 31) + Fraction(1, 2))


@settings(max_examples=examples(200))
@given(SUMS, MANTISSAS, st.integers(-31, 5))
def test_one_rounding_is_the_nearest(value: int, mantissa: int, shift: int) -> None:
    found = int(multiply_rounded_once(np.array([value]), mantissa, shift)[0])
    assert found == min(max(once(value, mantissa, shift), -(1 << 31)), (1 << 31) - 1)


@settings(max_examples=examples(100))
@given(st.lists(st.integers(-(1 << 23), 1 << 23), min_size=1), MANTISSAS, st.integers(-20, 1))
def test_the_quick_way_rounds_as_the_exact_one(sums: list[int], mantissa: int, shift: int) -> None:
    to = Requantization(np.array([mantissa], np.int32), np.array([shift], np.int32), 3, -128, 127)
    expected = [min(max(once(one, mantissa, shift) + 3, -128), 127) for one in sums]
    for dtype in (np.float32, np.int64):
        with rounded_by(Rounding.ONCE):
            assert requantize(np.array(sums, dtype), to).tolist() == expected
    twice = requantize(np.array(sums, np.int64), to).astype(int)
    assert np.abs(twice - expected).max() <= 1


def test_a_rule_ends_with_its_block() -> None:
    half = Requantization(np.array([1 << 30], np.int32), np.array([-1], np.int32), 0, -128, 127)
    sums = np.array([-1, -2, -3, -6])
    before = requantize(sums, half).tolist()
    with rounded_by(Rounding.ONCE):
        assert requantize(sums, half).tolist() == [0, 0, -1, -1] != before
    assert requantize(sums, half).tolist() == before


@pytest.mark.parametrize(
    ("model", "inputs", "unequal", "flips"),
    [
        ("mobilenet_v1_0.25_128_quant_int8", "imagenet_inputs_u8", 39, 2),
        ("derived_deepface_emotion_int8io", "fer_inputs_u8", 20, 1),
    ],
)
def test_how_exposed_published_models_are(
    test_data: Path, model: str, inputs: str, unequal: int, flips: int
) -> None:
    """On the first 40 golden inputs; an independent count gave the same."""
    network = load_model(test_data / "models" / f"{model}.tflite")
    engines = ReferenceEngine(network), ReferenceEngine(network, Rounding.ONCE)
    found = []
    for pixels in np.load(test_data / "golden" / f"{inputs}.npy")[:40]:
        tensor = (pixels.astype(np.int16) - 128).astype(np.int8)
        twice, single = (engine.run(tensor) for engine in engines)
        found.append((not np.array_equal(twice, single), twice.argmax() != single.argmax()))
    assert [sum(column) for column in zip(*found, strict=True)] == [unequal, flips]
