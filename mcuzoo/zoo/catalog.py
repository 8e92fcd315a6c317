"""The models that mcuzoo knows by name: zoo/models/*.toml, one file per model."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mcuzoo.project.manifest import Preprocessing

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ZOO = Path(__file__).resolve().parent


@dataclass(frozen=True)
class ZooFile:
    """A file of the catalog: `bundled` with the package, or known by any of `names`."""

    bundled: Path | None = None
    names: tuple[str, ...] = ()
    sha256: str | None = None
    lines: int | None = None


@dataclass(frozen=True)
class ZooModel:
    name: str
    description: str
    source: str
    file: ZooFile
    preprocessing: Preprocessing
    labels: ZooFile = field(default_factory=ZooFile)
    samples: ZooFile = field(default_factory=ZooFile)


@cache
def catalog() -> dict[str, ZooModel]:
    """Every model of zoo/models, by name, in alphabetical order."""
    return {path.stem: _read(path) for path in sorted((ZOO / "models").glob("*.toml"))}


def _read(path: Path) -> ZooModel:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return ZooModel(
        name=path.stem,
        description=raw["description"],
        source=raw["source"],
        file=_file(raw["file"]),
        preprocessing=Preprocessing(**raw["preprocessing"]),
        labels=_file(raw.get("labels", {})),
        samples=_file(raw.get("samples", {})),
    )


def _file(raw: dict[str, Any]) -> ZooFile:
    bundled = raw.get("bundled")
    return ZooFile(
        bundled=None if bundled is None else ZOO / bundled,
        names=tuple(raw.get("names", ())),
        sha256=raw.get("sha256"),
        lines=raw.get("lines"),
    )
