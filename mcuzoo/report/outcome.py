"""What a command has found, as CI systems are told it: claims, and figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcuzoo.report.claims import Claim
from mcuzoo.run.score import Accuracy


@dataclass(frozen=True)
class Measure:
    """A figure of a run. name: with its unit, such as arena_bytes. value: as it was measured; None:
    it is not known. help: one sentence for a reader of metrics."""

    name: str
    value: float | None
    help: str


def arena_measure(size: int | None) -> Measure:
    return Measure("arena_bytes", size, "Size of the tensor arena.")


def flash_measure(size: int | None) -> Measure:
    return Measure("flash_bytes", size, "Flash that the firmware takes.")


def code_measure(size: int | None) -> Measure:
    return Measure("code_bytes", size, "Machine code of the firmware.")


def top1_measure(top1: Accuracy | None) -> Measure:
    return Measure("top1", None if top1 is None else top1.value, "Top-1 accuracy, 0 to 1.")


@dataclass(frozen=True)
class Outcome:
    """One command's findings about one subject.

    subject: such as "signs on rt1050". group: the name that JUnit groups cases by. headline: the
    verdict in a few words. passed: None if there was nothing to judge. facts: more lines for a
    summary, in Markdown. more: the command that shows more. file: that it is about, if it is one of
    the user's. started: ISO 8601, "" if it is not known. board, model: labels of the figures.
    claims: what was shown or not, one by one. reasons: why it did not pass, in sentences; warnings:
    what else to know. seconds: that it took. measures: its figures.
    """

    subject: str
    group: str
    headline: str
    passed: bool | None
    claims: tuple[Claim, ...]
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    more: str = ""
    file: Path | None = None
    started: str = ""
    seconds: float = 0.0
    board: str = ""
    model: str = ""
    measures: tuple[Measure, ...] = ()

    @property
    def failed(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if claim.holds is False)
