"""What a user may choose of a try."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Labels, Limit, Option, Rates, RecipeOptions
from mcuzoo.project.kinds import DEFAULT_BOARD as DEFAULT_BOARD


@dataclass(frozen=True)
class TryOptions(RecipeOptions):
    """Options of `try_model` (mcuzoo try). output None: mcuzoo-try-BOARD-MODEL, here."""

    images: Annotated[
        Path | None,
        Option(
            "Pictures: folder, CSV (file,label), fer2013.csv, or signs [the model's own samples, "
            "else drawn ones].",
            metavar="DIR|CSV",
        ),
    ] = None
    labels: Labels = None
    limit: Limit = 10
    stream_input: Annotated[
        bool, Option("Consume the input as it arrives, for a smaller arena.")
    ] = False
    tflm: Annotated[
        Path | None, Option("Run it with TFLite-Micro, from this tree of it [mcuzoo's own C].")
    ] = None
    rates: Rates = None
    output: Annotated[
        Path | None,
        Option("Folder for all that is made [mcuzoo-try-BOARD-MODEL].", "--output", "-o"),
    ] = None
    force: Annotated[bool, Option("Write into a folder that is no earlier try, or was edited.")] = (
        False
    )
