"""What judging a compiled file finds: the types that all judgements share."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

Judgement = Literal["exhaustive", "images"]
Kind = Literal["weight", "scale", "address", "wait", "arithmetic", "file"]

VELA_ISSUES = "https://gitlab.arm.com/artificial-intelligence/ethos-u/ethos-u-vela/-/issues"
NXP_ISSUES = "https://github.com/nxp-imx/ethos-u-vela/issues"

TO_VELA = (
    "Compile the model again with the same version of Vela. If the new file has the same SHA-256, "
    f"report both files and this finding to Vela ({VELA_ISSUES}; NXP's fork: {NXP_ISSUES}). If "
    "not, this file was altered after it was compiled: replace it."
)
TO_MCUZOO = (
    "This is nothing that mcuzoo knows of the NPU, and no proof that the file is wrong: report the "
    "file and this finding to mcuzoo."
)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    judgement: exhaustive, which needs no images, or with images. layer: the source model's
    operator, by its index in its file; None if none is concerned. operator: its name, CONV_2D;
    empty if None. kind: what is wrong. where: the place in the compiled file and, of values, which
    of them. expected, found: the values, in words. report_to: what to do, and who is to be told.
    """

    judgement: Judgement
    layer: int | None
    operator: str
    kind: Kind
    where: str
    expected: str
    found: str
    report_to: str = TO_VELA

    @property
    def name(self) -> str:
        """The layer as people call it: 3 CONV_2D."""
        return "" if self.layer is None else f"{self.layer} {self.operator}"


@dataclass(frozen=True)
class Counts:
    """How much was judged.

    operations: of the command stream, that compute or move. weights, scales: values compared with
    the source model's; a channel's bias, multiplier and shift are one scale. addresses: ranges that
    an operation reads or writes. waits: pairs of operations of which one must await the other.
    images: run through the file. unequal: of these, with other outputs than the reference's.
    layers: operators of the source model whose outputs were compared. inside: operators whose
    output is nowhere stored, since Vela computes them together with others. values: compared, over
    all images.
    """

    operations: int = 0
    weights: int = 0
    scales: int = 0
    addresses: int = 0
    waits: int = 0
    images: int = 0
    unequal: int = 0
    layers: int = 0
    inside: int = 0
    values: int = 0

    def __add__(self, other: Counts) -> Counts:
        sums = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
        }
        return Counts(**sums)


@dataclass(frozen=True)
class Judged:
    """What one judgement gives. findings: in the order of the command stream. counts: how much was
    judged. unproven: what could not be, and why, as sentences."""

    findings: tuple[Finding, ...] = ()
    counts: Counts = Counts()
    unproven: tuple[str, ...] = ()

    def __add__(self, other: Judged) -> Judged:
        return Judged(
            self.findings + other.findings,
            self.counts + other.counts,
            self.unproven + other.unproven,
        )
