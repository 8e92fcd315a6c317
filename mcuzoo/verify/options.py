"""What a user may choose of a verification."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Limit, Option, RecipeOptions, Split


@dataclass(frozen=True)
class VerifyOptions(RecipeOptions):
    """Options of `verify`. None: not given."""

    vela: Annotated[
        Path | None,
        Option("The file that Vela compiled [the project's].", metavar="FILE_vela.tflite"),
    ] = None
    images: Annotated[
        Path | None,
        Option(
            "Run these through the file, too: folder, CSV (file,label), fer2013.csv, or signs.",
            metavar="DIR|CSV|signs",
        ),
    ] = None
    limit: Limit = None
    split: Split = None
