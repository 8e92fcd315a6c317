"""What a user may choose of a look at this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Option


@dataclass(frozen=True)
class DoctorOptions:
    """Options of `doctor`."""

    sdk: Annotated[
        Path | None, Option("NXP's MCUXpresso SDK [that of MCUXSDK_ROOT].", metavar="DIR")
    ] = None
    tflm: Annotated[Path | None, Option("A TFLite-Micro tree to look at.", metavar="DIR")] = None
