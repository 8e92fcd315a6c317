"""What a journal keeps, as the values of its cells and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

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


def encode_meta(meta: RunMeta) -> list[tuple[str, str]]:
    """Names and values of JSON, without what has a table of its own."""
    return [
        (key, json.dumps(value)) for key, value in asdict(meta).items() if key not in _OWN_TABLES
    ]


def decode_meta(pairs: dict[str, str]) -> RunMeta:
    """The opposite. Raises KeyError, TypeError or ValueError for what is no run."""
    values: dict[str, Any] = {
        key: parse_json(value) for key, value in pairs.items() if key != "schema"
    }
    names, wrong = values["class_names"], values.get("wrong_layer")
    link = values.get("link")
    stack, shape = values.get("stack"), values.get("output_shape")
    input, build = values.get("input"), values.get("build")
    return RunMeta(
        **{
            **values,
            "class_names": None if names is None else tuple(names),
            "preprocessing": _recipe(values["preprocessing"]),
            "board": BoardFacts(**values["board"]),
            "settings": _settings(values["settings"]),
            "wrong_layer": None if wrong is None else WrongLayer(**wrong),
            "link": None if link is None else LinkState.of(link),
            "stack": None if stack is None else StackUse(**stack),
            "output_shape": None if shape is None else tuple(shape),
            "input": None if input is None else _input(input),
            "build": None if build is None else BuildFacts(**build),
        }
    )


def _input(raw: Any) -> InputFacts:
    return InputFacts(**{**raw, "shape": tuple(raw["shape"])})


def _settings(raw: Any) -> Settings:
    lists = {key: tuple(raw[key]) for key in ("ports", "filters") if key in raw}
    return Settings(**{**raw, **lists})


def encode_board(board: BoardRecord) -> str:
    return json.dumps({key: value for key, value in asdict(board).items() if key != "name"})


def decode_board(name: str, value: str) -> BoardRecord:
    """Raises KeyError, TypeError or ValueError."""
    raw = parse_json(value)
    facts, link, stack = raw["facts"], raw["link"], raw["stack"]
    return BoardRecord(
        **{
            **raw,
            "name": name,
            "facts": None if facts is None else BoardFacts(**facts),
            "link": None if link is None else LinkState.of(link),
            "stack": None if stack is None else StackUse(**stack),
        }
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
    )


def decode_row(cells: dict[str, Any]) -> Row:
    """cells: values by the names of Row's fields; dtype is that of the output."""
    output, dtype, second = cells["output"], cells.pop("dtype", None), cells.get("second")
    turned = cells.get("turned")
    return Row(
        **{
            **cells,
            "status": Status(cells["status"]),
            "output": None if output is None else np.frombuffer(output, np.dtype(dtype or np.int8)),
            "second": None if second is None else Answer(**parse_json(second)),
            "turned": None if turned is None else bool(turned),
        }
    )
