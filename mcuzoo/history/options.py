"""What a user may choose of a history of runs, and of a search for what differs between two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Option


@dataclass(frozen=True)
class HistoryOptions:
    """Options of `history`. None: runs of every model, of every board, from the first one on."""

    model: Annotated[str | None, Option("Only runs of this model.", metavar="NAME")] = None
    board: Annotated[str | None, Option("Only runs on this board.", metavar="NAME")] = None
    since: Annotated[
        str | None, Option("Only runs begun on this day (UTC) or later.", metavar="YYYY-MM-DD")
    ] = None


@dataclass(frozen=True)
class BisectOptions:
    """Options of `bisect`. None: the projects are where the runs say they were."""

    project_a: Annotated[
        Path | None, Option("The project of RUN_A [where it was].", metavar="DIR")
    ] = None
    project_b: Annotated[
        Path | None, Option("The project of RUN_B [where it was].", metavar="DIR")
    ] = None
    no_emulation: Annotated[
        bool, Option("Do not look for the first layer: read the journals alone.", "--no-emulation")
    ] = False
