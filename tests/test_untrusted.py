"""JSON and TOML from anybody: a value, or a ValueError in words, soon."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.untrusted import MAX_DEPTH, parse_json, parse_toml, read_text

MANY = 200_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_json_says_is_read(value: object) -> None:
    assert parse_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * MANY, "nested more than"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested more than"),
        ('{"a":' * 100 + "1" + "}" * 100, "nested more than"),
        ("9" * 10_000, "10,000 digits"),
        ("[NaN]", "NaN is no finite number"),
        ("-Infinity", "no finite number"),
        ("1e999", "no finite number"),
        ("[1,", "Expecting value"),
        ("", "Expecting value"),
        ("[" + "1," * 100 + "1]", "more than 100 bytes"),
    ],
)
def test_json_that_is_refused(text: str, said: str) -> None:
    limit = 100 if "100 bytes" in said else 1 << 20
    with pytest.raises(ValueError, match=said):
        parse_json(text, limit)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a=" + "[" * MANY, "nested more than"),
        ("[" * MANY, "nested more than"),
        ("a." * MANY + "a=1", "nested more than"),
        ("[" + "a." * MANY + "a]", "nested more than"),
        ("a=" + "{a=" * MANY, "nested more than"),
        ('a="]"\nb=' + "[" * MANY, "nested more than"),
        ("a='''\n]'''\nb=" + "[" * MANY, "nested more than"),
        ('a="""' + '\\"' * MANY, "Unterminated"),
        ('a="' + '\\"' * MANY, "Unterminated"),
        ("a=" + "1" * 5000, "limit"),
        ("a", "Expected"),
    ],
)
def test_toml_that_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_toml(text)


def test_brackets_and_dots_in_strings_and_comments_are_no_nesting() -> None:
    text = f'# {"[" * 99}\na = "{"[" * 99}"\nb = \'{"." * 99}\'\nc = """\n{"[." * 99}"""\n'
    assert parse_toml(text) == {"a": "[" * 99, "b": "." * 99, "c": "[." * 99}


def test_a_text_is_read_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"ab")
    assert read_text(path, 2) == "ab"
    with pytest.raises(ValueError, match="more than 1 bytes"):
        read_text(path, 1)
    path.write_bytes(b"\xff")
    with pytest.raises(ValueError):
        read_text(path)
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        read_text(tmp_path / "pipe")
