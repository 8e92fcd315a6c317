"""What a user may choose of doctor-data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mcuzoo.options import Labels, Option, RecipeOptions, Split


@dataclass(frozen=True)
class DoctorDataOptions(RecipeOptions):
    """Options of `doctor_data`. None: not given."""

    split: Split = None
    limit: Annotated[
        int | None,
        Option(
            "Take so many images, spread over the classes [100; 6 per class up to 66 classes].",
            "--limit",
            min=1,
        ),
    ] = None
    labels: Labels = None
