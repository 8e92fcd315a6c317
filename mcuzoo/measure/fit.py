"""Measure a model's arena on a board instead of predicting it, and enter it into the project."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.baud import with_baud
from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.budgets import BudgetResult, Figure
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.codegen.project import Measuring, export_project
from mcuzoo.codegen.tflm.tree import tree_hint
from mcuzoo.emulator.url import SCHEME
from mcuzoo.errors import FirmwareError, FitError, ProjectError, UsageError, WrongFirmwareError
from mcuzoo.extras import EMULATOR, require_packages
from mcuzoo.graph.read import load_model
from mcuzoo.link.hello import Hello
from mcuzoo.link.session import Session
from mcuzoo.lowering.alignment import align_up
from mcuzoo.measure.arena import (
    ArenaMeasurement,
    ArenaRow,
    arena_rows,
    measure_arena,
    recorded_rows,
    tflm_figures,
)
from mcuzoo.plan.memory import plan_memory
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.options import MeasureOptions
from mcuzoo.plan.tflm.abi import ARENA_ALIGNMENT
from mcuzoo.plan.tflm.image import DEFAULT_KERNELS, check_kernels
from mcuzoo.project.kinds import check_runtime
from mcuzoo.project.manifest import (
    ArenaFigures,
    Manifest,
    MeasuredEntry,
    load_manifest,
    write_manifest,
)
from mcuzoo.run.connected_board import check_firmware
from mcuzoo.timing.rates import rated
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.find import compiler_packages
from mcuzoo.zoo.registry import ModelSource, resolve_model

ROOM_BYTES = 16_384
"""Reserve of the measuring firmware beyond the prediction, in case that is too small."""

_NOISE_SEED = 1234


@dataclass(frozen=True)
class _Job:
    """What to measure and where the project shall be. port None: the emulated board.

    The firmware, and so a port, runs at the board's baud rate. source: the model. output: the
    project's folder. options: of the export.
    """

    source: ModelSource
    board: Board
    output: Path
    options: ExportOptions
    port: str | None

    @property
    def of_tflm(self) -> bool:
        return self.options.runtime == "tflm"


@dataclass(frozen=True)
class FitMeasurement:
    """A measured arena. `project` was built with it; `rows` and `recorded` set it beside the
    prediction. `measured_on` is the port, or the emulated board's name. budgets: each that was
    given, by the project. manifest: of that project. measurement: the arena that the board
    reported."""

    project: Path
    manifest: Manifest
    measurement: ArenaMeasurement
    rows: tuple[ArenaRow, ...]
    recorded: tuple[ArenaRow, ...]
    measured_on: str
    budgets: tuple[BudgetResult, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no budget says no."""
        return not any(one.fails for one in self.budgets)


def measure(
    model: str | PathLike[str],
    board: str | Board,
    options: MeasureOptions = MeasureOptions(),
    say: Callable[[str], None] = lambda text: None,
) -> FitMeasurement:
    """Measure the arena, build a project that reserves just that, and see it run.

    With a port its board must run the measuring firmware, which is left in OUTPUT-measure for
    flashing, or the newest build of the project at `output`, which can be measured but has no
    recording allocator. `say` is told each step.

    Raises as export and build_project, FitError, what the link raises, WrongFirmwareError when the
    port's board runs another firmware and FirmwareError when the project does not give in the
    measured arena what it gave in a large one.
    """
    options.budgets.check()
    job = _job(model, board, options)
    # At the end the project is booted on the emulated board in any case.
    compiler = () if job.of_tflm else compiler_packages()
    require_packages((*EMULATOR, *compiler), "Measuring")
    plan = _plan(job)
    predicted = predicted_figures(plan)
    with tempfile.TemporaryDirectory(prefix="mcuzoo-measure-") as scratch:
        folder = Path(scratch) / "project" if job.port is None else _measuring_folder(job.output)
        measuring = _export_measuring(job, folder, predicted, say)
        port = job.port or f"{SCHEME}{folder}?count=0"
        with Session.open(port, job.board.console.baud) as session:
            hello = session.hello()
            recording = _is_measuring(job, hello, measuring, folder)
            say("trying ever smaller arenas")
            found = measure_arena(session, predicted.smallest_bytes, recording and job.of_tflm)
            noise = _noise(measuring)
            output = session.infer(0, noise).output
    arena_bytes = align_up(found.figures.smallest_bytes, ARENA_ALIGNMENT)
    say(f"building {job.output} with an arena of {arena_bytes:,} bytes")
    _export(job, job.output, arena_bytes)
    build_project(job.output)
    say("booting it")
    _confirm(job.output, noise, output)
    entry = MeasuredEntry(
        emulated=hello.emulated,
        toolchain=hello.toolchain,
        predicted=predicted,
        measured=found.figures,
        stack_bytes=found.stack_bytes,
        stack_used_bytes=found.stack_used_bytes,
    )
    manifest = replace(load_manifest(job.output), measured=entry)
    write_manifest(manifest, job.output)
    return FitMeasurement(
        project=job.output,
        manifest=manifest,
        measurement=found,
        rows=arena_rows(predicted, found.figures),
        recorded=recorded_rows(plan.image, found),
        measured_on=job.port or f"{job.board.name}, emulated",
        budgets=_budgets(manifest, options),
    )


def _budgets(manifest: Manifest, options: MeasureOptions) -> tuple[BudgetResult, ...]:
    arena, flash = manifest.plan.arena_bytes, manifest.flash_bytes
    return options.judged(
        Figure(arena, f"The project reserves {arena:,} bytes of arena"),
        Figure(flash, f"The firmware takes {flash or 0:,} bytes of flash"),
    )


def _measuring_folder(output: Path) -> Path:
    return output.with_name(f"{output.name}-measure")


def _job(model: str | PathLike[str], board: str | Board, options: MeasureOptions) -> _Job:
    chosen = rated(board if isinstance(board, Board) else load_board(board), options.rates)
    if options.baud is not None:
        chosen = with_baud(chosen, options.baud)
    runtime = check_runtime(options.runtime or ("aot" if options.tflm is None else "tflm"))
    if runtime != "tflm" and options.tflm is not None:
        raise UsageError(f"--tflm: the runtime {runtime} does not use it.", "Add --runtime tflm.")
    if runtime == "tflm" and options.tflm is None:
        raise UsageError(
            "Measuring the runtime tflm needs a TFLite-Micro tree: --tflm DIR is missing.",
            tree_hint(check_kernels(options.kernels or DEFAULT_KERNELS)),
        )
    source = resolve_model(fspath(model))
    export = ExportOptions(
        runtime=runtime,
        project="cmake",
        weights=options.weights,
        pin=options.pin,
        arena_region=options.arena_region,
        stream_input=options.stream_input,
        kernels=options.kernels,
        plan=options.plan,
        tflm=options.tflm,
    )
    output = options.output or Path(f"mcuzoo-{chosen.id}-{source.name}")
    return _Job(source, chosen, output, export, options.port)


def _plan(job: _Job) -> MemoryPlan:
    return plan_memory(load_model(job.source.path), job.board, job.options)


def predicted_figures(plan: MemoryPlan) -> ArenaFigures:
    """The figures that the board should report for the arena."""
    if plan.image is not None:
        return tflm_figures(plan.image.arena)
    arena_bytes = plan.placement.arena_bytes
    return ArenaFigures(arena_bytes, 0, arena_bytes, arena_bytes)


def _export(job: _Job, folder: Path, arena_bytes: int | None, recording: bool = False) -> None:
    measuring = Measuring(arena_bytes, recording)
    export_project(job.source, job.board, folder, job.options, measuring)


def _export_measuring(
    job: _Job, folder: Path, predicted: ArenaFigures, say: Callable[[str], None]
) -> Manifest:
    """Build the measuring firmware, with spare arena if the board has room."""
    say("building the measuring firmware")
    try:
        _export(job, folder, predicted.smallest_bytes + ROOM_BYTES, recording=True)
    except FitError:
        _export(job, folder, None, recording=True)
    build_project(folder)
    return load_manifest(folder)


def _is_measuring(job: _Job, hello: Hello, measuring: Manifest, folder: Path) -> bool:
    """True when the measuring firmware answers, False when it is the project's own."""
    try:
        check_firmware(hello, measuring)
    except WrongFirmwareError as error:
        if _is_built(job.output, hello):
            return False
        image = folder / (measuring.build.hex if measuring.build else "")
        raise WrongFirmwareError(
            error.message, f"Flash {image}, which measures, and give the same command again."
        ) from error
    return True


def _is_built(project: Path, hello: Hello) -> bool:
    try:
        check_firmware(hello, load_manifest(project))
    except (ProjectError, WrongFirmwareError):
        return False
    return True


def _noise(manifest: Manifest) -> NDArray[np.int8]:
    random = np.random.default_rng(_NOISE_SEED)
    return random.integers(-128, 128, manifest.input.bytes, dtype=np.int8)


def _confirm(project: Path, noise: NDArray[np.int8], expected: NDArray[np.int8]) -> None:
    """The emulated board runs the project and gives `expected` for `noise`."""
    with Session.open(f"{SCHEME}{project}?count=0") as session:
        check_firmware(session.hello(), load_manifest(project))
        output = session.infer(0, noise).output
    if not np.array_equal(output, expected):
        raise FirmwareError(
            f"{project} gives another output in its measured arena than in a larger one.",
            "This is a mistake of the runtime or of mcuzoo: please report it, with the model.",
        )
