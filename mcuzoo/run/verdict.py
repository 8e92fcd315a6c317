"""The verdict of a run: whether it passed, and if not, what broke.

Kernels of ours, and TFLM's, must give the host's bytes. A delegate (XNNPACK, an NPU) computes by an
arithmetic of its own: its outputs are compared, and judged by flips and accuracy, where bounds say
how many. Bytes of an NPU blame it only where its file is known to give the host's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from mcuzoo.budgets import BudgetResult, Budgets
from mcuzoo.run.label_order import WrongOrder
from mcuzoo.run.record import RunMeta, Status, WrongLayer
from mcuzoo.run.score import Accuracy, Flips


class Broke(str, Enum):
    """The part at fault if a run does not pass, the strongest evidence first. A budget that does
    not hold counts after all of them."""

    FIRMWARE = "firmware"  # it computes something else than the host, from the same input
    COMPILER = "compiler"  # the file that it made for an NPU does not compute the model
    NPU = "npu"  # driver, firmware or silicon: the file is right, and the board's outputs are not
    RIG = "rig"  # images got no answer
    DATA = "data"  # images could not be decoded (--strict), or labels are in another order
    MODEL = "model"  # the accuracy is below --min-top1
    DELEGATE = "delegate"  # its arithmetic changes more answers than --max-flips allows


_EXIT_CODES = {Broke.DATA: 2, Broke.RIG: 3}
_FAILED = 1
_FAULT_EXIT_CODE = 4  # the firmware gave no answer at all, which no accuracy can be told from


@dataclass(frozen=True)
class Verdict:
    """broke: None if the run passed. reasons: why it did not pass. warnings: what else to know.
    exit_code: of the command. budget: the name of the one that alone made it negative. judged:
    False if outputs of a delegate were compared at most, as no bound was given that judges them."""

    broke: Broke | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    exit_code: int = 0
    budget: str | None = None
    judged: bool = True

    @property
    def passed(self) -> bool | None:
        """None if nothing broke and nothing was judged."""
        if self.broke is not None:
            return False
        return True if self.judged else None

    @property
    def text(self) -> str:
        """In a few words: "pass", "FAIL: firmware", "compared, not judged"."""
        if self.broke is not None:
            return f"FAIL: {self.broke.value}"
        return "pass" if self.judged else NOT_JUDGED


NOT_JUDGED = "compared, not judged"


@dataclass(frozen=True)
class Unlike:
    """Outputs that are not the host's. exact: of kernels that must give its bytes; foreign: of
    delegates. compared: all that were. flips: of all images; None where the host's answers are not
    known."""

    exact: int = 0
    foreign: int = 0
    compared: int = 0
    flips: Flips | None = None


def verdict_of(
    counts: Mapping[Status, int],
    unlike: Unlike,
    top1: Accuracy | None,
    asked: Budgets,
    strict: bool,
    wrong_layer: WrongLayer | None = None,
    order: WrongOrder | None = None,
) -> Verdict:
    """Judge a run by its counts of images, outputs unlike the reference, and accuracy.

    asked: of its budgets, those of accuracy and of outputs unlike the reference count here.
    wrong_layer: the result of the profile of a wrong output. order: that of the labels, if it is
    not the classes'. If several parts broke, the first in the order of `Broke` is named: an
    accuracy says nothing about the model if the firmware computes wrong outputs, images are missing
    or labels mean other classes.
    """
    bound = None if order is not None else asked.min_top1
    unequal = unlike.exact
    allowed = unequal if unequal <= (asked.max_mismatches or 0) else 0
    findings = list(_findings(counts, unequal - allowed, top1, bound, strict, wrong_layer))
    if order is not None:
        findings.append((Broke.DATA, f"{order.message} {order.advice}"))
    warnings = []
    if counts[Status.BAD_IMAGE] and not strict:
        warnings.append(_bad_images(counts))
    if allowed:
        limit = f"{asked.max_mismatches:,} are let pass (max_mismatches)"
        warnings.append(f"Outputs unlike the host reference's: {allowed:,}; {limit}.")
    blamed = blame_of_npu(unlike, wrong_layer, asked)
    if blamed is not None and blamed.let_pass:
        warnings.append(f"{blamed.text} Their answers are let pass (max_flips).")
    elif blamed is not None:
        findings.append((blamed.part, blamed.text))
    elif unlike.foreign and wrong_layer is not None and wrong_layer.part is None:
        warnings.append(f"On {wrong_layer.file}, {wrong_layer.verdict}.")
    broke = min((blame for blame, _ in findings), key=list(Broke).index, default=None)
    reasons = tuple(reason for _, reason in findings)
    if broke is None:
        return Verdict(None, reasons, tuple(warnings))
    faulted = broke is Broke.FIRMWARE and counts[Status.FAULT] > 0
    code = _FAULT_EXIT_CODE if faulted else _EXIT_CODES.get(broke, _FAILED)
    return Verdict(broke, reasons, tuple(warnings), code)


def _findings(
    counts: Mapping[Status, int],
    unequal: int,
    top1: Accuracy | None,
    min_top1: float | None,
    strict: bool,
    wrong_layer: WrongLayer | None,
) -> Iterator[tuple[Broke, str]]:
    if unequal:
        known = wrong_layer is not None and wrong_layer.part == Broke.FIRMWARE
        where = f" On {wrong_layer.file}, {wrong_layer.verdict}." if wrong_layer and known else ""
        yield Broke.FIRMWARE, f"Outputs unlike the host reference's: {unequal}.{where}"
    if counts[Status.FAULT]:
        yield Broke.FIRMWARE, f"Images on which the firmware failed: {counts[Status.FAULT]}."
    if counts[Status.LOST]:
        yield Broke.RIG, f"Images without an answer from the board: {counts[Status.LOST]}."
    if counts[Status.PENDING]:
        yield Broke.RIG, f"Images that have not been run yet: {counts[Status.PENDING]}."
    if counts[Status.BAD_IMAGE] and strict:
        yield Broke.DATA, _bad_images(counts)
    if min_top1 is not None and (top1 is None or top1.value < min_top1):
        measured = "not known" if top1 is None else f"{top1.value:.4f}"
        yield Broke.MODEL, f"Top-1 is {measured}, less than the {min_top1:.4f} asked for."


@dataclass(frozen=True)
class Blame:
    """What outputs of an NPU prove that are not the host's. part: at fault. text: a sentence or
    two. let_pass: flips are bounded, and there are no more: then it is a warning."""

    part: Broke
    text: str
    let_pass: bool


def blame_of_npu(unlike: Unlike, wrong: WrongLayer | None, asked: Budgets) -> Blame | None:
    """None if they prove nothing, as where no file for it can be interpreted."""
    if not unlike.foreign or wrong is None or wrong.part not in (Broke.NPU, Broke.COMPILER):
        return None
    flips, bound = unlike.flips, asked.max_flips
    let_pass = flips is not None and bound is not None and flips.within(bound)
    text = f"Outputs of the NPU unlike the host reference's: {unlike.foreign:,}."
    return Blame(Broke(wrong.part), f"{text} On {wrong.file}, {wrong.verdict}.", let_pass)


def _bad_images(counts: Mapping[Status, int]) -> str:
    return f"Images that could not be decoded, not counted: {counts[Status.BAD_IMAGE]}."


_BY_THE_VERDICT = ("min_top1", "max_mismatches")
"""Budgets that `verdict_of` has judged already: they tell what else says nothing."""
_OF_ANSWERS = ("min_top1", "max_mismatches", "max_flips")
"""Budgets that judge the outputs of a delegate."""


def with_budgets(
    verdict: Verdict, results: Sequence[BudgetResult], meta: RunMeta, unlike: Unlike
) -> Verdict:
    """Let the budgets of a run count in its verdict: weaker than all else, and always as a verdict
    that failed, also where it is the rig's. Where outputs of a delegate are not the host's bytes
    and no budget judges its answers, the run is not judged."""
    # An accuracy that says nothing is no news: then something else is broken.
    told = [one for one in results if one.name != "min_top1" or one.holds is not None]
    unknown = [one for one in told if one.holds is None and not one.fails]
    failed = [
        one for one in told if one.fails and (one.holds is None or one.name not in _BY_THE_VERDICT)
    ]
    verdict = replace(verdict, warnings=(*verdict.warnings, *(one.text for one in unknown)))
    if failed:
        verdict = replace(verdict, reasons=(*verdict.reasons, *(one.text for one in failed)))
        if verdict.broke is None:
            part = Broke(failed[0].part)
            verdict = replace(verdict, broke=part, exit_code=_FAILED, budget=failed[0].name)
    judges = any(one.name in _OF_ANSWERS and one.holds is not None for one in results)
    equal = unlike.compared and not unlike.exact + unlike.foreign
    if not meta.delegates or judges or equal or verdict.broke is not None:
        return verdict
    if meta.settings.strict_budgets:
        reasons = (*verdict.reasons, _unjudged(meta))
        return replace(verdict, broke=Broke.DELEGATE, exit_code=_FAILED, reasons=reasons)
    return replace(verdict, judged=False, warnings=(*verdict.warnings, _unjudged(meta)))


def _unjudged(meta: RunMeta) -> str:
    names = " and ".join(meta.delegates)
    return (
        f"{names} computes by another arithmetic than the host, so unequal bytes are no failure; "
        "nothing else was asked for: --max-flips and --min-top1 judge its answers."
    )


def with_boards(verdict: Verdict, findings: tuple[str, ...], warnings: tuple[str, ...]) -> Verdict:
    """The verdict of a run on several boards. findings: results of boards that are wrong."""
    known = replace(
        verdict,
        reasons=(*verdict.reasons, *findings),
        warnings=(*verdict.warnings, *warnings),
    )
    if not findings or verdict.broke is Broke.FIRMWARE:
        return known
    return replace(known, broke=Broke.FIRMWARE, exit_code=_FAILED)
