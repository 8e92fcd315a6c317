"""An evaluation in figures."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcuzoo.project.manifest import Preprocessing
from mcuzoo.run.score import ClassScore, Scores, Versus
from mcuzoo.run.tally import Shown


@dataclass(frozen=True)
class BadImage:
    """An image that could not be run; `index` is its place in the data set."""

    index: int
    file: str
    error: str


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
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, int, int], ...]
    bad: tuple[BadImage, ...]
    jobs: int
    seconds: float
    class_names: tuple[str, ...] | None = None
    shown: Shown = field(default_factory=Shown)
    against: ModelFacts | None = None
    comparison: Versus | None = None

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
