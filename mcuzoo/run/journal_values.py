"""What a journal keeps, as the values of its cells and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from typing import Any, TypeVar

import numpy as np

from mcuzoo.link.counts import StackUse
from mcuzoo.link.state import LinkState
from mcuzoo.project.recipe import Recipe, upgraded
from mcuzoo.run.record import (
    BoardFacts,
    BoardRecord,
    BuildFacts,
    InputFacts,
    Row,
    RunMeta,
    Settings,
    Status,
    WrongLayer,
)
from mcuzoo.run.score import Answer
from mcuzoo.untrusted import parse_json

_OWN_TABLES = ("boards", "others")
_KINDS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (
        int,
        ("label", "top1", "cycles", "input_crc32", "attempts", "reference_difference", "rank",
         "turned", "host_top1", "cpu_top1", "cpu_difference"),
    ),
    (float, ("score", "seconds", "clipped")),
    (str, ("file", "sha256", "status", "error", "second", "dtype", "board")),
    (bytes, ("output",)),
)  # fmt: skip
"""Cells of an image by what they hold, if not NULL: SQLite keeps anything in any column."""

_T = TypeVar("_T")


def encode_meta(meta: RunMeta) -> list[tuple[str, str]]:
    """Names and values of JSON, without what has a table of its own."""
    return [
        (key, json.dumps(value)) for key, value in asdict(meta).items() if key not in _OWN_TABLES
    ]


def decode_meta(pairs: dict[str, str]) -> RunMeta:
    """The opposite. Raises LookupError, TypeError, AttributeError or ValueError for what is no run,
    also where a value is not of the type of its field."""
    values: dict[str, Any] = {
        key: parse_json(value) for key, value in pairs.items() if key != "schema"
    }
    wrong, link, stack = values.get("wrong_layer"), values.get("link"), values.get("stack")
    input, build = values.get("input"), values.get("build")
    meta = _checked(
        RunMeta(
            **{
                **values,
                "preprocessing": _recipe(values["preprocessing"]),
                "board": BoardFacts(**values["board"]),
                "settings": Settings(**values["settings"]),
                "wrong_layer": None if wrong is None else WrongLayer(**wrong),
                "link": None if link is None else LinkState.of(link),
                "stack": None if stack is None else StackUse(**stack),
                "input": None if input is None else InputFacts(**input),
                "build": None if build is None else BuildFacts(**build),
            }
        )
    )
    if meta.class_names is not None and len(meta.class_names) != meta.classes:
        raise ValueError(f"{len(meta.class_names)} names of {meta.classes} classes")
    return meta


def _checked(record: _T) -> _T:
    """The record of JSON's values with lists made tuples. Raises ValueError where a value is not of
    the type of its field."""
    from pydantic import ValidationError

    values: Any = record
    try:
        found: _T = _adapter(values.__class__).validate_python(asdict(values))
        return found
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


@cache
def _adapter(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def encode_board(board: BoardRecord) -> str:
    return json.dumps({key: value for key, value in asdict(board).items() if key != "name"})


def decode_board(name: str, value: str) -> BoardRecord:
    """Raises as decode_meta."""
    raw = parse_json(value)
    facts, link, stack = raw["facts"], raw["link"], raw["stack"]
    return _checked(
        BoardRecord(
            **{
                **raw,
                "name": name,
                "facts": None if facts is None else BoardFacts(**facts),
                "link": None if link is None else LinkState.of(link),
                "stack": None if stack is None else StackUse(**stack),
            }
        )
    )


def _recipe(raw: Any) -> Recipe:
    """A recipe as JSON has it, with lists for tuples, also of an older mcuzoo."""
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in upgraded(raw).items()
    }
    return Recipe(**fields)


def encode_found(row: Row) -> tuple[object, ...]:
    """The values of a row in the order of the journal's columns from status on."""
    return (
        row.status.value,
        None if row.output is None else row.output.tobytes(),
        row.top1,
        row.score,
        row.cycles,
        row.input_crc32,
        row.attempts,
        row.reference_difference,
        row.seconds,
        row.error,
        row.rank,
        None if row.second is None else json.dumps(asdict(row.second)),
        None if row.output is None else row.output.dtype.str,
        row.turned,
        row.clipped,
        row.board,
        row.host_top1,
        row.cpu_top1,
        row.cpu_difference,
    )


def require_classes(rows: Iterable[Row], classes: int) -> None:
    """Raise ValueError for an image that is done and has no answer, or whose label or answer is no
    class."""
    for row in rows:
        if row.status is not Status.DONE:
            continue
        if row.top1 is None:
            raise ValueError(f"image {row.index} is done and has no answer")
        for one in (row.label, row.top1, row.host_top1, row.cpu_top1):
            if one is not None and not 0 <= one < classes:
                raise ValueError(f"image {row.index} names class {one} of {classes}")


def decode_row(cells: dict[str, Any]) -> Row:
    """cells: values by the names of Row's fields; dtype is that of the output. Raises as
    decode_meta."""
    for kind, names in _KINDS:
        for name in names:
            if not isinstance(cells.get(name), (kind, type(None))):
                raise ValueError(f"{name} of image {cells['index']} is {cells[name]!r}")
    output, dtype, second = cells["output"], cells.pop("dtype", None), cells.get("second")
    turned = cells.get("turned")
    return Row(
        **{
            **cells,
            "status": Status(cells["status"]),
            "output": None if output is None else np.frombuffer(output, np.dtype(dtype or np.int8)),
            "second": None if second is None else _checked(Answer(**parse_json(second))),
            "turned": None if turned is None else bool(turned),
        }
    )
