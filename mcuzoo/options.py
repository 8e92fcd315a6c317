"""What every options object has in common.

A verb of mcuzoo takes one frozen options object. Each of its fields says in `Option` what it means
and how the command line writes it, so that the command has the same fields, defaults and words.
Modules with options objects import nothing heavy: the help of a command reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated


class Option:
    """The meaning of a field, beside its type: `limit: Annotated[int | None, Option(...)] = None`.

    help: one sentence; a default that the type does not show is in [brackets]. names: on the
    command line; none given: the field's own, as in --arena-region. metavar: what stands for the
    value. min: the least value of a number. variable: of the environment, where no option is typed.
    """

    def __init__(
        self,
        help: str,
        *names: str,
        metavar: str | None = None,
        min: float | None = None,
        variable: str | None = None,
    ) -> None:
        self.help = help
        self.names = names
        self.metavar = metavar
        self.min = min
        self.variable = variable

    def __repr__(self) -> str:
        return f"Option({self.help!r})"


class Argument(Option):
    """A positional argument of a command. metavar: its name in the help."""


Limit = Annotated[
    int | None, Option("Take so many images, spread over the classes.", "--limit", min=1)
]
Labels = Annotated[
    Path | None, Option("Class names, one a line, in the order of the outputs.", "--labels")
]
Baud = Annotated[int | None, Option("Bits per second [the project's].", "--baud", min=1)]
NoReference = Annotated[bool, Option("Do not compare with the host's outputs.", "--no-reference")]
Trace = Annotated[
    Path | None,
    Option("Write the traffic there, in hex; - is stdout.", "--trace", metavar="FILE"),
]
UploadModel = Annotated[
    str | None,
    Option(
        "Send this model (a name of the zoo, or a file) to a universal firmware first.",
        "--upload",
        metavar="MODEL",
    ),
]
WaitPort = Annotated[
    float | None,
    Option(
        "Wait S seconds for a port that went away [30]; if given, also for one that is not there "
        "yet. A USB device is found again by its serial number, under any name.",
        "--wait-port",
        metavar="S",
        min=0,
    ),
]
Split = Annotated[
    str | None, Option("Part of the data set: train, validation, test ... or all.", "--split")
]
MinTop1 = Annotated[
    float | None, Option("Fail below this accuracy, 0 to 1.", "--min-top1", metavar="RATE")
]
Show = Annotated[
    int | None,
    Option(
        "Print N predictions [all of 10 images or fewer, else the worst misses].",
        "--show",
        min=0,
        metavar="N",
    ),
]
