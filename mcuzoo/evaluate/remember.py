"""Put measured accuracies where `mcuzoo models` finds them."""

from __future__ import annotations

from mcuzoo.evaluate.result import DataFacts, Evaluation, ModelFacts
from mcuzoo.evaluate.subject import XNNPACK
from mcuzoo.run.score import Scores
from mcuzoo.zoo.measured import record

DIGEST_DIGITS = 12


def remember_accuracy(found: Evaluation) -> None:
    """Record top-1 and top-5 of the model, and of another model that it was compared with.

    Nothing is recorded without labels, nor of XNNPACK, whose answers are no board's. Raises
    InputError when the store cannot be written.
    """
    _remember(found.model, found.scores, found.data)
    other = found.against
    if other is not None and found.comparison is not None and other.sha256 != found.model.sha256:
        _remember(other, found.comparison.scores, found.data)


def data_set_name(data: DataFacts) -> str:
    """Name, split and the beginning of the digest over what was run."""
    split = f" {data.split}" if data.split else ""
    return f"{data.name}{split} {data.digest[:DIGEST_DIGITS]}"


def _remember(model: ModelFacts, scores: Scores | None, data: DataFacts) -> None:
    if scores is None or model.engine == XNNPACK:
        return
    for metric, accuracy in (("top1", scores.top1), ("top5", scores.top5)):
        if accuracy is not None:
            record(
                model.sha256,
                metric,
                accuracy.value,
                accuracy.total,
                data_set_name(data),
                model.board or model.engine,
            )
