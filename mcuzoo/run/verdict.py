"""The verdict of a run: did it pass, and if not, what broke: model, data, rig or firmware."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from mcuzoo.link.stack_use import StackUse
from mcuzoo.run.record import Status, WrongLayer
from mcuzoo.run.score import Accuracy


class Broke(str, Enum):
    """What is to blame when a run does not pass, the most telling first."""

    FIRMWARE = "firmware"  # it computes something else than the host, from the same input
    RIG = "rig"  # images got no answer
    DATA = "data"  # images could not be decoded, and --strict was given
    MODEL = "model"  # the accuracy is below --min-top1


_EXIT_CODES = {Broke.FIRMWARE: 1, Broke.MODEL: 1, Broke.DATA: 2, Broke.RIG: 3}
_FAULT_EXIT_CODE = 4  # the firmware gave no answer at all, which no accuracy can be told from


@dataclass(frozen=True)
class Verdict:
    """`broke` is None when the run passed; `reasons` say why not, `warnings` what else to know."""

    broke: Broke | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    exit_code: int = 0

    @property
    def passed(self) -> bool:
        return self.broke is None


def judge(
    counts: Mapping[Status, int],
    unequal: int,
    top1: Accuracy | None,
    min_top1: float | None,
    strict: bool,
    wrong_layer: WrongLayer | None = None,
    stack: StackUse | None = None,
) -> Verdict:
    """Judge a run by its counts of images, outputs unlike the reference, and accuracy.

    `wrong_layer` is what a profile found of an output unlike the reference's; `stack`: a warning
    where it was nearly used up.
    Where several things broke, the first in the order of `Broke` is blamed: an accuracy says
    nothing about the model when the firmware computes something else, or images are missing.
    """
    findings = list(_findings(counts, unequal, top1, min_top1, strict, wrong_layer))
    warnings = []
    if counts[Status.BAD_IMAGE] and not strict:
        warnings.append(_bad_images(counts))
    if stack is not None and stack.warning is not None:
        warnings.append(stack.warning)
    broke = min((blame for blame, _ in findings), key=list(Broke).index, default=None)
    reasons = tuple(reason for _, reason in findings)
    if broke is None:
        return Verdict(None, reasons, tuple(warnings))
    faulted = broke is Broke.FIRMWARE and counts[Status.FAULT] > 0
    code = _FAULT_EXIT_CODE if faulted else _EXIT_CODES[broke]
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
        where = f" On {wrong_layer.file}, {wrong_layer.verdict}." if wrong_layer else ""
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


def _bad_images(counts: Mapping[Status, int]) -> str:
    return f"Images that could not be decoded, not counted: {counts[Status.BAD_IMAGE]}."
