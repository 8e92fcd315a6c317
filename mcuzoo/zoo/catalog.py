"""The models that mcuzoo knows by name: zoo/models/*.toml, one file per model or family.

A family's file has a `variants` table: `columns` names variables, each of `rows` is one model.
`{variable}` in any text of the file stands for the row's value; a key whose text is empty then is
left out. A table with `only = {...}` counts for the rows that say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from mcuzoo.board.lines import Key, KeyLines
from mcuzoo.errors import InputError, did_you_mean
from mcuzoo.project.kinds import DEFAULT_MODEL
from mcuzoo.untrusted import parse_toml
from mcuzoo.zoo.names import VARIABLE, model_files
from mcuzoo.zoo.schema import ZooModel

_PLAIN = {"extra_forbidden": "unknown key", "missing": "is missing"}
_HINT = "docs/models.md says what every table and key of zoo/models/*.toml means."


@cache
def catalog() -> dict[str, ZooModel]:
    """Every model of zoo/models, by name, in the order of the files and their rows."""
    found: dict[str, ZooModel] = {}
    for path in model_files():
        for model in parse_models(path.read_text(encoding="utf-8"), path.name):
            if model.name in found:
                raise InputError(f"{path.name}: {model.name} is there already.", _HINT)
            found[model.name] = model
    return found


def similar_model(wanted: str) -> str:
    """`"Did you mean 'mobilenet_v1_0.25_128'? "`, or "" where nothing is close.

    For a family without a size it is DEFAULT_MODEL, else the smallest model of the family.
    """
    known, word = catalog(), _letters(wanted)
    named = [model for name, model in known.items() if len(word) > 2 and word in _letters(name)]
    if not named:
        return did_you_mean(wanted, known)
    best = min(named, key=lambda model: (model.name != DEFAULT_MODEL, _size(model)))
    return f"Did you mean {best.name!r}? "


def _letters(text: str) -> str:
    """The name without case, dots, dashes, underscores, spaces: people write them differently."""
    return re.sub(r"[\W_]", "", text.casefold())


def _size(model: ZooModel) -> float:
    """A size for comparison: published operations, else the number of input pixels."""
    ops = model.figure("ops")
    return model.input[0] * model.input[1] if ops is None else ops[0]


def parse_models(text: str, file: str) -> list[ZooModel]:
    """The models that a TOML text describes; `file` is what errors call it.

    Raises InputError that names file, line and key.
    """
    try:
        raw = parse_toml(text)
    except ValueError as error:
        raise InputError(f"{file}: not valid TOML: {error}", _HINT) from error
    models = []
    for row in _rows(raw.pop("variants", None), text, file):
        places: dict[Key, Key] = {}
        try:
            filled = _filled(raw, row, (), places)
            models.append(ZooModel.model_validate({**filled, "family": file.partition(".")[0]}))
        except KeyError as error:
            raise InputError(f"{file}: no column {error} in variants", _HINT) from error
        except ValidationError as error:
            complaints = [
                (places.get(item["loc"][:2], item["loc"][:2]) + item["loc"][2:],
                 _PLAIN.get(item["type"], item["msg"]))
                for item in error.errors()
            ]  # fmt: skip
            name = " of " + ", ".join(row.values()) if row else ""
            raise InputError(_located(file, text, complaints, name), _HINT) from error
    return models


def _rows(variants: Any, text: str, file: str) -> Iterator[dict[str, str]]:
    if variants is None:
        yield {}
        return
    try:
        columns, rows = variants["columns"], variants["rows"]
        for number, row in enumerate(rows):
            if len(row) != len(columns) or not all(isinstance(item, str) for item in row):
                raise ValueError(f"row {number} is not {len(columns)} strings")
            yield dict(zip(columns, row, strict=True))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            _located(file, text, [(("variants",), f"wants columns and rows: {error}")], ""), _HINT
        ) from error


def _filled(value: Any, row: Mapping[str, str], at: Key, places: dict[Key, Key]) -> Any:
    """`value` with variables replaced and without the tables of other rows.

    places: the key in the result to the key in the text, where tables before it were left out.
    """
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: row[match[1]], value) if row else value
    if isinstance(value, list):
        kept = [(number, item) for number, item in enumerate(value) if _counts(item, row)]
        for place, (number, _) in enumerate(kept):
            shown, written = (*at, place), (*at, number)
            places[shown] = written
        return [_filled(item, row, (*at, number), places) for number, item in kept]
    if isinstance(value, dict):
        return {
            key: _filled(item, row, (*at, key), places)
            for key, item in value.items()
            if key != "only" and (item == "" or not _is_empty(item, row))
        }
    return value


def _counts(item: Any, row: Mapping[str, str]) -> bool:
    only = item.get("only") if isinstance(item, dict) else None
    return not isinstance(only, dict) or all(row[key] == value for key, value in only.items())


def _is_empty(item: Any, row: Mapping[str, str]) -> bool:
    return isinstance(item, str) and _filled(item, row, (), {}) == ""


def _located(file: str, text: str, complaints: Iterable[tuple[Key, str]], variant: str) -> str:
    """One line each: file, line, key, what is wrong."""
    keys = KeyLines(text)
    located = []
    for complained_key, message in complaints:
        line, key = keys.find(complained_key)
        located.append(f"{file}:{line}: {'.'.join(map(str, key))}{variant}: {message}")
    return "\n".join(located)
