"""What all board tables share: immutable, no unknown keys, no silent conversions."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
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

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(Table):
    """A table whose numbers come from somewhere; `source` says where."""

    source: Text
