"""Where in a TOML text a key stands, so that errors can name the line.

tomllib keeps no positions. This walks text that tomllib has already accepted, so it needs to know
only enough of the grammar to find keys, strings, comments and brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Key = tuple[int | str, ...]

_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]*")


class KeyLines:
    """The keys of a TOML text and their lines."""

    def __init__(self, text: str) -> None:
        self._lines = _Walker(text).walk()

    def find(self, key: Key) -> tuple[int, Key]:
        """The 1-based line of `key`, or of its nearest enclosing table, and `key` as TOML has it.

        Parts of `key` that the text does not know are passed over when a later part is found (a
        validator may name the variant of a union); the last one stays (a missing key).
        """
        found: Key = ()
        rest: Key = ()
        for part in key:
            if (*found, part) in self._lines:
                found, rest = (*found, part), ()
            else:
                rest = (*rest, part)
        return self._lines.get(found, 1), (*found, *rest[-1:])


@dataclass
class _Walker:
    """Goes through TOML and notes the line of each key. text: the file. at: where it is, in
    characters. lines: by key. array_sizes: tables so far of each array of tables. line: that of
    character line_known_at.
    """

    text: str
    at: int = 0
    lines: dict[Key, int] = field(default_factory=dict)
    array_sizes: dict[Key, int] = field(default_factory=dict)
    line: int = 1
    line_known_at: int = 0

    def walk(self) -> dict[Key, int]:
        table: Key = ()
        while self._skip_blank() < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self._array_header()
            elif self.text[self.at] == "[":
                table = self._table_header()
            else:
                self._pair(table)
        return self.lines

    def _skip_blank(self) -> int:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _note(self, key: Key) -> None:
        """Remember where `key` first stands; a header may be the first mention of its parents."""
        self.line += self.text.count("\n", self.line_known_at, self.at)
        self.line_known_at = self.at
        for length in range(1, len(key) + 1):
            self.lines.setdefault(key[:length], self.line)

    def _dotted_key(self) -> Key:
        parts: list[str] = []
        while match := _KEY.match(self.text, self.at):
            parts.append(next(group for group in match.groups() if group is not None))
            self.at = match.end()
            if self.text[self.at] != ".":
                break
            self.at += 1
        return tuple(parts)

    def _resolve(self, parts: Key) -> Key:
        """Table names to a key with the index of the newest element of each array of tables."""
        key: Key = ()
        for part in parts:
            key = (*key, part)
            if key in self.array_sizes:
                key = (*key, self.array_sizes[key] - 1)
        return key

    def _table_header(self) -> Key:
        start = self.at
        self.at += 1
        key = self._resolve(self._dotted_key())
        self.at, end = start, self.text.index("]", self.at) + 1
        self._note(key)
        self.at = end
        return key

    def _array_header(self) -> Key:
        start = self.at
        self.at += 2
        parts = self._dotted_key()
        array = (*self._resolve(parts[:-1]), parts[-1])
        index = self.array_sizes.get(array, 0)
        self.array_sizes[array] = index + 1
        self.at, end = start, self.text.index("]]", self.at) + 2
        self._note(array)
        self._note((*array, index))
        self.at = end
        return (*array, index)

    def _pair(self, table: Key) -> None:
        start = self.at
        key = (*table, *self._dotted_key())
        self.at, after_key = start, self.at
        self._note(key)
        self.at = self.text.index("=", after_key) + 1
        self._value(key)

    def _value(self, key: Key) -> None:
        self._skip_blank()
        if self.text[self.at] == "[":
            self._items(key, "]")
        elif self.text[self.at] == "{":
            self._items(key, "}")
        elif match := _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at):
            self.at = match.end()

    def _items(self, key: Key, close: str) -> None:
        """The inside of an array or an inline table."""
        self.at += 1
        index = 0
        self._skip_blank()
        while self.text[self.at] != close:
            if close == "}":
                self._pair(key)
            else:
                self._note((*key, index))
                self._value((*key, index))
                index += 1
            self._skip_blank()
            if self.text[self.at] == ",":
                self.at += 1
                self._skip_blank()
        self.at += 1
