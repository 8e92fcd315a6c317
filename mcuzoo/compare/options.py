"""What a user may choose of a comparison of projects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.budgets import MaxFlips
from mcuzoo.options import Baud, Labels, Limit, Option, RecipeOptions


@dataclass(frozen=True)
class CompareOptions(RecipeOptions):
    """Options of `compare`. port: those of the first projects. baud None: each project's own."""

    port: Annotated[
        tuple[str, ...],
        Option("Port of a project's board, in their order; - emulates [all].", "--port", "-p"),
    ] = ()
    images: Annotated[
        Path | None,
        Option(
            "Images, class folders, or CSV; default: the first project's samples.",
            metavar="DIR|CSV",
        ),
    ] = None
    labels: Labels = None
    limit: Limit = 10
    baud: Baud = None
    no_reference: Annotated[bool, Option("Compare with the first project, not with the host.")] = (
        False
    )
    max_flips: MaxFlips = None
