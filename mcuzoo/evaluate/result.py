"""An evaluation in figures, and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from mcuzoo.project.manifest import Preprocessing
from mcuzoo.run.paired import Paired
from mcuzoo.run.predictions import Shown
from mcuzoo.run.score import Accuracy

SCHEMA = 1
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Scores:
    """Categorical accuracy. top5 is None where there are five classes or fewer."""

    top1: Accuracy
    top5: Accuracy | None


@dataclass(frozen=True)
class ClassResult:
    label: int
    name: str | None
    top1: Accuracy


@dataclass(frozen=True)
class BadImage:
    """An image that could not be run; `index` is its place in the data set."""

    index: int
    file: str
    error: str


@dataclass(frozen=True)
class Agreement:
    """Outputs of one model on two engines: how many were byte-equal, and the largest difference
    in steps of int8."""

    compared: int
    equal: int
    max_distance: int


@dataclass(frozen=True)
class Comparison:
    """A second engine or model on the same images.

    flips: images with another top-1, ties going to the lowest index; agreement: None for two
    models; scores and paired: None without labels.
    """

    flips: int
    agreement: Agreement | None
    scores: Scores | None
    paired: Paired | None

    @property
    def differs(self) -> bool:
        """Whether the two differ in accuracy beyond what chance explains at 5 %."""
        return self.paired is not None and self.paired.p_value < SIGNIFICANT


@dataclass(frozen=True)
class ModelFacts:
    """`kind`: "int8", "uint8" or "float32"; `engine`: what ran it, and `board` where it is one."""

    name: str
    sha256: str
    kind: str
    engine: str
    board: str | None = None


@dataclass(frozen=True)
class DataFacts:
    """What was run. `digest`: SHA-256 over index, name, label and content of every image."""

    source: str
    format: str
    split: str | None
    name: str
    digest: str


@dataclass(frozen=True)
class Evaluation:
    """images: how many there were; n: how many were run; images_per_s: of the whole way, from file
    to scores, once every engine was ready; per_class and confusion are empty without labels."""

    tool_version: str
    model: ModelFacts
    data: DataFacts
    preprocessing: Preprocessing
    images: int
    n: int
    scores: Scores | None
    per_class: tuple[ClassResult, ...]
    confusion: tuple[tuple[int, int, int], ...]
    bad: tuple[BadImage, ...]
    jobs: int
    seconds: float
    class_names: tuple[str, ...] | None = None
    shown: Shown = field(default_factory=Shown)
    against: ModelFacts | None = None
    comparison: Comparison | None = None

    @property
    def complete(self) -> bool:
        """Whether every image was run or named as bad."""
        return self.n + len(self.bad) == self.images

    @property
    def images_per_s(self) -> float:
        return self.n / self.seconds if self.seconds else 0.0

    def failures(self, min_top1: float | None, require_equal: bool, strict: bool) -> list[str]:
        """Why the evaluation does not pass; empty when it does."""
        reasons = []
        if min_top1 is not None:
            if self.scores is None:
                reasons.append("the images are not labelled, so there is no top-1")
            elif self.scores.top1.value < min_top1:
                reasons.append(f"top-1 {self.scores.top1.value:.4f} is below {min_top1}")
        agreement = None if self.comparison is None else self.comparison.agreement
        if require_equal and (agreement is None or agreement.equal < agreement.compared):
            equal = 0 if agreement is None else agreement.equal
            reasons.append(f"only {equal} of {self.n} outputs are byte-equal")
        if strict and self.bad:
            reasons.append(f"{len(self.bad)} images are unusable, the first is {self.bad[0].file}")
        return reasons

    def as_dict(self) -> dict[str, Any]:
        """As `mcuzoo evaluate --json` prints it. What was not measured is null."""
        scores = self.scores
        return {
            "schema": SCHEMA,
            "tool_version": self.tool_version,
            "model": asdict(self.model),
            "engine": self.model.engine,
            "data": asdict(self.data),
            "preprocessing": asdict(self.preprocessing),
            "complete": self.complete,
            "images": self.images,
            "n": self.n,
            "labelled": 0 if scores is None else scores.top1.total,
            "top1": None if scores is None else scores.top1.value,
            "top5": None if scores is None or scores.top5 is None else scores.top5.value,
            "accuracy": _scores(scores),
            "per_class": [
                {"label": one.label, "name": one.name, **_accuracy(one.top1)}
                for one in self.per_class
            ],
            "confusion": [list(triple) for triple in self.confusion],
            **self.shown.as_dict(),
            "bad": [asdict(one) for one in self.bad],
            "jobs": self.jobs,
            "seconds": self.seconds,
            "images_per_s": self.images_per_s,
            "against": self._against(),
        }

    def _against(self) -> dict[str, Any] | None:
        if self.against is None or self.comparison is None:
            return None
        found = self.comparison
        paired = found.paired
        return {
            "model": asdict(self.against),
            "engine": self.against.engine,
            "flips": found.flips,
            "agreement": None if found.agreement is None else asdict(found.agreement),
            "accuracy": _scores(found.scores),
            "paired": None if paired is None else {**asdict(paired), "p_value": paired.p_value},
            "differs": found.differs,
        }


def _scores(scores: Scores | None) -> dict[str, Any] | None:
    if scores is None:
        return None
    return {
        "top1": _accuracy(scores.top1),
        "top5": None if scores.top5 is None else _accuracy(scores.top5),
    }


def _accuracy(accuracy: Accuracy) -> dict[str, Any]:
    low, high = accuracy.interval
    return {
        "correct": accuracy.correct,
        "total": accuracy.total,
        "value": accuracy.value,
        "low95": low,
        "high95": high,
    }
