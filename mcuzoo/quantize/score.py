"""What quantization cost: the float network and the INT8 model on the same images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuzoo.data.dataset import open_data_set
from mcuzoo.evaluate.evaluate import evaluate
from mcuzoo.evaluate.finding import Task
from mcuzoo.evaluate.options import DEFAULT_BOARD
from mcuzoo.evaluate.request import Plan
from mcuzoo.evaluate.result import Evaluation
from mcuzoo.evaluate.subject import make_subject
from mcuzoo.quantize.job import Quantized
from mcuzoo.run.score import Accuracy
from mcuzoo.zoo.registry import ModelSource


@dataclass(frozen=True)
class Scored:
    """`evaluation.scores` are the float network's, those of its comparison the INT8 model's."""

    evaluation: Evaluation

    def as_dict(self) -> dict[str, Any]:
        """As `mcuzoo quantize --json` prints it under `score`."""
        return self.evaluation.as_dict()

    def text(self) -> str:
        """A few lines: accuracy before and after, and whether they differ by more than chance."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        before, compared = self.evaluation.scores, self.evaluation.comparison
        assert compared is not None
        if before is None or compared.scores is None:
            yield f"top-1 differs on {compared.flips} of {self.evaluation.n} images, without labels"
            return
        yield f"top-1      {_change(before.top1, compared.scores.top1)}"
        if before.top5 is not None and compared.scores.top5 is not None:
            yield f"top-5      {_change(before.top5, compared.scores.top5)}"
        if compared.paired is not None:
            chance = "more than chance" if compared.differs else "no more than chance"
            yield f"           {chance} (paired exact test, p = {compared.paired.p_value:.3g})"


def _change(before: Accuracy, after: Accuracy) -> str:
    return f"{before.value:.4f} -> {after.value:.4f} ({after.total} images)"


def score(
    quantized: Quantized, images: Path, limit: int | None = None, split: str | None = None
) -> Scored:
    """Run both models on `limit` images: the float one on LiteRT's reference kernels, the INT8
    one in TFLM's arithmetic.

    Raises as evaluate: DataSetError, ModelError, MissingExtraError.
    """
    recipe, classes = quantized.recipe, quantized.classes
    models = quantized.float_model, quantized.int8_model
    data_set = open_data_set(images, classes, limit, split)
    first, second = (make_subject(model, recipe, None) for model in models)
    plan = Plan(
        task=Task(first, second),
        sources=tuple(ModelSource(model.name, quantized.source, recipe) for model in models),
        classes=classes,
        data_set=data_set,
        jobs=max(1, min(os.cpu_count() or 1, len(data_set.items))),
        board=DEFAULT_BOARD,
        baud=None,
        outputs=None,
    )
    return Scored(evaluate(plan))
