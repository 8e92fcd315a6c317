"""The parameter structs in Python mirror those in the kernels' headers, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import get_type_hints

import pytest

from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import CStruct
from mcuzoo.ops.table import OPERATORS
from mcuzoo.resources import firmware_dir


def structs(kind: type[CStruct] = CStruct) -> Iterator[type[CStruct]]:
    """Those that have a name in C; the table has imported all."""
    for one in kind.__subclasses__():
        if hasattr(one, "c_type"):
            yield one
        yield from structs(one)


assert OPERATORS
STRUCTS = list(structs())

_STRUCT = re.compile(r"typedef struct \{(.*?)\} (mz_\w+);", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def declared() -> dict[str, list[tuple[str, str]]]:
    """Of every such struct in firmware/kernels: (C type, name) of its fields, in order."""
    known = {kind.c_type for kind in STRUCTS}
    headers = sorted((firmware_dir() / "kernels").glob("*.h"))
    text = "\n".join(_COMMENT.sub("", path.read_text()) for path in headers)
    return {name: list(_fields(body)) for body, name in _STRUCT.findall(text) if name in known}


def _fields(body: str) -> Iterator[tuple[str, str]]:
    for declaration in filter(None, map(str.strip, body.split(";"))):
        whole = re.fullmatch(r"((?:const )?\w+ \*?)(.*)", declaration, re.DOTALL)
        assert whole, declaration
        kind, names = whole.groups()
        for name in names.split(","):
            field = re.fullmatch(r"\s*(\w+)(\[\w+\])?", name)
            assert field, declaration
            base, array = field.groups()
            yield kind.strip() + ("[]" if array else ""), base


DECLARED = declared()


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.c_type)
def test_fields_are_those_of_the_header(kind: type[CStruct]) -> None:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    assert [name for _, name in DECLARED[kind.c_type]] == names
    for c_type, name in DECLARED[kind.c_type]:
        assert c_type in _c_types(hints[name]), f"{kind.c_type}.{name}"


def _c_types(hint: object) -> tuple[str, ...]:
    if hint is int:
        return ("int32_t",)
    if hint is Constant:
        return ("const int8_t *", "const int16_t *", "const int32_t *")
    if isinstance(hint, type) and issubclass(hint, CStruct):
        return (hint.c_type,)
    (element, *_) = getattr(hint, "__args__")  # noqa: B009 - a tuple of one element type
    return tuple(f"{name}[]" for name in _c_types(element))


def test_every_params_struct_is_mirrored() -> None:
    mirrored = {kind.c_type for kind in STRUCTS}
    assert {name for name in DECLARED if name.endswith("_params")} <= mirrored
