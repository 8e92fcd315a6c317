"""Which counts of a firmware stand for which modelled cycles."""

from __future__ import annotations

import pytest

from mcuzoo.timing.cycles import Cycles
from mcuzoo.timing.marks import Mark, cycles_between


def _marks(*steps: tuple[str, float]) -> list[Mark]:
    """What the firmware does, and after how many cycles."""
    marks, now = [], 0.0
    for what, cycles in steps:
        now += cycles
        marks.append(Mark(Cycles(issue=now), what == "write"))
    return marks


@pytest.mark.parametrize("interrupts", [0, 1, 7])
def test_interrupts_are_no_part_of_a_layer(interrupts: int) -> None:
    handler = [("read", 100.0), ("read", 90.0), ("write", 5.0)] * interrupts
    marks = _marks(
        ("write", 10.0), ("read", 300.0), *handler, ("read", 5000.0), ("read", 400.0), *handler,
        ("read", 9000.0),
    )  # fmt: skip
    first, second = cycles_between(marks, [5000 + 100 * interrupts, 9000 + 100 * interrupts])
    assert first is not None and second is not None
    assert first.issue == pytest.approx(5000 + 100 * interrupts)
    assert second.issue == pytest.approx(9000 + 100 * interrupts)


def test_a_count_without_readings_is_not_known() -> None:
    marks = _marks(("read", 100.0), ("read", 5000.0), ("read", 9000.0))
    assert cycles_between(marks, [700, None, 9000]) == [None, None, Cycles(issue=9000.0)]
