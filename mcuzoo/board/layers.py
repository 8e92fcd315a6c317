"""Merge the TOML files of a board, of its chip and of the chip's family into one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcuzoo.board.lines import Key, KeyLines

Complaint = tuple[Key, str]
"""Where in the merged table, and what is wrong there."""


@dataclass(frozen=True)
class TomlFile:
    """name: what a project calls the file. shown: what errors call it. table: what `text` says."""

    name: str
    shown: str
    text: str
    table: dict[str, Any]


class Layers:
    """`table`: the merged table. `files`: the files, the lowest first.

    Each key is in one file only. A table that is in several files has the keys of all of them, and
    their sources in order. An array of tables has the elements of the lowest file first.
    `complaints`: where files contradict each other.
    """

    def __init__(self, files: Sequence[TomlFile]) -> None:
        self._files = files
        self._origins: dict[Key, _Origin] = {}
        self.complaints: list[str] = []
        self.table: dict[str, Any] = {}
        for index, file in enumerate(files):
            if index:
                self._check_source((), self.table, file.table, index)
            self._merge((), self.table, file.table, index)
        self._origins[()] = _Origin(len(files) - 1, ())

    def located(self, complaints: Sequence[Complaint]) -> str:
        """One line each: file, line, key in that file, what is wrong."""
        return "\n".join(self._located(*self._origin(key), message) for key, message in complaints)

    def _merge(self, at: Key, into: dict[str, Any], table: dict[str, Any], index: int) -> None:
        for name, value in table.items():
            key = (*at, name)
            known = into.get(name)
            if known is None:
                into[name] = value
                self._origins[key] = _Origin(index, key)
            elif isinstance(known, dict) and isinstance(value, dict):
                self._own_origins(key, known)
                self._check_source(key, known, value, index)
                self._origins[key] = _Origin(index, key)
                self._merge(key, known, value, index)
            elif _is_array_of_tables(known) and _is_array_of_tables(value):
                self._own_origins(key, range(len(known)))
                for number, element in enumerate(value):
                    place = (*key, len(known))
                    self._origins[place] = _Origin(index, (*key, number))
                    known.append(element)
            elif name == "source" and isinstance(known, str) and isinstance(value, str):
                into[name] = f"{known}; {value}"
            else:
                other = self._files[self._origin(key)[0]].shown
                self.complaints.append(
                    self._located(index, key, f"stands in {other} already: one of them has to go")
                )

    def _own_origins(self, key: Key, children: Any) -> None:
        """Record the origin of each child of `key`, before children from other files are added."""
        origin = self._origins[key]
        for child in children:
            self._origins.setdefault((*key, child), origin.of(child))

    def _check_source(
        self, key: Key, known: dict[str, Any], table: dict[str, Any], index: int
    ) -> None:
        """Complain if numbers of one file rely on the `source` of another file."""
        if ("source" in known) != ("source" in table):
            without = index if "source" in known else self._origin(key)[0]
            self.complaints.append(self._located(without, (*key, "source"), "is missing"))

    def _origin(self, key: Key) -> tuple[int, Key]:
        """The file that has `key`, and what it calls it."""
        for length in range(len(key), 0, -1):
            origin = self._origins.get(key[:length])
            if origin is not None:
                return origin.file, (*origin.key, *key[length:])
        return self._origins.get((), _Origin(0, ())).file, key

    def _located(self, index: int, key: Key, message: str) -> str:
        file = self._files[index]
        line, found = KeyLines(file.text).find(key)
        return f"{file.shown}:{line}: {'.'.join(map(str, found))}: {message}"


@dataclass(frozen=True)
class _Origin:
    """The number of a file, and a key in it."""

    file: int
    key: Key

    def of(self, child: int | str) -> _Origin:
        return _Origin(self.file, (*self.key, child))


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
