"""What a user may choose of an emulated board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Option


@dataclass(frozen=True)
class EmulateOptions:
    """Options of `emulate`. tcp None: any free port. rates: of memories, for modelled cycles.
    faults: as mcuzoo.faults.spec reads it."""

    board: Annotated[str | None, Option("Board of an image file.", "--board", "-b")] = None
    tcp: Annotated[int | None, Option("Console on this TCP port of loopback; 0: any free one.")] = (
        None
    )
    pty: Annotated[bool, Option("Console on a pseudo-terminal.")] = False
    count: Annotated[
        str, Option("Inferences to count the instructions of: N, all or 0; cycles: modelled ones.")
    ] = "1"
    once: Annotated[bool, Option("End when the host closes the TCP console.")] = False
    rates: Annotated[
        Path | None,
        Option("With --count cycles: rates that mcuzoo calibrate measured.", metavar="FILE"),
    ] = None
    faults: Annotated[
        str | None,
        Option(
            "Damage the line: KIND=RATE[:up|:down] or KIND='every TIME', comma separated, seed=N. "
            "Kinds: drop, flip, duplicate, truncate, noise, delay, stall, reopen, reset.",
            metavar="SPEC",
        ),
    ] = None
