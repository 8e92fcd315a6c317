"""The schema of the files in zoo/models: one pydantic table per TOML table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mcuzoo.board.base import Table, Text
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.layers import parse_layer
from mcuzoo.zoo.recipes import RecipeTable

ZOO = Path(__file__).resolve().parent

ModelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Url = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?/\S*$")]
Bytes = Annotated[int, Field(gt=0, le=1 << 34)]
Role = Literal["int8", "uint8", "fp32", "keras"]
Figure = Literal[
    "top1_fp32",
    "top5_fp32",
    "top1_int8",
    "top5_int8",
    "top1_uint8",
    "top5_uint8",
    "ops",
    "params",
    "fp32_bytes",
    "int8_bytes",
]
Column = Literal["accuracy", "ops", "params", "size", "compatibility", "name"]


class Download(Table):
    """Where a file is on the web: the file itself, or `member` of the archive there.

    sha256: of what the URL gives; without it the first download is trusted and remembered.
    sha256_source: who recorded it. max_bytes: more than that is never read.
    """

    url: Url
    sha256: Sha256 | None = None
    sha256_source: Text | None = None
    member: FileName | None = None
    max_bytes: Bytes = 1 << 28

    @model_validator(mode="after")
    def _hash_has_a_source(self) -> Download:
        if (self.sha256 is None) != (self.sha256_source is None):
            raise ValueError("sha256 and sha256_source go together")
        return self


class SourceFile(Table):
    """One file of a model. `names`: its possible names; a fetched file gets the first.

    role: int8 is ready to run; uint8 is converted, keras and fp32 need `mcuzoo quantize`. sha256,
    bytes: of the file itself, if known. bundled: the path relative to zoo/.
    """

    role: Role
    title: Text
    source: Text
    licence: Text
    names: tuple[FileName, ...] = ()
    sha256: Sha256 | None = None
    bytes: Bytes | None = None
    bundled: Text | None = None
    download: Download | None = None

    @model_validator(mode="after")
    def _can_be_found(self) -> SourceFile:
        if (self.bundled is None) == (not self.names):
            raise ValueError("either bundled or names says where the file is")
        if self.download is not None and not self.names:
            raise ValueError("a download needs names")
        return self

    @property
    def bundled_path(self) -> Path | None:
        return None if self.bundled is None else ZOO / self.bundled


class Labels(Table):
    """Class names in output order: `classes`, or the `lines` lines of a file of one of `names`."""

    classes: tuple[Text, ...] = ()
    names: tuple[FileName, ...] = ()
    lines: Annotated[int, Field(strict=True, ge=0)] = 0

    @model_validator(mode="after")
    def _one_of_both(self) -> Labels:
        if bool(self.classes) == bool(self.names) or bool(self.names) != bool(self.lines):
            raise ValueError("give classes, or names with lines")
        return self

    @property
    def count(self) -> int:
        return len(self.classes) or self.lines


class Published(Table):
    """Figures that somebody published: accuracies as fractions, sizes in bytes, OPS = 2 x MAC.

    compatibility: the platforms that the same source lists.
    """

    source: Text
    figures: dict[Figure, float] = Field(default_factory=dict)
    compatibility: tuple[Text, ...] = ()

    @field_validator("figures")
    @classmethod
    def _sound(cls, figures: dict[Figure, float]) -> dict[Figure, float]:
        for name, value in figures.items():
            if not value > 0 or (name.startswith("top") and value > 1):
                raise ValueError(f"{name} = {value}: accuracies are fractions, all are positive")
        return figures


class Note(Table):
    """What a reader of a published figure must know."""

    column: Column
    text: Text


class Structure(Table):
    """The model's layers, as zoo/layers.py reads them, at a width multiplier."""

    layers: tuple[Text, ...]
    width: Annotated[float, Field(gt=0, le=4)] = 1.0

    @field_validator("layers")
    @classmethod
    def _are_layers(cls, layers: tuple[str, ...]) -> tuple[str, ...]:
        for layer in layers:
            parse_layer(layer)
        return layers


class ZooModel(Table):
    """A model that mcuzoo knows by name. `samples`: a folder with a manifest.csv, below zoo/.

    family: the registry file it is from. file: in order of preference, the first one at hand is
    what the name means. input: [height, width, channels].
    """

    name: ModelName
    family: Text
    description: Text
    task: Literal["image classification"]
    architecture: Text
    backbone: Text
    data_set: Text
    input: tuple[int, int, int]
    file: tuple[SourceFile, ...]
    preprocessing: RecipeTable
    labels: Labels
    samples: Text | None = None
    structure: Structure | None = None
    published: tuple[Published, ...] = ()
    note: tuple[Note, ...] = ()

    @model_validator(mode="after")
    def _has_files(self) -> ZooModel:
        if not self.file:
            raise ValueError("a model needs a [[file]]")
        if min(self.input) < 1:
            raise ValueError("input is [height, width, channels]")
        return self

    @property
    def as_preprocessing(self) -> Recipe:
        return self.preprocessing.recipe()

    @property
    def samples_path(self) -> Path | None:
        path = None if self.samples is None else ZOO / self.samples
        return path if path is not None and path.is_dir() else None

    def files_of(self, *roles: Role) -> tuple[SourceFile, ...]:
        return tuple(file for file in self.file if file.role in roles)

    def figure(self, name: Figure) -> tuple[float, str] | None:
        """The first published value of that name, and its source."""
        for item in self.published:
            if name in item.figures:
                return item.figures[name], item.source
        return None
