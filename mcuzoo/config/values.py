"""A value of mcuzoo.toml or of the environment as a command takes it: its type, its paths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mcuzoo.config.keys import NAMES_OR_FILES, WRITTEN
from mcuzoo.config.parameters import Parameter
from mcuzoo.data.drawn_signs import is_signs
from mcuzoo.emulator.scheme import port_from, split_port

_MAX_TEXT = 1000
_MAX_ITEMS = 1000
_YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_WANTED = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path in quotes",
}


def of_file(one: Parameter, said: Any, folder: Path) -> Any:
    """`said`, a value of TOML, for the parameter. Raises ValueError that says what is wrong.

    folder: of the file; paths become paths from the working folder.
    """
    if one.many:
        items = said if isinstance(said, list) else [said]
        if len(items) > _MAX_ITEMS:
            raise ValueError(f"has {len(items):,} items, {_MAX_ITEMS:,} are the limit")
        return tuple(_rebased(one, _typed(one, item), folder) for item in items)
    return _rebased(one, _typed(one, said), folder)


def of_environment(one: Parameter, text: str) -> Any:
    """`text` of a variable. A list is one item, or an array as in TOML. Raises ValueError."""
    if one.many and text.startswith("["):
        from mcuzoo.untrusted import parse_toml

        items = parse_toml(f"items = {text}")["items"]
        return tuple(_typed(one, item) for item in items)
    value = _typed(one, _read(one, text))
    return (value,) if one.many else value


def _read(one: Parameter, text: str) -> Any:
    try:
        if one.kind is bool:
            return _YES_NO[text.casefold()]
        if one.kind in (int, float):
            return one.kind(text)
    except (KeyError, ValueError):
        wanted = "1 or 0" if one.kind is bool else _WANTED[one.kind]
        raise ValueError(f"{text[:_MAX_TEXT]!r} is not {wanted}") from None
    return text


def _typed(one: Parameter, said: Any) -> Any:
    number = isinstance(said, int | float) and not isinstance(said, bool)
    fits = {
        bool: isinstance(said, bool),
        int: number and not isinstance(said, float),
        float: number,
    }.get(one.kind, isinstance(said, str))
    if one.kind is str and number:  # scale = 0.017, optimization = 2
        return str(said)
    if not fits:
        raise ValueError(f"is not {_WANTED[one.kind]}")
    if isinstance(said, str):
        if len(said) > _MAX_TEXT:
            raise ValueError(f"has {len(said):,} characters, {_MAX_TEXT:,} are the limit")
        if not said.isprintable():
            raise ValueError("has a character that cannot be printed")
    if one.meant.min is not None and number and not said >= one.meant.min:
        raise ValueError(f"is less than {one.meant.min}")
    return Path(said).expanduser() if one.kind is Path else one.kind(said)


def _rebased(one: Parameter, value: Any, folder: Path) -> Any:
    """`value`, in which a path from `folder` is one from the working folder."""
    if isinstance(value, Path):
        if one.name in WRITTEN:
            _require_inside(value, folder)
        drawn = is_signs(str(value)) and not (folder / value).exists()
        return value if drawn else folder / value
    if not isinstance(value, str):
        return value
    if split_port(value) is not None:
        return port_from(folder, value)
    if one.name in NAMES_OR_FILES and "://" not in value:
        place = folder / Path(value).expanduser()
        # A file that is missing, too: the message shall say where it would be.
        named = len(Path(value).parts) > 1 or place.suffix in (".toml", ".tflite")
        return str(place) if named or place.is_file() else value
    return value


def _require_inside(path: Path, folder: Path) -> None:
    if str(path) == "-":
        return
    home = os.path.realpath(folder)
    if path.is_absolute() or not Path(os.path.realpath(folder / path)).is_relative_to(home):
        raise ValueError("is written, and does not lie in the folder of this file")
