"""What a user may choose of flashing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Baud, Option

WAYS = ("auto", "pyocd", "linkserver", "jlink", "spsdk", "west", "command")
"""What --via takes."""


@dataclass(frozen=True)
class FlashOptions:
    """Options of `flash`. None: not given."""

    via: Annotated[str, Option(f"{', '.join(WAYS[:-1])} or {WAYS[-1]}.", metavar="WAY")] = "auto"
    probe: Annotated[
        str | None,
        Option("Serial number of the debug probe; mcuzoo probes lists them.", metavar="ID"),
    ] = None
    port: Annotated[
        str | None,
        Option(
            "Console port of the board, as run-serial takes it, or auto [the probe's, else all].",
            "--port",
            "-p",
            variable="MCUZOO_PORT",
        ),
    ] = None
    baud: Baud = None
    wait: Annotated[
        float | None,
        Option(
            "Wait S seconds for the board's HELLO [15; 120 where switches must be set first].",
            metavar="S",
            min=0,
        ),
    ] = None
    no_hello: Annotated[bool, Option("Do not ask the board what it runs afterwards.")] = False
    flashloader: Annotated[
        Path | None,
        Option(
            "For spsdk: NXP's ivt_flashloader.bin of the chip.",
            metavar="FILE",
            variable="MCUZOO_FLASHLOADER",
        ),
    ] = None
    download: Annotated[
        str,
        Option("For spsdk: where the board's ROM listens, usb or a serial port.", metavar="LINE"),
    ] = "usb"
    command: Annotated[
        str | None,
        Option(
            "For command: what to run. {elf} {bin} {hex} {address} {probe} {board} are replaced.",
            metavar="TEMPLATE",
        ),
    ] = None
    shell: Annotated[bool, Option("Run --command by the shell.")] = False
    runner: Annotated[
        str | None, Option("For west: the runner [the board's first].", metavar="NAME")
    ] = None
    sdk: Annotated[
        Path | None,
        Option("For west: NXP's MCUXpresso SDK [that of MCUXSDK_ROOT].", metavar="DIR"),
    ] = None
    time_limit: Annotated[
        float | None,
        Option("A tool may take S seconds [by the image's size].", metavar="S", min=1),
    ] = None
    dry_run: Annotated[bool, Option("Say what would be done, and do nothing.")] = False
