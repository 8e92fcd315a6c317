"""What a user may choose of a fetch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mcuzoo.options import Option


@dataclass(frozen=True)
class FetchOptions:
    """Options of `fetch`. origin: a file or an https address."""

    origin: Annotated[
        str | None,
        Option(
            "Take the file, or the archive it is in, from here instead.",
            "--from",
            metavar="FILE|URL",
        ),
    ] = None
    role: Annotated[str | None, Option("int8, uint8, fp32 or keras [what the name means].")] = None
    timeout: Annotated[float, Option("Give up a silent connection after (s).", min=1)] = 30.0
