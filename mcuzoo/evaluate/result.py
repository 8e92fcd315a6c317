"""The figures of an evaluation, and those that `mcuzoo models` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mcuzoo.budgets import BudgetResult, Budgets, Figure, judge
from mcuzoo.evaluate.engines import OTHER_ARITHMETIC, LineFacts
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.budgets import flips_figure, top1_figure, unequal_figure
from mcuzoo.run.score import ClassScore, Scores, Versus
from mcuzoo.run.tally import Shown
from mcuzoo.zoo.measured import record


@dataclass(frozen=True)
class BadImage:
    """An image that could not be run; `index` is its place in the data set.

    file: as the data set names it. error: why, in a sentence.
    """

    index: int
    file: str
    error: str


@dataclass(frozen=True)
class ModelFacts:
    """`kind`: "int8", "uint8" or "float32"; `engine`: what ran it, and `board` where it is one,
    whose arithmetic is that of `delegate` ("": TFLM's). name: of the zoo, or the file's. sha256: of
    the file."""

    name: str
    sha256: str
    kind: str
    engine: str
    board: str | None = None
    delegate: str = ""

    @property
    def as_tflm(self) -> bool:
        """Whether its answers are those of a board that computes as TFLM."""
        return not self.delegate and self.engine not in OTHER_ARITHMETIC


@dataclass(frozen=True)
class DataFacts:
    """What was run. `digest`: SHA-256 over index, name, label and content of every image. source:
    the folder or file. format: how it is laid out. split: which part; None for all of it."""

    source: str
    format: str
    split: str | None
    name: str
    digest: str


@dataclass(frozen=True)
class Evaluation:
    """images: how many there were. n: how many were run. images_per_s: from file to scores, after
    every engine was ready. per_class and confusion are empty without labels. recipe_source: where
    `preprocessing` is from. label_mapping: how the data set's labels became classes. turned: images
    that their EXIF orientation turned. clipped: the share of input values that int8 could not take.
    output: how it is read, if it is not a score per class. tool_version: of mcuzoo. bad: images
    that could not be run. jobs: workers. seconds: of the whole evaluation. class_names: None where
    the classes have numbers only. shown: predictions to print. against: the other engine or model;
    comparison: the paired test of both; None without one. line: to the board at a port;
    against_line: to that of `against`. exposure: `against` is the engine with single rounding, and
    the comparison is a warning, never a verdict."""

    tool_version: str
    model: ModelFacts
    data: DataFacts
    preprocessing: Recipe
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
    recipe_source: str = ""
    label_mapping: str = ""
    turned: int = 0
    clipped: float | None = None
    output: str | None = None
    line: LineFacts | None = None
    against_line: LineFacts | None = None
    exposure: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """What else to know, in sentences."""
        if not self.exposure or self.comparison is None:
            return ()
        flips, agreement = self.comparison.flips, self.comparison.agreement
        low, high = flips.interval
        unequal = 0 if agreement is None else agreement.unequal
        return (
            f"Under single rounding, as on the i.MX 8M Plus's NPU, {unequal:,} of "
            f"{flips.compared:,} outputs have other bytes and {flips.count:,} answers flip (95 % "
            f"interval {low:.4f} to {high:.4f}); this is no verdict on any chip.",
        )

    @property
    def complete(self) -> bool:
        """Whether every image was run or named as bad."""
        return self.n + len(self.bad) == self.images

    @property
    def images_per_s(self) -> float:
        return self.n / self.seconds if self.seconds else 0.0

    def judged(self, budgets: Budgets, strict: bool) -> tuple[BudgetResult, ...]:
        """Each budget by its figure. strict: one that cannot be judged fails."""
        if self.scores is None:
            top1 = Figure(None, "The images are not labelled, so there is no top-1", fails=True)
        else:
            top1 = top1_figure(self.scores.top1)
        compared = None if self.exposure else self.comparison
        agreement = None if compared is None else compared.agreement
        nothing = Figure(None, "outputs were compared with nothing (--against)")
        if self.exposure:
            nothing = Figure(None, "--exposure is no verdict")
        mismatches = flips = nothing
        if agreement is not None:
            equal = f"{agreement.equal:,} of {agreement.compared:,} outputs are byte-equal"
            mismatches = Figure(agreement.unequal, equal)
            if agreement.unequal and self.delegates:
                mismatches = unequal_figure(equal, self.delegates)
        if compared is not None:
            flips = flips_figure(compared.flips, "those of the other")
            if not self.other_arithmetic:
                same = self.against is not None and self.against.sha256 == self.model.sha256
                flips = replace(flips, part="firmware" if same else "model")
        figures = {"min_top1": top1, "max_mismatches": mismatches, "max_flips": flips}
        return judge(budgets, figures, strict)

    @property
    def delegates(self) -> tuple[str, ...]:
        """The arithmetics of boards that are not TFLM's."""
        known = (one.delegate for one in (self.model, self.against) if one is not None)
        return tuple(sorted({one for one in known if one}))

    @property
    def other_arithmetic(self) -> bool:
        """Whether one of the engines computes otherwise than TFLM."""
        return any(one is not None and not one.as_tflm for one in (self.model, self.against))

    def failures(
        self, budgets: Sequence[BudgetResult], require_equal: bool, strict: bool
    ) -> list[str]:
        """Why the evaluation does not pass; empty when it does."""
        reasons = [one.text.rstrip(".") for one in budgets if one.fails]
        agreement = None if self.comparison is None else self.comparison.agreement
        if require_equal and (agreement is None or agreement.equal < agreement.compared):
            equal = 0 if agreement is None else agreement.equal
            reasons.append(f"only {equal} of {self.n} outputs are byte-equal")
        if strict and self.bad:
            reasons.append(f"{len(self.bad)} images are unusable, the first is {self.bad[0].file}")
        return reasons


DIGEST_DIGITS = 12


def remember_accuracy(found: Evaluation) -> None:
    """Record top-1 and top-5 of the model, and of another model that it was compared with.

    Nothing is recorded without labels, or of an engine that does not compute as TFLM.
    Raises InputError when the store cannot be written.
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
    if scores is None or not model.as_tflm:
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
