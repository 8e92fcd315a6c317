"""Fit on boards that run Linux: the NPU by Vela, the C agent by the plan of its arena."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.small_net import small_net

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.errors import BoardError, UsageError
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import parse_model
from mcuzoo.npu.vela import PlacedOp, VelaCompiled
from mcuzoo.npu.vela_said import VelaEstimate
from mcuzoo.plan import linux
from mcuzoo.plan.fit import fit
from mcuzoo.plan.linux import LinuxFit, fit_linux
from mcuzoo.plan.linux_agent import plan_for_linux
from mcuzoo.plan.options import LinuxFitOptions
from mcuzoo.report.fit_linux import linux_fit_document, linux_fit_text
from mcuzoo.zoo.registry import load_or_build

needs_vela = pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")


def small() -> Model:
    return parse_model(small_net(), "small")


def compiled(sram_bytes: int, on_npu: bool = True) -> VelaCompiled:
    """As if Vela had said so."""
    ops = tuple(
        PlacedOp(op.index, op.name, "t", on_npu, "" if on_npu else "Unsupported\x1b type")
        for op in small().ops
    )
    figures = VelaEstimate(sram_bytes, 1000, 5000, 4000, 5e-6, 1e9, 100)
    words = ("--optimise", "Performance")
    return VelaCompiled(b"TFL3", "0" * 64, "5.2.0", words, ops, 9, 0, figures, "")


def judged(
    monkeypatch: pytest.MonkeyPatch,
    made: VelaCompiled,
    options: LinuxFitOptions = LinuxFitOptions(),
    model: Model | None = None,
) -> LinuxFit:
    monkeypatch.setattr(linux, "compile_vela", lambda *_: made)
    return fit_linux(model or small(), "imx93", options)


@needs_vela
def test_signs_fits_the_imx93() -> None:
    report = fit_linux("signs", "imx93")
    assert report.fits and report.passed and report.next_step is None and not report.warnings
    assert report.compiled is not None and len(report.compiled.on_npu) == 31
    text = linux_fit_text(report, 80)
    assert "NPU: 31 of 31 operators" in text and "verdict: fits" in text
    assert "Vela's estimate, which nobody has measured: " in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_the_agent_has_the_arena_of_what_export_writes() -> None:
    report = fit_linux("signs", "imx8mp")
    plan = plan_for_linux(load_or_build("signs").model)
    assert report.agent.arena_bytes == plan.arena.arena_bytes
    assert report.agent.constant_bytes == plan.constant_bytes
    assert report.fits and report.compiled is None
    assert "its delegate compiles the model on the board" in linux_fit_text(report, 80)


def test_more_memory_than_the_npu_has_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard) and board.npu and board.npu.sram_bytes == 393_216
    assert judged(monkeypatch, compiled(393_216)).fits
    report = judged(monkeypatch, compiled(393_217))
    assert not report.fits and report.reason is not None and "393,217 bytes" in report.reason
    assert report.next_step is not None and "--vela-optimise size" in report.next_step


def test_nothing_for_the_npu_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    report = judged(monkeypatch, compiled(0, on_npu=False))
    text = linux_fit_text(report, 80)
    assert not report.fits and "the NPU has\n  nothing to compute" in text
    assert "CPU: op 0 CONV_2D: Unsupported? type" in text and "\x1b" not in text


def test_what_the_agent_does_not_run_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """TFLite on the board runs it, and the NPU."""
    two = replace(small(), outputs=(small().outputs[0], small().ops[0].outputs[0]))
    report = judged(monkeypatch, compiled(100), model=two)
    assert report.fits and report.agent.arena_bytes is None
    assert report.warnings[0].startswith("The C agent does not run it: ")
    without = fit_linux(two, "imx8mp")
    assert not without.fits and without.next_step == without.agent.hint


@pytest.mark.parametrize(("bound", "holds"), [(0, False), (9, True)])
def test_operators_on_the_cpu_have_a_budget(
    monkeypatch: pytest.MonkeyPatch, bound: int, holds: bool
) -> None:
    made = compiled(100)
    first = replace(made.operators[0], npu=False, reason="why")
    made = replace(made, operators=(first, *made.operators[1:]))
    report = judged(monkeypatch, made, LinuxFitOptions(max_cpu_ops=bound, max_arena_bytes=10**9))
    arena, left = report.budgets
    assert (left.value, left.holds, arena.holds) == (1, holds, True)
    assert report.fits and report.passed is holds
    assert linux_fit_document(report)["fits"] is True


def test_what_is_decided_on_the_board_is_not_judged() -> None:
    (left,) = fit_linux("signs", "imx8mp", LinuxFitOptions(max_cpu_ops=0)).budgets
    assert left.holds is None and "decided on the board" in left.text


def test_each_kind_of_board_has_its_own_fit() -> None:
    with pytest.raises(BoardError, match="has a microcontroller"):
        fit_linux("signs", "rt1170")
    with pytest.raises(BoardError, match="runs Linux"):
        fit("signs", "imx93")
    with pytest.raises(UsageError, match="--max-arena-bytes"):
        fit_linux("signs", "imx8mp", LinuxFitOptions(max_arena_bytes=-1))
