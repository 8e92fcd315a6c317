"""Measured instead of predicted: a model's arena on a board, entered into its project."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.model import Board
from mcuzoo.codegen.project import export_project
from mcuzoo.codegen.tflm.part import TflmOptions
from mcuzoo.emulator.url import SCHEME
from mcuzoo.errors import FirmwareError, FitError, ProjectError, WrongFirmwareError
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
from mcuzoo.plan.memory import MemoryPlan, plan_memory
from mcuzoo.plan.place.pins import Pins
from mcuzoo.plan.tflm.abi import ARENA_ALIGNMENT
from mcuzoo.project.kinds import WeightsChoice
from mcuzoo.project.manifest import (
    ArenaFigures,
    Manifest,
    MeasuredEntry,
    load_manifest,
    write_manifest,
)
from mcuzoo.run.rig import check_firmware
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.find import compiler_packages
from mcuzoo.zoo.registry import ModelSource

ROOM_BYTES = 16_384
"""What the measuring firmware reserves beyond the prediction, in case that is too small."""

_NOISE_SEED = 1234


@dataclass(frozen=True)
class MeasureRequest:
    """What to measure and where the project shall be. port None: the emulated board.

    The firmware, and so a port, runs at the board's baud rate.

    tflm: of the runtime tflm only, and needed there.
    """

    source: ModelSource
    board: Board
    output: Path
    runtime: str = "tflm"
    tflm: TflmOptions | None = None
    weights: WeightsChoice = "flash"
    pins: Pins = ()
    arena_region: str | None = None
    port: str | None = None
    stream_input: bool = False


@dataclass(frozen=True)
class FitMeasurement:
    """A measured arena. `project` was built with it; `rows` and `recorded` set it beside the
    prediction. `measured_on` is the port, or the emulated board's name."""

    project: Path
    manifest: Manifest
    measurement: ArenaMeasurement
    rows: tuple[ArenaRow, ...]
    recorded: tuple[ArenaRow, ...]
    measured_on: str


def measure_fit(request: MeasureRequest, talk: Callable[[str], None]) -> FitMeasurement:
    """Measure the arena, build a project that reserves just that, and see it run.

    With a port its board must run the measuring firmware, which is left in OUTPUT-measure for
    flashing, or the newest build of the project at `output`, which can be measured but has no
    recording allocator. `talk` is told each step.

    Raises as export_project and build_project, FitError, what the link raises,
    WrongFirmwareError when the port's board runs another firmware and FirmwareError when the
    project does not give in the measured arena what it gave in a large one.
    """
    # The project is booted on the emulated board at the end, whatever was measured.
    compiler = compiler_packages() if request.tflm is None else ()
    require_packages((*EMULATOR, *compiler), "Measuring")
    plan = _plan(request)
    predicted = predicted_figures(plan)
    with tempfile.TemporaryDirectory(prefix="mcuzoo-measure-") as scratch:
        folder = (
            Path(scratch) / "project" if request.port is None else _measuring_folder(request.output)
        )
        measuring = _export_measuring(request, folder, predicted, talk)
        port = request.port or f"{SCHEME}{folder}?count=0"
        with Session.open(port, request.board.console.baud) as session:
            hello = session.hello()
            recording = _is_measuring(request, hello, measuring, folder)
            talk("trying ever smaller arenas")
            found = measure_arena(
                session, predicted.smallest_bytes, recording and request.tflm is not None
            )
            noise = _noise(measuring)
            output = session.infer(0, noise).output
    arena_bytes = align_up(found.figures.smallest_bytes, ARENA_ALIGNMENT)
    talk(f"building {request.output} with an arena of {arena_bytes:,} bytes")
    _export(request, request.output, arena_bytes)
    build_project(request.output)
    talk("booting it")
    _confirm(request.output, noise, output)
    entry = MeasuredEntry(
        emulated=hello.emulated,
        toolchain=hello.toolchain,
        predicted=predicted,
        measured=found.figures,
        stack_bytes=found.stack_bytes,
        stack_used_bytes=found.stack_used_bytes,
    )
    manifest = replace(load_manifest(request.output), measured=entry)
    write_manifest(manifest, request.output)
    return FitMeasurement(
        project=request.output,
        manifest=manifest,
        measurement=found,
        rows=arena_rows(predicted, found.figures),
        recorded=recorded_rows(plan.image, found),
        measured_on=request.port or f"{request.board.name}, emulated",
    )


def _measuring_folder(output: Path) -> Path:
    return output.with_name(f"{output.name}-measure")


def _plan(request: MeasureRequest) -> MemoryPlan:
    kernels, head = (
        (request.tflm.kernels, request.tflm.plan) if request.tflm else ("cmsis-nn", None)
    )
    return plan_memory(
        load_model(request.source.path),
        request.board,
        request.runtime,
        request.weights,
        request.arena_region,
        kernels,
        head,
        stream_input=request.stream_input,
        pins=request.pins,
    )


def predicted_figures(plan: MemoryPlan) -> ArenaFigures:
    """What the board should say of the arena."""
    if plan.image is not None:
        return tflm_figures(plan.image.arena)
    arena_bytes = plan.placement.arena_bytes
    return ArenaFigures(arena_bytes, 0, arena_bytes, arena_bytes)


def _export(
    request: MeasureRequest, folder: Path, arena_bytes: int | None, recording: bool = False
) -> None:
    tflm = request.tflm and replace(request.tflm, arena_bytes=arena_bytes, recording=recording)
    export_project(
        request.source,
        request.board,
        folder,
        request.runtime,
        "cmake",
        weights=request.weights,
        arena_region=request.arena_region,
        tflm=tflm,
        stream_input=request.stream_input,
        pins=request.pins,
    )


def _export_measuring(
    request: MeasureRequest, folder: Path, predicted: ArenaFigures, talk: Callable[[str], None]
) -> Manifest:
    """Build the firmware that measures, with room to spare where the board has it."""
    talk("building the measuring firmware")
    try:
        _export(request, folder, predicted.smallest_bytes + ROOM_BYTES, recording=True)
    except FitError:
        _export(request, folder, None, recording=True)
    build_project(folder)
    return load_manifest(folder)


def _is_measuring(request: MeasureRequest, hello: Hello, measuring: Manifest, folder: Path) -> bool:
    """True when the measuring firmware answers, False when it is the project's own."""
    try:
        check_firmware(hello, measuring)
    except WrongFirmwareError as error:
        if _is_built(request.output, hello):
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
