"""What a user may choose of a quantization."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Labels, Option, RecipeOptions


@dataclass(frozen=True)
class QuantizeOptions(RecipeOptions):
    """Options of `quantize`. network: zoo model with a file's layers, preprocessing, labels."""

    samples: Annotated[int, Option("So many of them, over all classes.", min=1)] = 100
    network: Annotated[
        str | None, Option("The zoo's model that a file of weights (or its pictures) belongs to.")
    ] = None
    input: Annotated[str | None, Option("HxWxC, where the network leaves it open.")] = None
    labels: Labels = None
    split: Annotated[str | None, Option("Part of the data set to calibrate on.")] = None
    images: Annotated[
        Path | None, Option("Score both models on these [calibration's].", metavar="DIR|CSV")
    ] = None
    limit: Annotated[int, Option("Score on so many images; 0: do not score.", min=0)] = 500
