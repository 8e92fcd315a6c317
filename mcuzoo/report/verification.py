"""A verification as text, for JSON, and as claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from mcuzoo.npu.findings import Finding
from mcuzoo.npu.verify import Verification
from mcuzoo.prose import wrapped
from mcuzoo.quoting import printable
from mcuzoo.report.claims import Claim
from mcuzoo.report.outcome import Measure, Outcome
from mcuzoo.run.verdict import Broke

_SHOWN = 12
PROVES = (
    "It proves that the file computes what TFLM computes, under the arithmetic that docs/npu.md "
    "states. It does not prove the chip, its driver or a delegate."
)
_KINDS = {
    "weight": "every weight is the source model's",
    "scale": "every bias, multiplier and shift is the source model's",
    "address": "every address is inside its region and written before it is read",
    "wait": "every dependency is covered by a wait or by the order of blocks",
    "file": "driver and NPU take the file",
}


def verification_text(found: Verification, columns: int) -> str:
    """What was judged and found; ends with a newline."""
    return wrapped((printable(line) for line in _lines(found)), columns)


def _lines(found: Verification) -> Iterator[str]:
    yield f"{found.source} and {found.file}, for {found.accelerator or 'an unknown NPU'}"
    yield ""
    yield from (f"  {text}" for text in judged_texts(found))
    for finding in found.findings[:_SHOWN]:
        yield ""
        yield from finding_lines(finding)
    if len(found.findings) > _SHOWN:
        yield ""
        yield f"and {len(found.findings) - _SHOWN} more; --json has all of them"
    if found.unproven:
        yield ""
        yield "Not judged:"
        yield from (f"  {text}" for text in found.unproven[:_SHOWN])
        if len(found.unproven) > _SHOWN:
            yield f"  and {len(found.unproven) - _SHOWN} more; --json has all of them"
    yield ""
    yield verdict(found)
    if found.passed:
        yield PROVES
        yield f"Rules of it that are in no public source: {'; '.join(found.fitted)}."


def judged_texts(found: Verification) -> Iterator[str]:
    """How much was judged, a line per judgement."""
    counts = found.counts
    yield (
        f"{counts.operations:,} operations: {counts.weights:,} weights, {counts.scales:,} biases "
        f"and scales, {counts.addresses:,} address ranges, {counts.waits:,} dependencies"
    )
    if counts.images:
        wrong = any(one.judgement == "images" for one in found.findings)
        why = "were not found right" if wrong else "are computed inside of others"
        fused = f", {counts.inside} {why}" if counts.inside else ""
        yield (
            f"{counts.images:,} images: {counts.images - counts.unequal:,} with the outputs of the "
            f"reference, {counts.layers} operators compared{fused}, {counts.values:,} values"
        )
    else:
        yield "no images: --images DIR runs them through the file"


def finding_lines(finding: Finding) -> Iterator[str]:
    layer = f", layer {finding.name}" if finding.layer is not None else ""
    yield f"{finding.kind}{layer}: {finding.where}"
    yield f"  expected {finding.expected}, found {finding.found}"


def verdict(found: Verification) -> str:
    """One sentence, and what to do."""
    first = found.first
    if first is None:
        return "PASS: the file is the source model."
    layer = f"layer {first.name}" if first.layer is not None else "the file itself"
    return f"FAIL: first wrong is {layer} ({first.kind}). {first.report_to}"


def verification_document(found: Verification) -> dict[str, Any]:
    first = found.first
    return {
        **asdict(found),
        "passed": found.passed,
        "first": None if first is None else asdict(first),
        "proves": PROVES,
    }


def verification_outcome(found: Verification) -> Outcome:
    """For CI systems: a claim per kind of judgement."""
    claims = tuple(_claims(found))
    subject = f"{found.source} compiled for {found.accelerator}"
    return Outcome(
        subject=subject,
        group=f"mcuzoo.verify.{found.source}",
        headline="pass" if found.passed else "the compiled file is wrong",
        passed=found.passed,
        claims=claims,
        reasons=() if found.passed else (verdict(found),),
        warnings=found.unproven,
        board=found.accelerator,
        model=found.source,
        measures=(
            Measure("weights", found.counts.weights, "Weights compared with the source model's."),
            Measure("images", found.counts.images, "Images that were run through the file."),
        ),
    )


def _claims(found: Verification) -> Iterator[Claim]:
    counts = found.counts
    for kind, text in _KINDS.items():
        yield _claim(found, kind, f"{text[0].upper()}{text[1:]}.")
    if not counts.images:
        yield Claim("arithmetic", Broke.COMPILER, None, "No images were run through the file.")
        return
    yield _claim(
        found,
        "arithmetic",
        f"{counts.images - counts.unequal:,} of {counts.images:,} images have the outputs of the "
        "reference.",
    )


def _claim(found: Verification, kind: str, text: str) -> Claim:
    against = [one for one in found.findings if one.kind == kind]
    if not against:
        return Claim(kind, Broke.COMPILER, True, text)
    details = tuple(" ".join(line.strip() for line in finding_lines(one)) for one in against)
    return Claim(kind, Broke.COMPILER, False, details[0], details[1:_SHOWN])
