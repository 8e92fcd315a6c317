"""What a user may choose of a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.npu.options import VelaOptions
from mcuzoo.options import Option, RecipeOptions, typed_words
from mcuzoo.plan.options import MemoryOptions


@dataclass(frozen=True)
class ExportOptions(MemoryOptions, RecipeOptions, VelaOptions):
    """Options of `export`. tflm None: an SDK application, whose SDK or build has TFLM. no_npu,
    systemd, and those of Vela: for boards that run Linux alone."""

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
    no_npu: Annotated[
        bool, Option("For Linux: no file for the NPU, so that no compiler of it is needed.")
    ] = False
    systemd: Annotated[
        bool, Option("For Linux: add a systemd unit that starts the Python agent.")
    ] = False
    force: Annotated[bool, Option("Write into a folder that is not a pristine project.")] = False

    @property
    def npu_words(self) -> tuple[str, ...]:
        """The given options that are about an NPU's compiler, as they are typed."""
        about = {"no_npu", *VelaOptions.__dataclass_fields__}
        others = set(self.__dataclass_fields__) - about
        return tuple(words[0] for words in typed_words(self, others))

    @property
    def linux_words(self) -> tuple[str, ...]:
        """The given options that only a board with Linux has, as they are typed."""
        return (*self.npu_words, *(["--systemd"] if self.systemd else []))


ALONE = ExportOptions(runtime="aot", project="cmake")
"""A project that is built with nothing but a C compiler."""
