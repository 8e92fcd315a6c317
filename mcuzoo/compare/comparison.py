"""Trials side by side: who agrees with whom, where they part, what each costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.compare.trial import Answers, Trial
from mcuzoo.run.score import Accuracy, Paired, accuracy, ranks

HOST = "host"


@dataclass(frozen=True)
class LayerAgreement:
    """A trial's outputs against those of `baseline` (a project's name, or the host reference).

    `equal` of `compared` images have byte-equal outputs; `layers` maps the op that ends a kernel to
    the number of images on which its output differs, for the ops that both have.
    """

    baseline: str
    compared: int
    equal: int
    layers: dict[int, int]

    @property
    def first_wrong(self) -> int | None:
        return min((op for op, differing in self.layers.items() if differing), default=None)


@dataclass(frozen=True)
class ProjectResult:
    """One project in the table. `agreement` is None for the baseline itself, or another model."""

    trial: Trial
    top1: Accuracy | None
    top5: Accuracy | None
    agreement: LayerAgreement | None
    paired: Paired | None


@dataclass(frozen=True)
class Comparison:
    """`equal`: no compared output or layer of any project differs."""

    images: int
    columns: tuple[ProjectResult, ...]

    @property
    def equal(self) -> bool:
        return all(
            column.agreement.equal == column.agreement.compared
            and column.agreement.first_wrong is None
            for column in self.columns
            if column.agreement is not None
        )

    @property
    def compared(self) -> bool:
        return any(column.agreement is not None for column in self.columns)

    @property
    def layer_ops(self) -> list[int]:
        """Every op that ends a kernel of any project."""
        return sorted({op for column in self.columns for op in column.trial.names})


def compare_trials(
    trials: Sequence[Trial],
    labels: Sequence[int | None],
    references: Sequence[Answers | None],
) -> Comparison:
    """Join trials on the same images. `labels`: class of each image, None when not known.

    `references`: for each trial what the host gives. Where that is known the trial is compared
    with it, else with the first trial of the same model.
    """
    correct = [_correct(trial, labels) for trial in trials]
    columns = []
    for index, trial in enumerate(trials):
        agreement = _agreement(trial, trials[:index], references[index])
        first, own = correct[0], correct[index]
        paired = _paired(first, own) if index and first is not None and own is not None else None
        rank = _ranks(trial, labels)
        columns.append(
            ProjectResult(
                trial,
                None if rank is None else accuracy(rank, 1),
                None if rank is None or trial.answers.outputs.shape[1] <= 5 else accuracy(rank, 5),
                agreement,
                paired,
            )
        )
    return Comparison(len(labels), tuple(columns))


def _agreement(
    trial: Trial, before: Sequence[Trial], reference: Answers | None
) -> LayerAgreement | None:
    if reference is not None:
        return _against(trial, HOST, reference)
    sha256 = trial.contestant.model.sha256
    for other in before:
        if other.contestant.model.sha256 == sha256:
            return _against(trial, other.contestant.name, other.answers)
    return None


def _against(trial: Trial, baseline: str, answers: Answers) -> LayerAgreement:
    crcs, own_crcs = answers.crcs, trial.answers.crcs
    common = [op for op in own_crcs[0] if op in crcs[0]]
    layers = {
        op: sum(own[op] != theirs[op] for own, theirs in zip(own_crcs, crcs, strict=True))
        for op in common
    }
    equal = (trial.answers.outputs == answers.outputs).all(axis=1)
    return LayerAgreement(baseline, len(crcs), int(equal.sum()), layers)


def _ranks(trial: Trial, labels: Sequence[int | None]) -> NDArray[np.int64] | None:
    known = [index for index, label in enumerate(labels) if label is not None]
    if not known:
        return None
    wanted = np.array([labels[index] for index in known], dtype=np.int64)
    return ranks(trial.answers.outputs[known], wanted)


def _correct(trial: Trial, labels: Sequence[int | None]) -> NDArray[np.bool_] | None:
    rank = _ranks(trial, labels)
    return None if rank is None else rank == 0


def _paired(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Paired:
    return Paired(int((first & ~second).sum()), int((second & ~first).sum()))
