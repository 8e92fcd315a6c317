"""What a user may choose of a run, of a profile and of a conversion's check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.budgets import BudgetOptions, Budgets, MaxInstructions, MaxLatencyMs, StrictBudgets
from mcuzoo.options import (
    Baud,
    Labels,
    Limit,
    MaxBaud,
    NoReference,
    Option,
    Rates,
    RecipeOptions,
    RigFilter,
    Split,
    Trace,
    UploadModel,
    WaitPort,
)

NO_CPU = "no"
"""Of --board-cpu: no engine."""

PortProject = Annotated[
    Path | None, Option("Project that the port's board runs; default: the current folder.")
]


@dataclass(frozen=True)
class RunOptions(RecipeOptions, BudgetOptions):
    """Options of `run` (mcuzoo run-serial). None, False: not given; a resumed run keeps its own."""

    port: Annotated[
        str | tuple[str, ...] | None,
        Option(
            "Serial device, usb:SERIAL, pyserial URL, emulator://PROJECT; auto: the one board that "
            "runs the project; all: all that do. Given several times: those boards at once.",
            "--port",
            "-p",
            variable="MCUZOO_PORT",
        ),
    ] = None
    rig: Annotated[
        Path | None,
        Option("Run on the boards of this rig file at once.", "--rig", metavar="RIG.toml"),
    ] = None
    filter: RigFilter = ()
    labgrid: Annotated[
        str | None,
        Option(
            "Run on places of a labgrid farm, by its coordinator [LG_COORDINATOR, or "
            "127.0.0.1:20408]. They are acquired, and released in any case.",
            metavar="[HOST[:PORT]]",
            bare="",
        ),
    ] = None
    boards: Annotated[
        int | None, Option("Acquire so many places of the farm [1].", min=1, metavar="N")
    ] = None
    lg_wait: Annotated[
        float | None,
        Option("Wait S seconds for places that others have [60].", min=0, metavar="S"),
    ] = None
    lg_env: Annotated[
        Path | None,
        Option("A labgrid environment whose drivers switch the power of places.", metavar="FILE"),
    ] = None
    lg_state: Annotated[
        str | None,
        Option("Let the strategy of --lg-env bring a lost board to this state.", metavar="STATE"),
    ] = None
    project: Annotated[
        Path | None,
        Option("Exported project [that of emulator://, or the one here that the board runs]."),
    ] = None
    upload: UploadModel = None
    images: Annotated[
        Path | None,
        Option(
            "Data set: folder, CSV (file,label), fer2013.csv, or signs; default: samples.",
            metavar="DIR|CSV",
        ),
    ] = None
    labels: Labels = None
    limit: Limit = None
    split: Split = None
    out: Annotated[
        Path | None, Option("Folder of the run; default: in runs/.", "--out", "-o", metavar="RUN")
    ] = None
    resume: Annotated[
        Path | None, Option("Go on with this run, set up as it was.", metavar="RUN")
    ] = None
    baud: Baud = None
    max_baud: MaxBaud = None
    wait_port: WaitPort = None
    no_reference: NoReference = False
    board_cpu: Annotated[
        str | None,
        Option(
            "Where a delegate computes, run the images on this engine of the board's CPU, too; no: "
            "on none [builtin, xnnpack or none, the first that it offers].",
            metavar="ENGINE|no",
        ),
    ] = None
    no_compress: Annotated[
        bool, Option("Send every input as it is, even where a shorter encoding is known.")
    ] = False
    strict: Annotated[bool, Option("Fail when an image cannot be decoded.")] = False
    trace: Trace = None

    @property
    def ports(self) -> tuple[str, ...]:
        """The ports that were given."""
        if self.port is None:
            return ()
        return (self.port,) if isinstance(self.port, str) else tuple(self.port)

    @property
    def one_port(self) -> str | None:
        """The first port that was given."""
        return next(iter(self.ports), None)


@dataclass(frozen=True)
class BoardOptions(RecipeOptions):
    """Options of `open_board`. project: of a board at a port. labels None: the project's."""

    project: PortProject = None
    upload: UploadModel = None
    labels: Labels = None
    baud: Baud = None
    wait_port: WaitPort = None
    no_reference: NoReference = False
    trace: Trace = None


@dataclass(frozen=True)
class ProfileOptions(RecipeOptions):
    """Options of `profile`. upload: the model for a universal project. rates: with cycles alone."""

    project: PortProject = None
    upload: UploadModel = None
    image: Annotated[
        Path | None, Option("Picture to run; default: the project's first sample.")
    ] = None
    baud: Baud = None
    no_reference: NoReference = False
    trace: Trace = None
    cycles: Annotated[
        bool, Option("Of a project: modelled cycles and what they are spent for, an estimate.")
    ] = False
    rates: Rates = None
    max_latency_ms: MaxLatencyMs = None
    max_instructions: MaxInstructions = None
    strict_budgets: StrictBudgets = False

    @property
    def budgets(self) -> Budgets:
        return Budgets(max_latency_ms=self.max_latency_ms, max_instructions=self.max_instructions)


@dataclass(frozen=True)
class ConvertOptions(RecipeOptions):
    """Options of `convert`. labels, limit: for the images."""

    io: Annotated[str, Option("int8: cut a leading QUANTIZE and a final DEQUANTIZE; or keep.")] = (
        "keep"
    )
    images: Annotated[
        Path | None,
        Option(
            "Compare both models on these images, class folders, or CSV (file,label).",
            metavar="DIR|CSV",
        ),
    ] = None
    labels: Labels = None
    limit: Limit = None
