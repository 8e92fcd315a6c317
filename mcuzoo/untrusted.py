"""Read untrusted JSON and TOML: bounded in size and in depth, finite numbers.

Python's own readers raise RecursionError for 200,000 opening brackets, accept NaN as JSON and need
minutes for a key of 100,000 parts. These raise only ValueError, which says what is wrong.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 16 << 20
MAX_DEPTH = 32
MAX_DIGITS = 30
"""Most digits of a whole number; 2**64 has 20."""

_TOML_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?!"")(?:[^"\\\n]|\\.)*"|\'(?!\'\')[^\'\n]*\''
    r"|#[^\n]*|(?P<open>[\[{])|(?P<close>[\]}])|(?P<dot>\.)|(?P<end>[\n=,])|(?P<unclosed>[\"'])"
    r"|[^\"'#\[\]{}.\n=,]+",
    re.DOTALL,
)


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """The UTF-8 text at `path`; ValueError for more than `limit` bytes or other bytes, OSError."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")  # which may never end, or never begin
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it has more than {limit:,} bytes")
    return content.decode("utf-8")


def parse_json(text: str | bytes, limit: int = MAX_BYTES) -> Any:
    """The value that `text` stands for; raises ValueError (no JSON, too large, too deep, NaN)."""
    if len(text) > limit:
        raise ValueError(f"it has more than {limit:,} bytes")
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise _too_deep() from None
    _check_depth(value)
    return value


def parse_toml(text: str, limit: int = MAX_BYTES) -> dict[str, Any]:
    """The table that `text` stands for; raises ValueError (no TOML, too large, too deep)."""
    if len(text) > limit:
        raise ValueError(f"it has more than {limit:,} bytes")
    _check_toml_depth(text)
    try:
        value: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise _too_deep() from None
    _check_depth(value)
    return value


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:MAX_DIGITS]} is no finite number")
    return number


def _check_depth(value: Any) -> None:
    """Check the depth without recursion: one level of tables and lists after the other."""
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in _containers(outer.values() if isinstance(outer, dict) else outer)
        ]
    if level:
        raise _too_deep()


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]


def _check_toml_depth(text: str) -> None:
    """Check the depth of nested brackets and dotted keys before tomllib reads them."""
    depth = dots = 0
    for token in _TOML_TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "unclosed":
            return  # as far as tomllib will get
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "dot":
            dots += 1
        elif kind == "end":
            dots = 0
        if depth > MAX_DEPTH or dots > MAX_DEPTH:
            raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {MAX_DEPTH} deep")
