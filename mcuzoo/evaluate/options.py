"""What a user may choose of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.budgets import Budgets, MaxFlips, MaxMismatches, MinTop1, StrictBudgets
from mcuzoo.options import Labels, Limit, Option, RecipeOptions, Show

DEFAULT_BOARD = "rt1170"


@dataclass(frozen=True)
class EvaluateOptions(RecipeOptions):
    """Options of `evaluate`. None, or False: not given."""

    engine: Annotated[
        str | None,
        Option(
            "reference, tflm, litert-ref, xnnpack, single-rounding, emulator, or a board's port.",
            metavar="ENGINE|PORT",
        ),
    ] = None
    role: Annotated[str | None, Option("Of a model of the zoo: int8, uint8 or fp32 [int8].")] = None
    against: Annotated[str | None, Option("Compare with this engine.", metavar="ENGINE|PORT")] = (
        None
    )
    against_model: Annotated[str | None, Option("Compare with this model.", metavar="MODEL")] = None
    exposure: Annotated[
        bool,
        Option("Warn how many answers flip under single rounding, as on the i.MX 8M Plus."),
    ] = False
    split: Annotated[
        str | None, Option("train, validation, test, public-test, private-test or all.")
    ] = None
    limit: Limit = None
    labels: Labels = None
    jobs: Annotated[
        int | None,
        Option(
            "Processes, or emulated boards [one per core and 16 images].", "--jobs", "-j", min=1
        ),
    ] = None
    board: Annotated[str, Option("Which board is emulated, or is at PORT.", "--board", "-b")] = (
        DEFAULT_BOARD
    )
    baud: Annotated[
        int | None, Option("Bits per second of PORT [what --board's file says].", min=1)
    ] = None
    outputs: Annotated[Path | None, Option("Write the raw outputs.", metavar="FILE.npy")] = None
    min_top1: MinTop1 = None
    max_mismatches: MaxMismatches = None
    max_flips: MaxFlips = None
    strict_budgets: StrictBudgets = False
    require_equal: Annotated[bool, Option("Fail when an output differs from --against.")] = False
    strict: Annotated[bool, Option("Fail when an image cannot be used.")] = False
    remember: Annotated[
        bool, Option("For the table of mcuzoo models.", "--remember/--no-remember")
    ] = True
    resume: Annotated[bool, Option("Go on where the same command was interrupted.")] = False
    show: Show = None

    @property
    def budgets(self) -> Budgets:
        return Budgets(
            min_top1=self.min_top1,
            max_mismatches=self.max_mismatches,
            max_flips=self.max_flips,
        )


@dataclass(frozen=True)
class LookFiles:
    """Files of `doctor-image`. tensor: read; out, save: written. None: not given."""

    tensor: Annotated[
        Path | None,
        Option("A tensor made of it: raw int8, .npy or a C array.", "--tensor", metavar="FILE"),
    ] = None
    out: Annotated[
        Path | None,
        Option("Write what it sees, enlarged.", "--out", "-o", metavar="PNG"),
    ] = None
    save: Annotated[
        Path | None,
        Option("Write the right tensor: .npy, else raw int8.", "--save", metavar="FILE"),
    ] = None
