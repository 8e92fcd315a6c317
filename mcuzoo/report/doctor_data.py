"""What doctor-data found: as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import Any

from mcuzoo import __version__
from mcuzoo.doctor_data.diagnosis import Claim, DataDiagnosis, NamedOutput
from mcuzoo.doctor_data.findings import Finding, Part, Verdict
from mcuzoo.doctor_data.options import DoctorDataOptions
from mcuzoo.errors import command
from mcuzoo.project.recipe import recipe_document, recipe_text
from mcuzoo.report.figures import clipped, source_text

_STEM = 14
_LISTED = 32
_BAD_LISTED = 10
_TURNED = {
    0: "as they are",
    1: "turned by 90 degrees counterclockwise",
    2: "turned upside down",
    3: "turned by 90 degrees clockwise",
}
_RANGES = {"raw": "raw (0 to 255)", "unit": "unit (0 to 1)", "tf": "tf (-1 to 1)"}


def diagnosis_text(found: DataDiagnosis, width: int = 80) -> str:
    """Model, recipe and pictures; then a paragraph for each part, the gravest first."""
    lines = [
        *_row("model", f"{found.model} ({found.sha256[:12]}) on {found.engine}", width),
        *_row("recipe", f"{recipe_text(found.recipe)} ({source_text(found.recipe_source)})", width),
        *_row("pictures", _pictures(found), width),
        *_row("labels", found.data.mapping, width),
        *_row("as declared", f"{found.correct} of {found.n} right", width),
        *_row("input", _input(found), width),
    ]
    for warning in found.warnings:
        lines += _row("warning", warning, width)
    lines.append("")
    for claim in sorted(found.claims, key=_gravity):
        lines += _row(_heading(claim.finding), sentence(claim), width)
        if claim.finding.part is Part.LABEL_ORDER and found.outputs:
            lines += _outputs(found.outputs, width)
    return "\n".join(lines) + "\n"


def next_line(
    found: DataDiagnosis,
    asked: tuple[str, Path],
    options: DoctorDataOptions,
    saved: Path | None = None,
) -> str:
    """The command to type next, after an empty line: with what mends all that is contradicted, or
    an evaluation. asked: model and data, as they were typed. saved: where the labels were written.
    """
    model, data = asked
    words: list[str] = ["mcuzoo", "doctor-data" if found.fails else "evaluate", model]
    words += ["--data", str(data), *found.mend]
    if options.split is not None:
        words += ["--split", options.split]
    if found.fails and options.limit is not None:
        words += ["--limit", str(options.limit)]
    labels = options.labels
    if found.whole_order:
        if saved is None:
            words += ["--save-labels", "labels.txt"]
        else:
            labels = saved
    if labels is not None:
        words += ["--labels", str(labels)]
    return f"\nnext: {command(*words)}\n"


def bad_lines(found: DataDiagnosis) -> Iterator[str]:
    """A message about pictures that could not be read."""
    for file, why in found.bad[:_BAD_LISTED]:
        yield f"unusable: {file}: {why}"
    if len(found.bad) > _BAD_LISTED:
        yield f"and {len(found.bad) - _BAD_LISTED} more; --json lists them all"


def _pictures(found: DataDiagnosis) -> str:
    text = f"{found.n} of {found.data.source}, for {found.classes} classes"
    return text + (f"; {found.turned} turned by EXIF" if found.turned else "")


def _input(found: DataDiagnosis) -> str:
    it = found.input
    text = f"{it.low:.4g} to {it.high:.4g} (scale {it.scale:.6g}, zero point {it.zero_point}): " + (
        f"that of {_any_of(it.usual)}" if it.usual else "that of no usual normalization"
    )
    return text + (f"; {it.clipped:.1%} of the values clipped" if it.clipped else "")


def _gravity(claim: Claim) -> int:
    finding = claim.finding
    if finding.verdict is Verdict.CONTRADICTED:
        return 0 if finding.part.grave else 2
    return 1 if finding.verdict is Verdict.AGREES else 3


def _heading(finding: Finding) -> str:
    if finding.verdict is Verdict.CONTRADICTED and not finding.part.grave:
        return "note"
    return finding.verdict.value


def sentence(claim: Claim) -> str:
    """The finding in words, with z and n where pictures were asked."""
    finding = claim.finding
    part, declared = finding.part, _choice(finding.part, finding.declared)
    if finding.verdict is Verdict.CONTRADICTED:
        better = _any_of(tuple(_choice(part, one) for one in finding.better))
        if part is Part.LABEL_ORDER:
            text = f"{part.value}: the labels fit better in {better}"
        else:
            text = f"{part.value}: not {declared}; {better} fits better"
        if not part.grave:
            text = f"{part.value}: {better} fits better than {declared}"
    elif finding.verdict is Verdict.AGREES:
        text = f"{part.value}: {declared}"
    else:
        text = f"{part.value}: {declared}, or not: your pictures cannot tell"
    text += _figures(finding)
    if finding.verdict is Verdict.CONTRADICTED and not part.grave and part in _LIKED:
        text += ". Networks often like another one better than the one they were trained with"
    if finding.why:
        text += f". {finding.why.rstrip('.')}"
    if claim.flags:
        text += f". {' '.join(claim.flags)}"
    return text


_LIKED = (Part.FIT, Part.RESIZE)


def _figures(finding: Finding) -> str:
    if finding.z is None:
        return ""
    z = abs(finding.z) if finding.verdict is Verdict.AGREES else finding.z
    return f" (z {z:.1f}, n {finding.n})"


def _choice(part: Part, value: object) -> str:
    if part is Part.ORIENTATION:
        return _TURNED[int(str(value))]
    if part is Part.EXIF:
        return "EXIF's orientation applied" if value else "EXIF's orientation ignored"
    if part is Part.NORMALIZATION:
        return _RANGES.get(str(value), str(value))
    return str(value)


def _any_of(names: tuple[str, ...]) -> str:
    named = [_RANGES.get(name, name) for name in names]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def _outputs(outputs: tuple[NamedOutput, ...], width: int) -> Iterator[str]:
    """What each output shows, and which outputs are not told apart."""
    sure = [one for one in outputs if one.sure]
    shown = ", ".join(f"{one.output} {clipped(one.name, 30)}" for one in sure[:_LISTED])
    left = f", and {len(sure) - _LISTED} more: --json" if len(sure) > _LISTED else ""
    yield from _row("", f"outputs show: {shown}{left}", width)
    unsure = [clipped(one.name, 30) for one in outputs if not one.sure]
    if unsure:
        yield from _row("", f"cannot tell the outputs of: {', '.join(unsure[:_LISTED])}", width)


def _row(heading: str, text: str, width: int) -> list[str]:
    return wrap(
        text,
        max(width, 40),
        initial_indent=f"{heading:<{_STEM}}",
        subsequent_indent=" " * _STEM,
        break_on_hyphens=False,
        break_long_words=False,
    )


def diagnosis_document(found: DataDiagnosis) -> dict[str, Any]:
    """The document that `mcuzoo doctor-data --json` prints. What was not asked is null."""
    return {
        "tool_version": __version__,
        "model": {"name": found.model, "sha256": found.sha256, "engine": found.engine},
        "data": {
            "source": str(found.data.source),
            "format": found.data.format,
            "split": found.data.split,
            "labels": found.data.mapping or None,
            "n": found.n,
            "turned_by_exif": found.turned,
            "bad": [{"file": file, "error": why} for file, why in found.bad],
        },
        "recipe": recipe_document(found.recipe),
        "recipe_source": found.recipe_source,
        "correct_as_declared": found.correct,
        "input": asdict(found.input),
        "findings": [_finding_document(claim) for claim in found.claims],
        "outputs": [asdict(one) for one in found.outputs],
        "mend": list(found.mend),
        "warnings": list(found.warnings),
        "fails": found.fails,
    }


def _finding_document(claim: Claim) -> dict[str, Any]:
    finding = claim.finding
    return {
        "part": finding.part.value,
        "verdict": finding.verdict.value,
        "grave": finding.part.grave,
        "declared": _choice(finding.part, finding.declared),
        "better": [_choice(finding.part, one) for one in finding.better],
        "z": finding.z,
        "gain": finding.gain,
        "n": finding.n,
        "why": finding.why or None,
        "flags": list(claim.flags),
    }
