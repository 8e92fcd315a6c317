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
from mcuzoo.run.record import Row, Status
from mcuzoo.run.score import Answer, answer, difference


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


def find(task: Task, engines: Sequence[Runs], item: Item) -> Row:
    """Run one image. Raises ModelError when an engine gives scores that are no numbers."""
    first = _prepared(task.first, item)
    if isinstance(first, Unusable):
        return _bad(item, first.reason)
    output = _scores(task.first, engines[0], first)
    found = _answer(task.first, output, item)
    row = Row(
        item.index,
        item.file,
        item.label,
        first.sha256,
        Status.DONE,
        output=output if task.keep_outputs else None,
        top1=found.top1,
        score=found.score,
        rank=found.rank,
    )
    if task.second is None:
        return row
    same = _recipe(task.first) == _recipe(task.second)
    second = first if same else _prepared(task.second, item)
    if isinstance(second, Unusable):
        return _bad(item, second.reason)
    other = _scores(task.second, engines[1], second)
    comparable = task.comparable and output.dtype == other.dtype == np.int8
    return replace(
        row,
        second=_answer(task.second, other, item),
        reference_difference=difference(output, other) if comparable else None,
    )


def _bad(item: Item, reason: str) -> Row:
    return Row(item.index, item.file, item.label, item.sha256, Status.BAD_IMAGE, error=reason)


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
    return answer(output, item.label, subject.output_scale, subject.output_zero_point)
