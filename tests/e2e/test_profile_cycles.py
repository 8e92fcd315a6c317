"""Modelled cycles of the emulated board, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mcuzoo.errors import UsageError
from mcuzoo.run.options import ProfileOptions
from mcuzoo.run.profiling import profile

pytest.importorskip("capstone")

BuiltProject = Callable[..., Path]


@pytest.mark.full
def test_every_layer_has_cycles_and_what_they_are_spent_for(built_project: BuiltProject) -> None:
    found = profile(built_project("rt1050"), ProfileOptions(cycles=True))
    counted = profile(built_project("rt1050"))
    assert found.unit == "modelled cycles" and counted.unit == "instructions"
    assert found.passed and found.milliseconds(found.total) is None
    for layer in found.layers:
        assert layer.count is not None and layer.spent is not None
        # The readings of the counter themselves are in one and not in the other.
        assert layer.spent.total == pytest.approx(layer.count, abs=60)
        assert layer.spent.issue > 0
    assert found.total is not None and counted.total is not None
    # Two instructions a cycle at the best; signs never waits for ten cycles per instruction.
    assert counted.total / 2 < found.total < 10 * counted.total


def test_a_board_counts_its_own(built_project: BuiltProject) -> None:
    with pytest.raises(UsageError, match="project folder"):
        profile("/dev/ttyACM0", ProfileOptions(cycles=True, project=built_project("rt1050")))


def test_rates_are_for_modelled_cycles(built_project: BuiltProject) -> None:
    with pytest.raises(UsageError, match="--rates"):
        profile(built_project("rt1050"), ProfileOptions(rates=Path("rates.toml")))
