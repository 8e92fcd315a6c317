"""What every options object has in common.

A verb of mcuzoo takes one frozen options object. Each of its fields says in `Option` what it means
and how the command line writes it, so that the command has the same fields, defaults and words.
Modules with options objects import nothing heavy: the help of a command reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any


class Option:
    """The meaning of a field, beside its type: `limit: Annotated[int | None, Option(...)] = None`.

    help: one sentence; a default that the type does not show is in [brackets]. names: on the
    command line; none given: the field's own, as in --arena-region. metavar: what stands for the
    value. min: the least value of a number. variable: of the environment, where no option is typed.
    bare: the value of the option typed alone; None: it cannot be. Only for commands without
    arguments.
    """

    def __init__(
        self,
        help: str,
        *names: str,
        metavar: str | None = None,
        min: float | None = None,
        variable: str | None = None,
        bare: str | None = None,
    ) -> None:
        self.help = help
        self.names = names
        self.metavar = metavar
        self.min = min
        self.variable = variable
        self.bare = bare

    def __repr__(self) -> str:
        return f"Option({self.help!r})"


def flag_of(name: str) -> str:
    """The option of a field whose Option names none: --arena-region of arena_region."""
    return f"--{name.replace('_', '-')}"


def typed_words(options: Any, without: Collection[str] = ()) -> Iterator[tuple[str, ...]]:
    """Of each field that does not have its default, as it is typed: its option, and a value unless
    it is a switch. options: an options object. without: fields that are left out."""
    for one in fields(options):
        value = getattr(options, one.name)
        if one.name in without or value == one.default or one.default is MISSING:
            continue
        for single in value if isinstance(value, tuple) else (value,):
            yield (flag_of(one.name),) if single is True else (flag_of(one.name), str(single))


class FromEnvironment(str):
    """The value of an option that nobody typed: it is that of its variable."""


class Argument(Option):
    """A positional argument of a command. metavar: its name in the help."""


Limit = Annotated[
    int | None, Option("Take so many images, spread over the classes.", "--limit", min=1)
]
Labels = Annotated[
    Path | None, Option("Class names, one a line, in the order of the outputs.", "--labels")
]
Baud = Annotated[int | None, Option("Bits per second [the project's].", "--baud", min=1)]
MaxBaud = Annotated[
    int | None,
    Option("Highest rate that board and host may change to, without --baud [3000000].", min=1),
]
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
RigFilter = Annotated[
    tuple[str, ...],
    Option(
        "Of the rig, only boards with board=rt1170, tag=fast, name=left* ...; of a farm, places "
        "with this tag or name; several: all of them hold.",
        "--filter",
        metavar="KEY=VALUE",
    ),
]
Rates = Annotated[
    Path | None,
    Option("Rates of the board's memories, as mcuzoo calibrate wrote them.", metavar="FILE"),
]
Split = Annotated[
    str | None, Option("Part of the data set: train, validation, test ... or all.", "--split")
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


@dataclass(frozen=True, kw_only=True)
class RecipeOptions:
    """How pictures become input tensors, in parts: docs/recipes.md. None: not given."""

    recipe: Annotated[
        str | None,
        Option(
            "How pictures become inputs: a TOML file, a model of the zoo, or pixel, raw, unit, tf, "
            "torch, caffe.",
            metavar="FILE|NAME",
        ),
    ] = None
    color: Annotated[str | None, Option("rgb, bgr or gray.")] = None
    crop: Annotated[
        float | None, Option("Keep the central fraction of each side.", metavar="FRACTION")
    ] = None
    fit: Annotated[str | None, Option("stretch, cover, short-side or letterbox.")] = None
    short_side: Annotated[
        int | None, Option("Resize the short side to N, cut out the centre.", min=1, metavar="N")
    ] = None
    fill: Annotated[
        str | None, Option("Pixel around a letterbox: 114, or one per channel.", metavar="PIXEL")
    ] = None
    resize: Annotated[
        str | None,
        Option(
            "nearest, bilinear, area, bicubic or lanczos, as opencv, pillow or tensorflow does it.",
            metavar="[LIBRARY:]KERNEL[:antialias]",
        ),
    ] = None
    exif: Annotated[
        bool | None, Option("Turn pictures as their EXIF says [yes].", "--exif/--no-exif")
    ] = None
    normalize: Annotated[
        str | None,
        Option("pixel (minus 128), raw, unit (0..1), tf (-1..1), torch or caffe.", metavar="NAME"),
    ] = None
    scale: Annotated[
        str | None, Option("Input = (pixel * SCALE - mean) / std; 1/255.", metavar="SCALE")
    ] = None
    mean: Annotated[
        str | None, Option("Of all channels, or one each: 0.485,0.456,0.406.", metavar="MEAN")
    ] = None
    std: Annotated[str | None, Option("As --mean.", metavar="STD")] = None

    @property
    def recipe_flags(self) -> tuple[str, ...]:
        """The options of a recipe that were given, as they are typed."""
        names = RecipeOptions.__dataclass_fields__
        return tuple(flag_of(name) for name in names if getattr(self, name) is not None)
