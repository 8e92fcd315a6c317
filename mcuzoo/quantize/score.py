"""What quantization cost: the float network and the INT8 model on the same images."""

from __future__ import annotations

import os
from pathlib import Path

from mcuzoo.data.dataset import open_data_set
from mcuzoo.evaluate.engines import make_subject
from mcuzoo.evaluate.evaluate import evaluate
from mcuzoo.evaluate.request import DEFAULT_BOARD, Plan
from mcuzoo.evaluate.result import Evaluation
from mcuzoo.evaluate.worker import Task
from mcuzoo.quantize.job import Quantized
from mcuzoo.zoo.registry import ModelSource


def score(
    quantized: Quantized, images: Path, limit: int | None = None, split: str | None = None
) -> Evaluation:
    """Run both models on `limit` images: the float one on LiteRT's reference kernels, the INT8
    one in TFLM's arithmetic.

    `scores` of the result are the float network's, those of its comparison the INT8 model's.
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
    return evaluate(plan)
