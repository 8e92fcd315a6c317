"""What commands have found that compare and look, as outcomes: compare, rig check, doctor-data,
doctor-image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcuzoo.doctor_data.findings import Verdict
from mcuzoo.project.manifest import MANIFEST_NAME
from mcuzoo.report.claims import Claim
from mcuzoo.report.comparison import difference_lines
from mcuzoo.report.doctor_data import sentence
from mcuzoo.report.outcome import Measure, Outcome, arena_measure, code_measure, top1_measure
from mcuzoo.run.verdict import Broke

if TYPE_CHECKING:
    from mcuzoo.compare.comparison import Comparison, LayerAgreement, ProjectResult
    from mcuzoo.doctor_data.diagnosis import Claim as Asked
    from mcuzoo.doctor_data.diagnosis import DataDiagnosis
    from mcuzoo.evaluate.look import Look
    from mcuzoo.rig.check import BoardCheck


def comparison_outcomes(found: Comparison) -> tuple[Outcome, ...]:
    """Of each project: whether it gives what it is compared with gives."""
    return tuple(
        _project_outcome(replace(found, columns=(column,)), column) for column in found.columns
    )


def _project_outcome(alone: Comparison, column: ProjectResult) -> Outcome:
    """alone: a comparison of that project only."""
    trial, claim = column.trial, _agreement_claim(alone, column.agreement)
    name, model = trial.entry.name, trial.entry.manifest.model.name
    count = "instructions" if trial.unit == "instructions" else "counts"
    return replace(
        _outcome(f"{name}: {model} on {trial.board}", f"mcuzoo.compare.{name}", (claim,)),
        board=trial.board,
        model=model,
        file=trial.entry.project / MANIFEST_NAME,
        measures=(
            top1_measure(column.top1),
            Measure(count, trial.total, "Of the inference."),
            arena_measure(trial.sizes.arena),
            code_measure(trial.sizes.code),
        ),
    )


def _agreement_claim(alone: Comparison, agreement: LayerAgreement | None) -> Claim:
    """Bytes where they must be equal; of a delegate the answers, as --max-flips judges them."""
    lines = tuple(difference_lines(alone))
    if agreement is None:
        text = "Nothing to compare it with: it is the baseline, or another model."
        return Claim("bit-exactness", Broke.FIRMWARE, None, text)
    if not agreement.exact:
        return Claim("flips", Broke.DELEGATE, alone.within(agreement), f"{lines[0]}.")
    text = f"{agreement.equal:,} of {agreement.compared:,} outputs are byte-equal to those of "
    return Claim(
        "bit-exactness", Broke.FIRMWARE, alone.equal, f"{text}{agreement.baseline}.", lines
    )


def check_outcomes(checks: Sequence[BoardCheck], rig: Path) -> tuple[Outcome, ...]:
    """Of each board of the rig: whether it is as the rig's file says. rig: that file."""
    return tuple(_board_outcome(check, rig) for check in checks)


def _board_outcome(check: BoardCheck, rig: Path) -> Outcome:
    name, hello = check.board.name, check.hello
    said = "It said nothing." if hello is None else f"{hello.board}, build {hello.build_id[:8]}"
    text = check.findings[0] if check.findings else said
    claims = [Claim("handshake", Broke.RIG, check.passed, text, check.findings)]
    if check.pings:
        lost = f"{check.resent:,} of {check.pings:,} requests had to be sent again."
        claims.append(Claim("link", Broke.RIG, None if check.findings else True, lost))
    if check.power:
        claims.append(Claim("power", Broke.RIG, None if check.findings else True, check.power))
    return replace(
        _outcome(f"{name} at {check.board.port}", f"mcuzoo.rig.{name}", tuple(claims)),
        board=check.board.board,
        file=rig,
    )


def diagnosis_outcome(found: DataDiagnosis, data: str) -> Outcome:
    """Of each part of the recipe: whether the pictures contradict it. data: as it was typed."""
    return replace(
        _outcome(
            f"{found.model} on {data}",
            f"mcuzoo.doctor-data.{found.model}",
            tuple(map(finding_claim, found.claims)),
        ),
        model=found.model,
        warnings=found.warnings,
        measures=(Measure("images", found.n, "Pictures that were asked."),),
    )


def finding_claim(asked: Asked) -> Claim:
    """What the pictures say of one part; a contradiction that is only a note is not judged."""
    finding = asked.finding
    holds = True if finding.verdict is Verdict.AGREES else False if finding.fails else None
    name = finding.part.value.replace(" ", "-")
    return Claim(name, Broke.DATA, holds, f"{sentence(asked)}.")


def look_outcome(seen: Look) -> Outcome:
    """Whether a tensor is what the model wants of the picture."""
    found = seen.diagnosis
    if found is None:
        claim = Claim("tensor", Broke.DATA, None, "No tensor was given.")
    else:
        mistakes = tuple(f"{one.name}: {one.what}" for one in found.mistakes)
        text = "Nothing is wrong with the tensor."
        if found.foreign:
            text = "The tensor is of another picture, or of one that was changed a lot."
        elif not seen.healthy:
            text = mistakes[0] if mistakes else "Something is wrong with the tensor."
        claim = Claim("tensor", Broke.DATA, seen.healthy, text, mistakes)
    name = Path(seen.image).name
    return replace(
        _outcome(f"{name} for {seen.model}", f"mcuzoo.doctor-image.{seen.model}", (claim,)),
        model=seen.model,
        warnings=seen.notes,
    )


def _outcome(subject: str, group: str, claims: tuple[Claim, ...]) -> Outcome:
    failed = [claim for claim in claims if claim.holds is False]
    judged = any(claim.holds is not None for claim in claims)
    word = "pass" if judged else "not judged"
    return Outcome(
        subject=subject,
        group=group,
        headline=f"the {failed[0].part.value} broke" if failed else word,
        passed=not failed if judged else None,
        claims=claims,
        reasons=tuple(claim.text for claim in failed),
    )
