"""Constants of an operation against the source model's, by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from mcuzoo.npu.check.constants import _equal

Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def ints(*values: int) -> Ints:
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("vela", "same"),
    [
        ((ints(1 << 31, 7), ints(31, 40)), True),  # a factor of 1, as Vela has it
        ((ints(1 << 30, 7), ints(30, 40)), True),
        ((ints(1 << 31, 7), ints(32, 40)), False),  # one half
        ((ints(1 << 31, 8), ints(31, 40)), False),
    ],
)
def test_a_factor_of_one_has_two_forms(vela: tuple[Ints, Ints], same: bool) -> None:
    assert _equal((ints(1 << 30, 7), ints(30, 40)), vela) is same
