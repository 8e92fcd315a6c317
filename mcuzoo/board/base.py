"""What all board tables share: immutable, no unknown keys, no silent conversions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{text!r} has characters that cannot be printed")
    return text


Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=60)]
"""What other tools call a thing: a word in a path and on a command line."""
DeviceName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*:[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)
]
"""A chip and a board of it, as LinkServer writes them: MIMXRT1052xxxxB:EVKB-IMXRT1050."""
Macro = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
"""A name in C."""
Text = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_one_line)]
"""One line for a reader."""
Label = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_one_line)]
"""A few words for a reader."""
Flag = Annotated[bool, Field(strict=True)]
Address = Annotated[int, Field(strict=True, ge=0, le=0xFFFF_FFFF)]
Word = Annotated[int, Field(strict=True, ge=0, le=0xFFFF_FFFF)]
Byte = Annotated[int, Field(strict=True, ge=0, le=0xFF)]
Hertz = Annotated[int, Field(strict=True, gt=0, le=0xFFFF_FFFF)]
Size = Annotated[int, Field(strict=True, gt=0, le=1 << 32)]
Offset = Annotated[int, Field(strict=True, ge=0, lt=1 << 32)]
Clocks = Annotated[int, Field(strict=True, ge=0, le=1 << 16)]
Count = Annotated[int, Field(strict=True, gt=0, le=1 << 16)]


class Table(BaseModel):
    """A TOML table."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Fact(Table):
    """A table whose numbers come from somewhere; `source` says where."""

    source: Text


def is_one_of(name: str, known_as: Iterable[str]) -> bool:
    """Whether `name` is one of a board's names, in any case and with anything between its words."""
    wanted = _plain_name(name)
    return bool(wanted) and wanted in map(_plain_name, known_as)


def _plain_name(name: str) -> str:
    """Letters and digits alone, without the words for an evaluation kit before or behind them."""
    plain = re.sub(r"[\W_]", "", name.casefold())
    return re.sub(r"^evkb?|evkb?$", "", plain)
