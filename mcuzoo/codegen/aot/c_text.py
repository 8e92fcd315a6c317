"""Numbers, names and structs as C source text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import CStruct, Value

COLUMNS = 100
INDENT = "    "


def float_text(value: float) -> str:
    """A float literal that reads back as the same float32."""
    return f"{np.format_float_scientific(np.float32(value), unique=True, trim='0')}f"


def value_text(value: Value) -> str:
    """An initializer on one line."""
    if isinstance(value, Constant):
        return value.symbol
    if isinstance(value, CStruct):
        return _braced(f".{name} = {value_text(item)}" for name, item in value.items())
    if isinstance(value, tuple):
        return _braced(map(value_text, value))
    return str(value)


def _braced(items: Iterable[str]) -> str:
    return "{" + ", ".join(items) + "}"


def struct_lines(struct: CStruct) -> Iterator[str]:
    """The fields of an initializer, one per line, wrapped where they are too long."""
    for name, value in struct.items():
        yield from _wrapped(f".{name} = {value_text(value)},")


def _wrapped(line: str) -> Iterator[str]:
    lead = INDENT
    while len(lead) + len(line) > COLUMNS:
        cut = line.rindex(", ", 0, COLUMNS - len(lead)) + 1
        yield lead + line[:cut]
        lead, line = 2 * INDENT, line[cut + 1 :]
    yield lead + line


def array_text(constant: Constant) -> str:
    """The values of a constant, comma separated, in lines of at most 100 columns."""
    words = [f"{value}," for value in constant.values.tolist()]
    per_line = (COLUMNS - len(INDENT)) // max(map(len, words))
    rows = (words[start : start + per_line] for start in range(0, len(words), per_line))
    return "\n".join(INDENT + "".join(row) for row in rows)
