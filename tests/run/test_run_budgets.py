"""Budgets of a run: what holds, what does not and whose fault that is, what cannot be judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from helpers.page_runs import (
    PageRun,
    broken_firmware,
    broken_rig,
    emulated,
    several_boards,
    signs_run,
    unlabelled,
)

from mcuzoo.link.state import LinkState
from mcuzoo.report.claims import CLAIM_OF, claims_of
from mcuzoo.run.record import BuildFacts, RunMeta
from mcuzoo.run.summary import RunSummary, summarize
from mcuzoo.run.verdict import Broke


def again(run: PageRun, change: Any = lambda meta: meta, **budgets: Any) -> RunSummary:
    """The run, judged again by other budgets."""
    meta = run.summary.meta
    settings = replace(meta.settings, **{"min_top1": None, **budgets})
    return summarize(change(replace(meta, settings=settings)), run.summary.rows)


def built(flash_bytes: int | None) -> Any:
    return lambda meta: replace(meta, build=BuildFacts(flash_bytes=flash_bytes))


def lossy(meta: RunMeta) -> RunMeta:
    return replace(meta, link=LinkState(frames_sent=9, frames_resent=2, bad_frames=1, reconnects=1))


FIGURES = [
    ("min_top1", 0.75, -1, lambda meta: meta),
    ("max_latency_ms", 7_006_000 / 600_000_000 * 1000, 1, lambda meta: meta),
    ("max_arena_bytes", None, 1, lambda meta: meta),
    ("max_flash_bytes", 98_765, 1, built(98_765)),
    ("max_line_errors", 3, 1, lossy),
]


@pytest.mark.parametrize(("name", "figure", "sign", "change"), FIGURES, ids=[f[0] for f in FIGURES])
def test_a_budget_is_a_claim_and_fails_the_run(
    name: str, figure: float | None, sign: int, change: Any
) -> None:
    run = signs_run(16)
    bound = run.summary.meta.board.arena_bytes if figure is None else figure
    within = again(run, change, **{name: bound})
    (result,) = within.budgets
    assert result.holds and result.value == pytest.approx(bound) and within.verdict.passed
    claim = next(one for one in claims_of(within) if one.name == CLAIM_OF[name])
    assert claim.holds and name in claim.text

    beyond = again(run, change, **{name: bound - sign * 0.01})
    (result,) = beyond.budgets
    assert result.holds is False and beyond.verdict.exit_code == 1
    assert beyond.verdict.broke is Broke(result.part)
    failed = [one for one in claims_of(beyond) if one.holds is False]
    assert [(one.name, one.part) for one in failed] == [(CLAIM_OF[name], beyond.verdict.broke)]


def test_an_emulated_board_has_instructions_and_no_time() -> None:
    run = emulated()
    asked = {"max_latency_ms": 1.0, "max_instructions": 12_410_615}
    passed = again(run, **asked)
    assert [one.holds for one in passed.budgets] == [None, True] and passed.verdict.passed
    assert any("which are not time" in text for text in passed.verdict.warnings)
    claims = {one.name: one.holds for one in claims_of(passed)}
    assert claims["latency"] is None and claims["instructions"] is True
    strict = again(run, **asked, strict_budgets=True)
    assert strict.verdict.broke is Broke.FIRMWARE and strict.verdict.exit_code == 1
    assert {one.name for one in claims_of(strict) if one.holds is False} == {"latency"}
    assert not again(run, max_instructions=12_410_614).verdict.passed


def test_silicon_counts_no_instructions() -> None:
    (result,) = again(signs_run(4), max_instructions=1).budgets
    assert result.holds is None and "counts cycles and no instructions" in result.text


@pytest.mark.parametrize(
    ("change", "why"),
    [(lambda meta: replace(meta, build=None), "older run"), (built(None), "did not make")],
)
def test_flash_that_nobody_knows(change: Any, why: str) -> None:
    found = again(signs_run(4), change, max_flash_bytes=1)
    assert found.budgets[0].holds is None and why in found.budgets[0].text
    assert found.verdict.passed and found.verdict.warnings == (found.budgets[0].text,)


def test_of_an_uploaded_model_counts_what_it_uses() -> None:
    def uploaded(meta: RunMeta) -> RunMeta:
        board = replace(meta.board, arena_bytes=500_000, arena_used=40_000)
        return replace(meta, board=board, settings=replace(meta.settings, upload="signs"))

    (result,) = again(signs_run(4), uploaded, max_arena_bytes=40_000).budgets
    assert result.holds and result.value == 40_000


@pytest.mark.parametrize("make", [broken_firmware, several_boards])
def test_mismatches_up_to_a_number_are_let_pass(make: Callable[[], PageRun]) -> None:
    run = make()
    count = run.summary.mismatches
    assert count
    asked = again(run, max_mismatches=count)
    claims = {one.name: one.holds for one in claims_of(asked)}
    assert claims["bit-exactness"] is True and claims.get("boards") is not False
    assert any("let pass" in text for text in asked.verdict.warnings)
    assert not any("unlike" in text for text in asked.verdict.reasons)
    less = again(run, max_mismatches=count - 1)
    assert less.verdict.broke is Broke.FIRMWARE
    assert {one.name: one.holds for one in claims_of(less)}["bit-exactness"] is False


def test_nothing_compared_cannot_be_judged() -> None:
    def change(row: Any) -> Any:
        return replace(row, reference_difference=None)

    (result,) = again(signs_run(4, change), max_mismatches=0).budgets
    assert result.holds is None and "not compared" in result.text


def test_an_accuracy_without_labels_never_passes() -> None:
    found = again(unlabelled(), min_top1=0.0)
    assert found.verdict.broke is Broke.MODEL and found.budgets[0].holds is False


def test_an_accuracy_says_nothing_while_the_rig_is_broken() -> None:
    found = again(broken_rig(), min_top1=0.0, max_line_errors=0)
    assert [one.holds for one in found.budgets] == [None, False]
    assert (found.verdict.broke, found.verdict.exit_code) == (Broke.RIG, 3)
    assert found.budgets[1].text in found.verdict.reasons


def test_of_several_broken_budgets_the_first_is_named() -> None:
    found = again(signs_run(16), lossy, max_line_errors=0, min_top1=1.0)
    assert found.verdict.broke is Broke.MODEL and found.verdict.exit_code == 1
    assert len(found.verdict.reasons) == 2
