"""What a user may ask of a rig."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Option, RigFilter


@dataclass(frozen=True)
class RigOptions:
    """Options of `rig`. out, baud: of a scan; filter, power: of a check. None, (): not given."""

    out: Annotated[
        Path | None,
        Option("scan: the rig's file; - prints it.", "--out", "-o", metavar="RIG.toml"),
    ] = None
    filter: RigFilter = ()
    power: Annotated[bool, Option("check: switch each board off and on, too.", "--power")] = False
    baud: Annotated[
        tuple[int, ...], Option("scan: rate to ask at, one or several [the boards'].", min=1)
    ] = ()
