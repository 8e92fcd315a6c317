"""What one image says about one model, or about two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.item import Item
from mcuzoo.errors import ModelError
from mcuzoo.evaluate.subject import Runs, Subject
from mcuzoo.run.feed import Prepared, Unusable, prepare
from mcuzoo.run.score import ranks, top1


@dataclass(frozen=True)
class Answer:
    """top1: the class, of equal scores the lowest; rank: how many classes come before the label's
    own, None without a label; score: that of top1, dequantized."""

    top1: int
    rank: int | None
    score: float


@dataclass(frozen=True)
class Finding:
    """`error` says why there is no answer. distance: the largest difference of the two outputs in
    steps of int8, None where they are not of one scale; output: raw scores, if they are kept."""

    item: Item
    error: str | None = None
    first: Answer | None = None
    second: Answer | None = None
    distance: int | None = None
    output: NDArray[Any] | None = None


@dataclass(frozen=True)
class Task:
    """What to do with each image: run it on one subject or on two. Picklable."""

    first: Subject
    second: Subject | None = None
    keep_outputs: bool = False

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def comparable(self) -> bool:
        """Whether the two outputs are of one scale: those of one model are."""
        return self.second is not None and self.first.model.sha256 == self.second.model.sha256


def find(task: Task, engines: Sequence[Runs], item: Item) -> Finding:
    """Run one image. Raises ModelError when an engine gives scores that are no numbers."""
    first = _prepared(task.first, item)
    if isinstance(first, Unusable):
        return Finding(item, error=first.reason)
    output = _scores(task.first, engines[0], first)
    known = replace(item, sha256=first.sha256)
    finding = Finding(known, first=_answer(task.first, output, item), output=output)
    if task.second is not None:
        same = _recipe(task.first) == _recipe(task.second)
        second = first if same else _prepared(task.second, item)
        if isinstance(second, Unusable):
            return Finding(item, error=second.reason)
        other = _scores(task.second, engines[1], second)
        finding = replace(finding, second=_answer(task.second, other, item))
        if task.comparable and output.dtype == other.dtype == np.int8:
            steps = np.abs(output.astype(np.int16) - other)
            finding = replace(finding, distance=int(steps.max()))
    return finding if task.keep_outputs else replace(finding, output=None)


def _prepared(subject: Subject, item: Item) -> Prepared | Unusable:
    return prepare(item, subject.recipe, subject.shape, None)


def _recipe(subject: Subject) -> tuple[object, ...]:
    recipe = subject.recipe
    return subject.shape, recipe.color, recipe.crop, recipe.resize, recipe.pixel_offset


def _scores(subject: Subject, engine: Runs, prepared: Prepared) -> NDArray[Any]:
    output = engine.run(prepared.tensor).reshape(-1)
    if output.dtype.kind == "f" and not np.isfinite(output).all():
        raise ModelError(
            f"{subject.model.name} on {subject.engine} gives scores that are no numbers for "
            f"{prepared.item.file}.",
            "Convert or quantize the model again.",
        )
    return output


def _answer(subject: Subject, output: NDArray[Any], item: Item) -> Answer:
    best = top1(output)
    score = subject.output_scale * (float(output[best]) - subject.output_zero_point)
    if item.label is None:
        return Answer(best, None, score)
    rank = ranks(output[np.newaxis], np.array([item.label]))
    return Answer(best, int(rank[0]), score)
