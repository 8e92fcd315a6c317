"""The line of a key: against the board files and against made-up TOML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.board.lines import Key, KeyLines
from mcuzoo.resources import boards_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def keys_of(value: Any, prefix: Key = ()) -> list[Key]:
    if isinstance(value, dict):
        inner = [key for name, item in value.items() for key in keys_of(item, (*prefix, name))]
        return [*([prefix] if prefix else []), *inner]
    if isinstance(value, list):
        return [key for index, item in enumerate(value) for key in keys_of(item, (*prefix, index))]
    return [prefix]


@pytest.mark.parametrize("path", sorted(boards_dir().rglob("*.toml")), ids=lambda path: path.name)
def test_every_key_of_a_board_file_is_on_its_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    keys = keys_of(tomllib.loads(text))
    assert len(keys) > 40
    known = KeyLines(text)
    for key in keys:
        line, found = known.find(key)
        assert found == key
        names = [part for part in key if isinstance(part, str)]
        assert any(name in lines[line - 1] for name in names[-2:]) or isinstance(key[-1], int)


TEXT = """\
# a comment with [brackets] and = signs
top = "a # b" # x
"quoted key" = '''
[not.a.table]
'''
[one.two]
deep.er = [ 1, # first
  [2, 3], { in = "line", at = { last = 4 } } ]
[[list]]
x = 1
[list.sub]
y = 2
[[list]]
x = 3
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("top",), 2),
        (("quoted key",), 3),
        (("one",), 6),
        (("one", "two"), 6),
        (("one", "two", "deep"), 7),
        (("one", "two", "deep", "er", 0), 7),
        (("one", "two", "deep", "er", 1, 1), 8),
        (("one", "two", "deep", "er", 2, "at", "last"), 8),
        (("list", 0, "x"), 10),
        (("list", 0, "sub", "y"), 12),
        (("list", 1), 13),
        (("list", 1, "x"), 14),
    ],
)
def test_lines_of_every_kind_of_key(key: Key, line: int) -> None:
    assert KeyLines(TEXT).find(key) == (line, key)


def test_missing_key_is_reported_at_its_table() -> None:
    assert KeyLines(TEXT).find(("list", 1, "y")) == (13, ("list", 1, "y"))


def test_name_of_a_union_variant_is_passed_over() -> None:
    assert KeyLines(TEXT).find(("list", 1, "modify", "x")) == (14, ("list", 1, "x"))
    assert KeyLines(TEXT).find(("list", 1, "modify", "z")) == (13, ("list", 1, "z"))


NAMES = st.text("abcdefgh-_", min_size=1, max_size=6)
STRINGS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
SCALARS = st.one_of(
    st.integers(-99, 99).map(str),
    st.booleans().map(lambda flag: str(flag).lower()),
    STRINGS.filter(lambda text: "'" not in text).map(lambda text: f"'{text}'"),
    STRINGS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'),
)
COMMENTS = st.sampled_from(["", "  # why = [not]", "\n\n# ]}\n"])


@given(
    st.dictionaries(NAMES, st.dictionaries(NAMES, SCALARS, max_size=4), max_size=4),
    st.lists(COMMENTS, min_size=1, max_size=5),
)
def test_lines_of_generated_tables(tables: dict[str, dict[str, str]], comments: list[str]) -> None:
    text = ""
    expected: dict[Key, int] = {}
    for number, (table, pairs) in enumerate(tables.items()):
        expected[(table,)] = text.count("\n") + 1
        text += f"[{table}]{comments[number % len(comments)]}\n"
        for name, value in pairs.items():
            expected[(table, name)] = text.count("\n") + 1
            text += f"{name} = {value}{comments[number % len(comments)]}\n"
    tomllib.loads(text)
    assert {key: KeyLines(text).find(key)[0] for key in expected} == expected
