"""What a user may choose of a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Option, RecipeOptions
from mcuzoo.plan.options import MemoryOptions


@dataclass(frozen=True)
class ExportOptions(MemoryOptions, RecipeOptions):
    """Options of `export`. tflm None: an SDK application, whose SDK or build has TFLM."""

    output: Annotated[
        Path | None, Option("Project folder [mcuzoo-BOARD-MODEL].", "--output", "-o")
    ] = None
    tflm: Annotated[Path | None, Option("TFLM's tree, as create_tflm_tree.py makes it.")] = None
    embed: Annotated[
        str | None, Option("TFLM's model file: array (C) or incbin (assembler) [array].")
    ] = None
    baud: Annotated[
        int | None, Option("Bits per second of the firmware's console [the board file's].", min=1)
    ] = None
    universal: Annotated[
        bool, Option("TFLM without a model: it takes any over the link, see --ops.")
    ] = False
    ops: Annotated[
        str | None,
        Option("With --universal: CONV_2D,SOFTMAX,... [those of the MODELs given, or all known]."),
    ] = None
    model_region: Annotated[
        str | None, Option("With --universal: the one memory region for models.")
    ] = None
    force: Annotated[bool, Option("Write into a folder that is not a pristine project.")] = False


ALONE = ExportOptions(runtime="aot", project="cmake")
"""A project that is built with nothing but a C compiler."""
