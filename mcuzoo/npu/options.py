"""What a user may choose of the NPU's compiler."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.errors import UsageError
from mcuzoo.options import Option

OPTIMISE = ("performance", "size")
DEFAULT_TIME_LIMIT_S = 600.0


@dataclass(frozen=True)
class VelaOptions:
    """Options of a compilation by Vela, Arm's compiler for Ethos-U NPUs."""

    vela_program: Annotated[
        Path | None,
        Option(
            "Arm's compiler [MCUZOO_VELA, the package ethos-u-vela, or vela on the PATH].",
            "--vela-program",
            metavar="PROGRAM",
        ),
    ] = None
    vela_optimise: Annotated[
        str, Option("Vela optimises for performance or for size.", metavar="WHAT")
    ] = "performance"
    vela_time_limit: Annotated[
        float, Option("Give Vela up after S seconds.", "--vela-time-limit", metavar="S", min=1)
    ] = DEFAULT_TIME_LIMIT_S

    def check(self) -> None:
        """Raise UsageError for a word that Vela does not know."""
        if self.vela_optimise not in OPTIMISE:
            raise UsageError(
                f"--vela-optimise: there is no {self.vela_optimise!r}; Vela knows "
                f"{' and '.join(OPTIMISE)}.",
                "--vela-optimise size takes less memory, and perhaps more time.",
            )
