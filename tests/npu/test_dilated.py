"""A dilation that the NPU does not have is a larger kernel with zeros between the taps."""

from __future__ import annotations

import numpy as np
import pytest

from mcuzoo.npu.check.constants import same_weights, weight_differences


def source() -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    return np.random.default_rng(0).integers(1, 127, (8, 2, 3, 5), dtype=np.int8)


def widened(
    fill: int = 0, rows: int = 3, columns: int = 2
) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    wide = np.full((8, rows + 1, 2 * columns + 1, 5), fill, np.int8)
    wide[:, ::rows, ::columns] = source()
    return wide


def test_zeros_between_the_taps_are_right() -> None:
    same = same_weights(widened(), source())
    assert same is not None and same.all()
    assert list(weight_differences(widened(), source(), np.arange(8))) == []


def test_other_values_between_the_taps_are_told() -> None:
    """As Vela 3.12 writes for uint8."""
    (found,) = weight_differences(widened(-128), source(), np.arange(8))
    assert found.where == "output channel 0, row 0, column 1, input channel 0"
    assert (found.expected, found.found[:5]) == ("0", "-128;")


def test_a_wrong_tap_is_told() -> None:
    wide = widened()
    wide[3, 3, 2, 4] += 1
    (found,) = weight_differences(wide, source(), np.arange(16, 24))
    assert found.where == "output channel 19, row 3, column 2, input channel 4"
    assert found.expected == str(source()[3, 1, 1, 4])


@pytest.mark.parametrize("shape", [(8, 3, 6, 5), (8, 4, 5, 4), (7, 4, 5, 5), (8, 1, 5, 5)])
def test_other_shapes_are_no_dilation(shape: tuple[int, ...]) -> None:
    same = same_weights(np.zeros(shape, np.int8), source())
    assert same is None or not same.any()
