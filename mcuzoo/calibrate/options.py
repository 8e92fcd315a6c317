"""What a user may choose of a calibration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Baud, Option, Trace, WaitPort

EMULATOR = "emulator"
"""The port that is the emulated board with the firmware."""


@dataclass(frozen=True)
class CalibrateOptions:
    """Options of `calibrate`. port None: not given. output None: no file. project None:
    mcuzoo-BOARD-calibrate, here."""

    port: Annotated[
        str | None,
        Option(
            "Port of the board, as run-serial takes it, or auto; emulator: the emulated board.",
            "--port",
            "-p",
            variable="MCUZOO_PORT",
        ),
    ] = None
    output: Annotated[
        Path | None, Option("Write the measured rates there.", "--output", "-o", metavar="FILE")
    ] = None
    project: Annotated[
        Path | None,
        Option("Folder of the firmware that measures [mcuzoo-BOARD-calibrate].", metavar="DIR"),
    ] = None
    kind: Annotated[
        str, Option("The firmware as cmake (stand-alone) or mcuxpresso (NXP's SDK builds it).")
    ] = "cmake"
    compiler: Annotated[str | None, Option("gcc or zig [the first that is found].")] = None
    flash: Annotated[
        bool, Option("Flash the firmware first, by mcuzoo flash and the only probe.")
    ] = False
    probe: Annotated[
        str | None, Option("With --flash: serial number of the debug probe.", metavar="ID")
    ] = None
    serial: Annotated[
        str | None,
        Option("The board's serial number, for the file [that of its USB device].", metavar="TEXT"),
    ] = None
    rounds: Annotated[int, Option("Measure so often, and take the middle.", min=1, metavar="N")] = 3
    baud: Baud = None
    wait_port: WaitPort = None
    force: Annotated[bool, Option("Write into a folder that is not a pristine project.")] = False
    trace: Trace = None
