"""Evaluate a model: from what a user names to its accuracy."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import Protocol

from mcuzoo.errors import InputError
from mcuzoo.evaluate.evaluate import evaluate
from mcuzoo.evaluate.options import EvaluateOptions
from mcuzoo.evaluate.request import make_plan
from mcuzoo.evaluate.result import Evaluation, remember_accuracy
from mcuzoo.run.record import Row


class EvaluationWatcher(Protocol):
    """Is told how an evaluation goes, from the thread that runs it."""

    def say(self, text: str) -> None:
        """A warning, or what takes long."""

    def started(self, images: int) -> None:
        """How many images there are."""

    def image(self, row: Row) -> None:
        """What an image gave."""


class Silent:
    """An EvaluationWatcher that passes nothing on."""

    def say(self, text: str) -> None:
        pass

    def started(self, images: int) -> None:
        pass

    def image(self, row: Row) -> None:
        pass


def evaluate_model(
    model: str | PathLike[str],
    data: str | PathLike[str],
    options: EvaluateOptions = EvaluateOptions(),
    watcher: EvaluationWatcher = Silent(),
) -> Evaluation:
    """Measure a model's accuracy on a data set, and compare it with another engine or model.

    model: a name of the zoo or a file; data: class folders, a CSV (file,label), ImageNet or FER2013
    as published, or signs. For the bounds in options see Evaluation.failures. Raises as make_plan
    and evaluate.
    """
    plan = make_plan(fspath(model), Path(fspath(data)), options)
    for source in plan.sources:
        if source.note:
            watcher.say(source.note)
    for note in dict.fromkeys(plan.notes):
        watcher.say(note)
    if plan.task.first.form.note is not None:
        watcher.say(f"note: {plan.task.first.form.note}")
    for warning in plan.warnings:
        watcher.say(f"warning: {warning}")
    watcher.started(len(plan.data_set.items))
    found = evaluate(plan, watcher.say, watcher.image, resume=options.resume, show=options.show)
    if options.remember:
        try:
            remember_accuracy(found)
        except InputError as error:
            watcher.say(f"warning: the accuracy is not remembered: {error.message} {error.hint}")
    return found
