"""The modules of the package, as their sources say."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "mcuzoo"


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "_resources" not in path.parts)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def shown(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()
