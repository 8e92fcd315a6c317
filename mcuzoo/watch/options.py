"""What a user may choose of a watch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from mcuzoo.options import (
    Baud,
    Labels,
    NoReference,
    Option,
    RecipeOptions,
    Trace,
    UploadModel,
    WaitPort,
)
from mcuzoo.run.options import BoardOptions, PortProject


@dataclass(frozen=True)
class WatchOptions(RecipeOptions):
    """Options of `watch`. labels None: the project's. every: seconds. out: of a run's journal."""

    port: Annotated[
        str | None,
        Option(
            "Serial device, usb:SERIAL, pyserial URL, emulator://PROJECT; auto: the one board that "
            "runs the project.",
            "--port",
            "-p",
            variable="MCUZOO_PORT",
        ),
    ] = None
    folder: Annotated[
        Path | None, Option("Watch this folder.", "--folder", "-f", metavar="DIR")
    ] = None
    camera: Annotated[
        str | None,
        Option("Or a camera by its number, a stream by its URL, a file of video.", metavar="N|URL"),
    ] = None
    existing: Annotated[
        bool, Option("Answer the pictures that are in the folder already, too.")
    ] = False
    once: Annotated[
        bool,
        Option("Answer the pictures that are there (of a camera: one), and end."),
    ] = False
    every: Annotated[
        float | None,
        Option("Take at most one frame of the camera every S seconds.", min=0, metavar="S"),
    ] = None
    project: PortProject = None
    upload: UploadModel = None
    labels: Labels = None
    out: Annotated[
        Path | None,
        Option("Keep what was answered there, for mcuzoo report.", "--out", "-o", metavar="RUN"),
    ] = None
    baud: Baud = None
    wait_port: WaitPort = None
    no_reference: NoReference = False
    trace: Trace = None

    @property
    def of_board(self) -> BoardOptions:
        """What of it is said of the board."""
        return BoardOptions(**{one.name: getattr(self, one.name) for one in fields(BoardOptions)})
