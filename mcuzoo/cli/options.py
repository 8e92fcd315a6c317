"""Options that several commands have, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TextIO

import typer

from mcuzoo.errors import UsageError

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

Baud = Annotated[int, typer.Option("--baud", min=1, help="Bits per second.")]

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
    typer.Option("--trace", metavar="FILE", help="Write the traffic there, timed, in hex."),
]

UploadModel = Annotated[
    str | None,
    typer.Option(
        "--upload",
        metavar="MODEL",
        help="Send this model (a name of the zoo, or a file) to a universal firmware first.",
    ),
]


def opened_trace(trace: Path) -> TextIO:
    """A file for --trace. Raises UsageError."""
    try:
        return trace.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The trace {trace} cannot be written: {error.strerror}.", "Name another file."
        ) from error
