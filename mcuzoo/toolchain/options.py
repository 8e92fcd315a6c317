"""What a user may choose of a build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Option


@dataclass(frozen=True)
class BuildOptions:
    """Options of `build`. None: the project's own, or the first that is found."""

    compiler: Annotated[str | None, Option("gcc or zig [the first that is found].")] = None
    optimization: Annotated[str | None, Option("0, 1, 2, 3 or s [2].", "--optimization", "-O")] = (
        None
    )
    tflm: Annotated[Path | None, Option("TFLM's tree, if not the one of the export.")] = None
    sdk: Annotated[
        Path | None, Option("NXP's MCUXpresso SDK, its folder mcuxsdk [$MCUXSDK_ROOT].")
    ] = None
    config: Annotated[str | None, Option("In the SDK: release or debug [release].")] = None
