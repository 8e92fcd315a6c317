"""The models that mcuzoo knows by name: zoo/models/*.toml, one file per model."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mcuzoo.project.manifest import Preprocessing

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ZOO = Path(__file__).resolve().parent


@dataclass(frozen=True)
class ModelFile:
    """Where a model's .tflite is: `bundled` with the package, or to be found by name and hash."""

    bundled: Path | None
    names: tuple[str, ...]
    sha256: str | None


@dataclass(frozen=True)
class Labels:
    """Class names in output order: `classes`, or the `lines` lines of a file of one of `names`."""

    classes: tuple[str, ...]
    names: tuple[str, ...]
    lines: int


@dataclass(frozen=True)
class ZooModel:
    """`samples` is a folder with a manifest.csv, if the package brings one."""

    name: str
    description: str
    source: str
    file: ModelFile
    preprocessing: Preprocessing
    labels: Labels
    samples: Path | None


@cache
def catalog() -> dict[str, ZooModel]:
    """Every model of zoo/models, by name, in alphabetical order."""
    return {path.stem: _read(path) for path in sorted((ZOO / "models").glob("*.toml"))}


def _read(path: Path) -> ZooModel:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    file, labels = raw["file"], raw["labels"]
    samples = ZOO / raw["samples"] if "samples" in raw else None
    return ZooModel(
        name=path.stem,
        description=raw["description"],
        source=raw["source"],
        file=ModelFile(
            bundled=ZOO / file["bundled"] if "bundled" in file else None,
            names=tuple(file.get("names", ())),
            sha256=file.get("sha256"),
        ),
        preprocessing=Preprocessing(**raw["preprocessing"]),
        labels=Labels(
            classes=tuple(labels.get("classes", ())),
            names=tuple(labels.get("names", ())),
            lines=labels.get("lines", 0),
        ),
        samples=samples if samples is not None and samples.is_dir() else None,
    )
