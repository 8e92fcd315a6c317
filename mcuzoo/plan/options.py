"""What a user may choose of a model's memory."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from mcuzoo.budgets import (
    BudgetResult,
    Budgets,
    Figure,
    MaxArenaBytes,
    MaxCpuOps,
    MaxFlashBytes,
    judge,
    judged,
)
from mcuzoo.npu.options import VelaOptions
from mcuzoo.options import Baud, Option, Rates
from mcuzoo.project.kinds import (
    DEFAULT_PROJECT,
    DEFAULT_RUNTIME,
    WeightsChoice,
    check_project,
    check_runtime,
)

if TYPE_CHECKING:
    from mcuzoo.board.model import Board


@dataclass(frozen=True)
class MemoryOptions:
    """Options that decide the needed memory. weights: one of WEIGHTS, or a region. rates None: as
    the board file says."""

    runtime: Annotated[
        str | None, Option("tflm (TFLite-Micro) or aot (mcuzoo's ahead-of-time C) [tflm].")
    ] = None
    project: Annotated[
        str | None,
        Option(
            "mcuxpresso (NXP's SDK builds it) or cmake (stand-alone) "
            "[mcuxpresso; cmake with --universal]."
        ),
    ] = None
    weights: Annotated[
        WeightsChoice,
        Option("Where the constants live: auto (by estimate), flash, ram, or a region."),
    ] = "auto"
    pin: Annotated[
        tuple[str, ...], Option("OP=REGION: where an op's constants live; may be repeated.")
    ] = ()
    arena_region: Annotated[str | None, Option("Pin the tensor arena to this memory region.")] = (
        None
    )
    stream_input: Annotated[
        bool,
        Option("With --runtime aot: consume the input as it arrives, for a smaller arena."),
    ] = False
    kernels: Annotated[str | None, Option("TFLM's kernels: cmsis-nn or reference [cmsis-nn].")] = (
        None
    )
    rates: Rates = None
    plan: Annotated[
        str | None,
        Option("Who plans TFLM's arena: offline (mcuzoo) or greedy (TFLM) [the smaller]."),
    ] = None

    @property
    def runtime_kind(self) -> str:
        """The chosen runtime, or the default. Raises UsageError for an unknown one."""
        return check_runtime(self.runtime or DEFAULT_RUNTIME)

    def project_kind(self, board: Board) -> str:
        """The chosen kind, else NXP's SDK if the board file has it. Raises UsageError."""
        return check_project(self.project or (DEFAULT_PROJECT if board.sdk else "cmake"))


@dataclass(frozen=True)
class FitOptions(MemoryOptions):
    """Options of `fit`. Without a runtime the verdict on the other one is added in a line."""

    max_arena_bytes: MaxArenaBytes = None
    max_flash_bytes: MaxFlashBytes = None

    @property
    def budgets(self) -> Budgets:
        return Budgets(max_arena_bytes=self.max_arena_bytes, max_flash_bytes=self.max_flash_bytes)

    def judged(self, arena: Figure, flash: Figure) -> tuple[BudgetResult, ...]:
        """Each budget that is given, by its figure. Raises UsageError for what is no bound."""
        self.budgets.check()
        return judge(self.budgets, {"max_arena_bytes": arena, "max_flash_bytes": flash})


@dataclass(frozen=True)
class NpuOptions(VelaOptions):
    """What is asked of an Ethos-U NPU. max_cpu_ops: operators that may be left to the CPU."""

    max_cpu_ops: MaxCpuOps = None


@dataclass(frozen=True)
class LinuxFitOptions(NpuOptions):
    """Options of `fit_linux`. max_arena_bytes: of the C agent."""

    max_arena_bytes: MaxArenaBytes = None

    def judged(self, arena: Figure, left: Figure) -> tuple[BudgetResult, ...]:
        """Each budget that is given, by its figure. Raises UsageError for what is no bound."""
        budgets = Budgets(max_arena_bytes=self.max_arena_bytes)
        budgets.check()
        found = judge(budgets, {"max_arena_bytes": arena})
        if self.max_cpu_ops is None:
            return found
        return (*found, judged("max_cpu_ops", self.max_cpu_ops, left))


@dataclass(frozen=True)
class MeasureOptions(FitOptions):
    """Options of `measure`, which builds and boots what `fit` plans. runtime None: tflm if there is
    a tree of it, else aot. port None: the emulated board. baud None: the board file's."""

    tflm: Annotated[Path | None, Option("With --measure: TFLM's tree, as for mcuzoo export.")] = (
        None
    )
    output: Annotated[
        Path | None,
        Option("With --measure: the project folder [mcuzoo-BOARD-MODEL].", "--output", "-o"),
    ] = None
    port: Annotated[
        str | None, Option("With --measure: a real board's port [emulated].", "--port", "-p")
    ] = None
    baud: Baud = None


@dataclass(frozen=True)
class AnyFitOptions(NpuOptions, MeasureOptions):
    """Options of the command `fit`: those for a board with a microcontroller, and those for one
    with Linux, of which max_arena_bytes is for both."""

    def of_linux(self) -> LinuxFitOptions:
        """Those for a board with Linux."""
        return LinuxFitOptions(**{name: getattr(self, name) for name in self.linux_names()})

    def linux_names(self) -> list[str]:
        """The names of those for a board with Linux."""
        return [one.name for one in fields(LinuxFitOptions)]

    def mcu_names(self) -> list[str]:
        """The names of those for a board with a microcontroller."""
        return [one.name for one in fields(MeasureOptions)]
