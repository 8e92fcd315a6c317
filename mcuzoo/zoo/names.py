"""The names of the models that mcuzoo knows, read quickly: nothing is checked."""

from __future__ import annotations

import re
from pathlib import Path

from mcuzoo.untrusted import parse_toml

_MODELS = Path(__file__).resolve().parent / "models"
VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""A variable in a text of a family's file."""


def model_files() -> list[Path]:
    """The files of the catalog, in its order."""
    return sorted(_MODELS.glob("*.toml"))


def model_names() -> list[str]:
    """Those of the catalog, in its order."""
    found = []
    for path in model_files():
        table = parse_toml(path.read_text(encoding="utf-8"))
        variants = table.get("variants", {"columns": [], "rows": [[]]})
        for row in variants["rows"]:
            values: dict[str, str] = dict(zip(variants["columns"], row, strict=True))
            found.append(_filled(table["name"], values))
    return found


def _filled(name: str, values: dict[str, str]) -> str:
    return VARIABLE.sub(lambda found: values[found[1]], name)
