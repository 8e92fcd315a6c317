"""Options that several commands have, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Weights = Annotated[
    str,
    typer.Option(help="Where the constants live: auto (by estimate), flash, ram, or a region."),
]

Pin = Annotated[
    list[str] | None,
    typer.Option("--pin", help="OP=REGION: where an op's constants live; may be repeated."),
]

ArenaRegion = Annotated[
    str | None, typer.Option(help="Pin the tensor arena to this memory region.")
]

Baud = Annotated[int | None, typer.Option("--baud", min=1, help="Bits per second [the project's].")]

WaitPort = Annotated[
    float | None,
    typer.Option(
        "--wait-port",
        metavar="S",
        min=0,
        help="Wait S seconds for a port that went away [30]; if given, also for one that is not "
        "there yet. A USB device is found again by its serial number, under any name.",
    ),
]

NoReference = Annotated[
    bool, typer.Option("--no-reference", help="Do not compare with the host's outputs.")
]

Show = Annotated[
    int | None,
    typer.Option(
        "--show",
        min=0,
        metavar="N",
        help="Print N predictions [all of 10 images or fewer, else the worst misses].",
    ),
]

Trace = Annotated[
    Path | None,
    typer.Option("--trace", metavar="FILE", help="Write the traffic there, in hex; - is stdout."),
]

UploadModel = Annotated[
    str | None,
    typer.Option(
        "--upload",
        metavar="MODEL",
        help="Send this model (a name of the zoo, or a file) to a universal firmware first.",
    ),
]
