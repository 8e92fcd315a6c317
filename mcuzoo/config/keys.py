"""The keys of mcuzoo.toml: those that several commands share, and which options have none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Option

FILE_NAME = "mcuzoo.toml"
PREFIX = "MCUZOO_"
BUDGETS_TABLE = "budgets"


@dataclass(frozen=True, kw_only=True)
class SharedKeys:
    """The keys on top of mcuzoo.toml. Paths: as this process can open them. None, (): not said."""

    model: Annotated[str | None, Option("A model of the zoo, or a .tflite file.")] = None
    board: Annotated[str | None, Option("One of mcuzoo boards, or a .toml file.")] = None
    project: Annotated[
        Path | None, Option("The project's folder: export writes it, the others take it.")
    ] = None
    images: Annotated[
        Path | None, Option("Data set: folder, CSV (file,label), fer2013.csv, or signs.")
    ] = None
    labels: Annotated[
        Path | None, Option("Class names, one a line, in the order of the outputs.")
    ] = None
    recipe: Annotated[
        str | None,
        Option("How pictures become inputs: a TOML file, a model of the zoo, or tf, torch, ..."),
    ] = None
    port: Annotated[
        tuple[str, ...], Option("Serial device, usb:SERIAL, URL, auto, all; or several.")
    ] = ()
    rig: Annotated[Path | None, Option("The rig's file, instead of a port.")] = None
    filter: Annotated[tuple[str, ...], Option("Which boards of the rig: KEY=VALUE.")] = ()
    baud: Annotated[int | None, Option("Bits per second of the port.", min=1)] = None
    sdk: Annotated[Path | None, Option("NXP's MCUXpresso SDK, its folder mcuxsdk.")] = None
    tflm: Annotated[Path | None, Option("TFLite-Micro's tree.")] = None
    rates: Annotated[Path | None, Option("Rates that mcuzoo calibrate measured.")] = None


TAKEN_BY: Mapping[str, Mapping[str, str]] = {
    "model": {
        "try": "model",
        "fetch": "model",
        "inspect": "model",
        "fit": "models",
        "export": "models",
        "evaluate": "model",
        "doctor-image": "model",
        "doctor-data": "model",
    },
    "board": dict.fromkeys(("try", "fit", "export", "evaluate", "calibrate"), "board"),
    "project": {
        "export": "output",
        "emulate": "image",
        **dict.fromkeys(("build", "flash", "run-serial", "watch", "profile", "sbom"), "project"),
    },
    "images": {"try": "images", "run-serial": "images", "evaluate": "data", "doctor-data": "data"},
    "labels": dict.fromkeys(("try", "run-serial", "watch", "evaluate", "doctor-data"), "labels"),
    "recipe": dict.fromkeys(
        (
            "try",
            "export",
            "run-serial",
            "watch",
            "evaluate",
            "doctor-image",
            "doctor-data",
            "profile",
        ),
        "recipe",
    ),
    "port": dict.fromkeys(("flash", "run-serial", "watch"), "port"),
    "rig": {"flash": "rig", "run-serial": "rig", "rig": "file"},
    "filter": dict.fromkeys(("flash", "run-serial", "rig"), "filter"),
    "baud": dict.fromkeys(("flash", "run-serial", "watch", "profile"), "baud"),
    "sdk": dict.fromkeys(("doctor", "build", "flash"), "sdk"),
    "tflm": dict.fromkeys(("doctor", "fit", "export"), "tflm"),
    "rates": dict.fromkeys(("try", "fit", "export", "profile"), "rates"),
}
"""By shared key: the commands that take it, and by which parameter."""

BESIDES: Mapping[str, tuple[str, frozenset[str]]] = {
    "fit": (
        "export",
        frozenset(
            (
                "runtime",
                "project",
                "weights",
                "pin",
                "arena_region",
                "stream_input",
                "kernels",
                "plan",
                "rates",
            )
        ),
    )
}
"""`fit` plans what `export` makes: what its own table does not say, that of export does."""

NO_BUDGETS = frozenset(("report",))
"""Commands that are not judged by `[budgets]`: what they show was judged when it was run."""

ONLY_TYPED = frozenset(
    {
        *("json_output", "force", "resume", "universal", "dry_run", "command", "shell", "measure"),
        *("vela_program", "flash"),
    }
)
"""Parameters without a key: they change what a command is, or let it run a program."""

WRITTEN = frozenset(
    {
        "bundle",
        "codequality",
        "csv",
        "html",
        "junit",
        "metrics",
        "out",
        "output",
        "outputs",
        "save",
        "save_labels",
        "summary",
        "trace",
    }
)
"""Parameters that name what is written. A file may name only what lies in its own folder."""

NAMES_OR_FILES = frozenset(
    {"against_model", "board", "model", "models", "network", "origin", "recipe", "upload"}
)
"""Text parameters that name a file, or something that mcuzoo knows by name."""
