"""What commands other than a run have found, as outcomes: fit, build, flash, evaluate, profile,
try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcuzoo.budgets import BudgetResult
from mcuzoo.project.manifest import MANIFEST_NAME, BuildEntry, ProjectManifest
from mcuzoo.report.claims import Claim, budget_claim
from mcuzoo.report.fit import fit_headline
from mcuzoo.report.outcome import (
    Measure,
    Outcome,
    arena_measure,
    code_measure,
    flash_measure,
    top1_measure,
)
from mcuzoo.report.run_outcome import run_outcome
from mcuzoo.run.verdict import Broke

if TYPE_CHECKING:
    from mcuzoo.codegen.universal_fit import UniversalFit
    from mcuzoo.evaluate.result import Evaluation
    from mcuzoo.flash.flash import Flashed
    from mcuzoo.flash.rig import BoardFlashed
    from mcuzoo.measure.fit import FitMeasurement
    from mcuzoo.plan.fit import FitReport
    from mcuzoo.plan.linux import LinuxFit
    from mcuzoo.profile import ModelProfile
    from mcuzoo.run.score import Versus
    from mcuzoo.tryout.tryout import Tried


def fit_outcome(report: FitReport, file: Path | None = None) -> Outcome:
    """file: the model's."""
    claims = (_fit_claim(report), *map(budget_claim, report.budgets))
    return replace(
        _outcome(
            report.model,
            report.board,
            fit_headline(report.fits, report.passed),
            report.passed,
            claims,
        ),
        warnings=report.warnings,
        file=file,
        measures=(
            arena_measure(report.arena_bytes),
            flash_measure(report.flash_bytes),
            Measure("constant_bytes", report.constant_bytes, "Weights, biases and tables."),
        ),
    )


def _fit_claim(report: FitReport) -> Claim:
    over = [
        f"{one.region}: needs {one.used_bytes:,} of {one.size_bytes:,} bytes"
        for one in report.regions
        if not one.fits
    ]
    if report.reason is not None:
        text = f"{report.runtime} does not run it: {report.reason}"
    elif over:
        text = f"It does not fit {report.board}: {over[0]}."
    else:
        text = f"It fits {report.board}: {report.arena_bytes:,} bytes of arena."
    return Claim("fit", Broke.MODEL, report.fits, text, tuple(over))


def linux_fit_outcome(report: LinuxFit, file: Path | None = None) -> Outcome:
    """Of fit on a board that runs Linux. file: the model's."""
    compiled = report.compiled
    measures: tuple[Measure, ...] = (arena_measure(report.agent.arena_bytes),)
    text = f"It fits {report.board}."
    if compiled is not None:
        left, figures = compiled.on_cpu, compiled.estimate
        measures = (
            *measures,
            Measure("npu_sram_bytes", figures.sram_bytes, "The NPU's own memory, by Vela."),
            Measure("cpu_ops", len(left), "Operators that Vela leaves to the CPU."),
        )
        text = (
            f"It fits {report.board}: {len(compiled.on_npu):,} operators on the NPU, "
            f"{len(left):,} on the CPU."
        )
    claims = (
        Claim("fit", Broke.MODEL, report.fits, report.reason or text),
        *map(budget_claim, report.budgets),
    )
    headline = fit_headline(report.fits, report.passed)
    outcome = _outcome(report.model, report.board, headline, report.passed, claims)
    return replace(outcome, warnings=report.warnings, file=file, measures=measures)


def universal_outcome(found: UniversalFit) -> Outcome:
    """Of fit --universal."""
    model = found.model
    arena = found.plan.placement.arena_bytes
    text = f"A universal firmware has {arena:,} bytes of arena."
    if model is not None:
        fits = "fits" if model.fits else "does not fit"
        text = f"{model.model} {fits}: {model.bytes:,} bytes, arena {model.arena_bytes:,}. {text}"
    claims = (Claim("fit", Broke.MODEL, found.fits, text), *map(budget_claim, found.budgets))
    name = "universal" if model is None else model.model
    return replace(
        _outcome(
            name,
            found.board,
            fit_headline(found.fits, found.passed),
            found.passed,
            claims,
        ),
        measures=(arena_measure(arena if model is None else model.arena_bytes),),
    )


def measurement_outcome(found: FitMeasurement) -> Outcome:
    """Of fit --measure."""
    manifest = found.manifest
    assert manifest.build is not None
    text = f"{manifest.plan.arena_bytes:,} bytes of arena, measured on {found.measured_on}."
    claims = (
        Claim("fit", Broke.MODEL, True, text),
        _build_claim(manifest, manifest.build),
        *map(budget_claim, found.budgets),
    )
    return replace(
        _outcome(
            manifest.model.name,
            manifest.board,
            fit_headline(True, found.passed),
            found.passed,
            claims,
        ),
        file=found.project / MANIFEST_NAME,
        measures=(arena_measure(manifest.plan.arena_bytes), flash_measure(manifest.flash_bytes)),
    )


def build_outcome(project: Path, manifest: ProjectManifest, entry: BuildEntry) -> Outcome:
    """Of a build that came about."""
    claims = (_build_claim(manifest, entry),)
    return replace(
        _outcome(manifest.name, manifest.board, "built", True, claims),
        file=project / MANIFEST_NAME,
        measures=(
            flash_measure(manifest.flash_bytes),
            code_measure(entry.code_bytes),
            arena_measure(manifest.plan.arena_bytes),
        ),
    )


def _build_claim(manifest: ProjectManifest, entry: BuildEntry) -> Claim:
    sizes = [
        f"{use.region} {use.used_bytes:,} of {use.size_bytes:,} bytes"
        for use in entry.regions
        if use.used_bytes
    ]
    compiler = f"{entry.toolchain} {entry.compiler_version} {entry.optimization}"
    text = f"{compiler}, build {entry.build_id[:8]}: {', '.join(sizes)}."
    return Claim("build", Broke.FIRMWARE, True, text)


def flash_outcome(done: Flashed) -> Outcome:
    """Of a board that was flashed, or of a dry run."""
    claims = tuple(_flash_claims(done))
    return replace(
        _outcome(
            Path(done.project).name, done.board, "flashed" if done.done else "dry run", True, claims
        ),
        file=Path(done.project) / MANIFEST_NAME,
    )


def _flash_claims(done: Flashed) -> list[Claim]:
    where = f"{done.size:,} bytes from 0x{done.start:08X}"
    found = [Claim("boot-header", Broke.FIRMWARE, True, done.checked)]
    if not done.done:
        return [*found, Claim("flash", Broke.RIG, None, f"A dry run: {where} were not written.")]
    if done.compared:
        found.append(Claim("flash", Broke.RIG, True, f"{where}, {done.compared}"))
    else:
        text = f"{where} by {done.via}, which does not read the flash back."
        found.append(Claim("flash", Broke.RIG, None, text))
    hello = done.hello
    if hello is None:
        return [*found, Claim("handshake", Broke.RIG, None, "The board was not asked.")]
    text = f"{hello.board} at {done.port} runs the build {hello.build_id[:8]}"
    return [*found, Claim("handshake", Broke.RIG, True, text)]


def rig_outcomes(results: Sequence[BoardFlashed]) -> tuple[Outcome, ...]:
    """Of each board of a rig: what was done, or why it was not."""
    return tuple(_board_outcome(one) for one in results)


def _board_outcome(one: BoardFlashed) -> Outcome:
    name = one.board.name
    if one.done is not None and one.error is None:
        found = flash_outcome(one.done)
        return replace(found, subject=f"{found.subject} {name}", group=f"{found.group}.{name}")
    message = "It was not flashed." if one.error is None else one.error.message
    part = Broke.RIG if one.error is None else _PARTS.get(one.error.exit_code, Broke.RIG)
    claims = (Claim("flash", part, False, message),)
    return Outcome(
        f"flash {name}", f"mcuzoo.flash.{name}", f"the {part.value} broke", False, claims
    )


_PARTS = {4: Broke.FIRMWARE, 5: Broke.FIRMWARE}
"""What is at fault in an error, by exit code; else the rig."""


def evaluation_outcome(
    found: Evaluation, budgets: Sequence[BudgetResult], failures: Sequence[str], judged: bool
) -> Outcome:
    """failures: why it does not pass. judged: whether anything was asked of it."""
    top1 = None if found.scores is None else found.scores.top1
    claims = [budget_claim(one) for one in budgets]
    if top1 is not None and not any(claim.name == "accuracy" for claim in claims):
        text = f"Top-1 is {top1.value:.4f} of {top1.total:,} images; no bound was asked for."
        claims.append(Claim("accuracy", Broke.MODEL, None, text))
    told = {one.text.rstrip(".") for one in budgets}
    claims += [
        Claim("evaluation", Broke.DATA, False, text) for text in failures if text not in told
    ]
    where = found.model.board or found.model.engine
    passed = (not failures) if judged else None
    return Outcome(
        subject=f"{found.model.name} on {found.data.name}, {where}",
        group=f"mcuzoo.{where}.{found.model.name}",
        headline="evaluated" if passed is None else "pass" if passed else "fail",
        passed=passed,
        claims=tuple(claims),
        reasons=tuple(failures),
        warnings=found.warnings,
        seconds=found.seconds,
        board=where,
        model=found.model.name,
        measures=(
            Measure("images", found.n, "Images that were run."),
            top1_measure(top1),
            *(() if found.comparison is None else (_flips_measure(found.comparison),)),
        ),
    )


def _flips_measure(compared: Versus) -> Measure:
    return Measure("flips", compared.flips.count, "Answers unlike those of the other engine.")


def profile_outcome(profile: ModelProfile) -> Outcome:
    """Of one inference, layer by layer."""
    compared = any(layer.equal is not None for layer in profile.layers)
    holds = profile.passed if compared or not profile.passed else None
    claims = (
        Claim("layers", Broke.FIRMWARE, holds, f"{profile.verdict}."),
        *map(budget_claim, profile.budgets),
    )
    passed = profile.accepted
    count = "instructions" if profile.unit == "instructions" else "counts"
    return replace(
        _outcome(
            profile.model, profile.board, "pass" if passed else "the firmware broke", passed, claims
        ),
        measures=(
            Measure(count, profile.total, "Of the inference."),
            Measure("latency_ms", profile.milliseconds(profile.total), "Of the inference."),
        ),
    )


def try_outcome(tried: Tried) -> Outcome:
    """Its run with what came before it; of a model that does not fit, the fit."""
    from mcuzoo.plan.fit import FitReport

    if tried.run is None or tried.build is None or tried.project is None:
        if isinstance(tried.fit, FitReport):
            return fit_outcome(tried.fit)
        return linux_fit_outcome(tried.fit)
    found = run_outcome(tried.run.summary, tried.run.folder)
    # The emulated C agent is what was tried: of the NPU's fit nothing is claimed.
    fits = (_fit_claim(tried.fit),) if isinstance(tried.fit, FitReport) else ()
    own = (*fits, _build_claim(tried.project.manifest, tried.build))
    names = {claim.name for claim in own}
    rest = (claim for claim in found.claims if claim.name not in names)
    return replace(found, claims=(*own, *rest))


def _outcome(
    model: str, board: str, headline: str, passed: bool, claims: tuple[Claim, ...]
) -> Outcome:
    return Outcome(
        subject=f"{model} on {board}",
        group=f"mcuzoo.{board}.{model}",
        headline=headline,
        passed=passed,
        claims=claims,
        reasons=tuple(claim.text for claim in claims if claim.holds is False),
        board=board,
        model=model,
    )
