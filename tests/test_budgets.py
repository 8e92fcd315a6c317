"""Budgets: what is no bound, what a figure says of one."""

from __future__ import annotations

import math

import pytest

from mcuzoo.budgets import BUDGETS, PARTS, BudgetOptions, Budgets, Figure, judge
from mcuzoo.errors import UsageError
from mcuzoo.options import flag_of


@pytest.mark.parametrize("name", BUDGETS)
@pytest.mark.parametrize("bound", [math.nan, math.inf, -1, -0.5])
def test_what_is_no_bound(name: str, bound: float) -> None:
    wrong = Budgets(**{name: bound})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is no number") as refused:
        wrong.check()
    assert flag_of(name) in refused.value.message and flag_of(name) in refused.value.hint
    assert [one for one, _ in wrong.complaints()] == [name]


def test_a_rate_is_at_most_1() -> None:
    with pytest.raises(UsageError, match="is no rate"):
        Budgets(min_top1=87).check()
    Budgets(min_top1=1.0, max_latency_ms=87).check()


@pytest.mark.parametrize("name", BUDGETS)
def test_a_bound_is_within_itself(name: str) -> None:
    budgets = Budgets(**{name: 0.5})  # type: ignore[arg-type]
    least = name.startswith("min_")
    for value, holds in ((0.5, True), (0.4, not least), (0.6, least)):
        (result,) = judge(budgets, {name: Figure(value, "It is so")})
        assert result.holds is holds and result.part == PARTS[name]
        assert result.text == f"It is so; {name} 0.5 {'holds' if holds else 'does not hold'}."


def test_what_is_not_known_fails_only_by_choice() -> None:
    budgets = Budgets(max_latency_ms=20, max_flash_bytes=1)
    results = judge(budgets, {"max_latency_ms": Figure(None, "it counts sheep")})
    assert [one.holds for one in results] == [None, None]
    assert results[0].text == "max_latency_ms 20 cannot be judged: it counts sheep."
    assert not any(one.fails for one in results)
    assert all(one.fails and one.holds is None for one in judge(budgets, {}, strict=True))
    (lost,) = judge(Budgets(min_top1=0), {"min_top1": Figure(None, "No labels", fails=True)})
    assert lost.fails and lost.holds is False and lost.value is None


def test_given_ones_go_over_earlier_ones() -> None:
    before = BudgetOptions(min_top1=0.5, max_mismatches=3)
    after = BudgetOptions(max_mismatches=0, strict_budgets=True)
    assert after.budgets_over(before) == {
        **dict.fromkeys(BUDGETS),
        "min_top1": 0.5,
        "max_mismatches": 0,
        "strict_budgets": True,
    }
    assert not BudgetOptions().asked and after.asked and BudgetOptions(strict_budgets=True).asked
