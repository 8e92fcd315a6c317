"""What doctor-data found out."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.data.images import DataSet
from mcuzoo.doctor_data.findings import Finding
from mcuzoo.project.recipe import Recipe


@dataclass(frozen=True)
class NamedOutput:
    """An output and what the data set calls the class that it shows. sure: beyond chance. label:
    the class by the data set. name: of that class."""

    output: int
    label: int
    name: str
    sure: bool


@dataclass(frozen=True)
class InputRange:
    """The model's input: real = scale * (q - zero_point), from `low` to `high`. usual: the
    normalizations with this range. clipped: share of input values, 0 to 1, that int8 could not take
    by the declared recipe."""

    scale: float
    zero_point: int
    low: float
    high: float
    usual: tuple[str, ...]
    clipped: float


@dataclass(frozen=True)
class Claim:
    """A finding, and the flags that would mend it."""

    finding: Finding
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataDiagnosis:
    """What labelled pictures say of a model's recipe and of the label order.

    recipe: as declared; recipe_source: where it is from, as in ModelSource. correct: right answers
    by it on n pictures. bad: files that could not be read, with the reason. turned: pictures whose
    EXIF orientation is not upright. outputs: if the label order is contradicted, what each output
    shows. mend: flags that change the recipe in all contradicted parts at once. warnings: what a
    reader must know before he believes the claims. sha256: of the model's file. engine: what ran
    the model. data: the pictures. classes: how many the model has. input: the range that the
    model's input has. claims: what the pictures say of each part.
    """

    model: str
    sha256: str
    engine: str
    data: DataSet
    recipe: Recipe
    recipe_source: str
    n: int
    correct: int
    classes: int
    bad: tuple[tuple[str, str], ...]
    turned: int
    input: InputRange
    claims: tuple[Claim, ...]
    outputs: tuple[NamedOutput, ...]
    mend: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def fails(self) -> bool:
        """Whether label order, colour, normalization or letterbox are contradicted."""
        return any(claim.finding.fails for claim in self.claims)

    @property
    def whole_order(self) -> bool:
        """Whether every output of a class with pictures is known beyond chance."""
        return bool(self.outputs) and all(one.sure for one in self.outputs)
