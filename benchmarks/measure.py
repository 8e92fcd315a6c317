"""Build a project and measure it on the emulated board: counts, sizes, stack, time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.load import load_board
from mcuzoo.codegen.options import ALONE
from mcuzoo.codegen.project import export_project
from mcuzoo.emulator.emulate import emulate
from mcuzoo.emulator.options import EmulateOptions
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError
from mcuzoo.graph.model import Model
from mcuzoo.link.session import Session, Timing
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.profile import ModelProfile, profile_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.run.project import project_model
from mcuzoo.timing.cycles import Cycles
from mcuzoo.timing.marks import cycles_between
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.sizes import linked_constant_bytes
from mcuzoo.zoo.registry import ModelSource

SEED = 1234
"""The input is numpy's default_rng(SEED), int8; published figures were counted with the same."""

PATIENT = Timing(latency_s=60.0, connect_s=120.0, inference_s=1800.0)


@dataclass(frozen=True)
class Configuration:
    """One way to make a firmware of a model.

    tflm: link TFLite-Micro from there instead of aot, with its own memory planner. stream_input:
    consume the input as it arrives. weights: where they stay, or None for mcuzoo's own choice.
    """

    board: str = "rt1170"
    compiler: str = "gcc"
    optimization: str = "-O2"
    tflm: Path | None = None
    kernels: Kernels = "cmsis-nn"
    stream_input: bool = False
    weights: str | None = "flash"

    @property
    def name(self) -> str:
        aot = "aot rows" if self.stream_input else "aot"
        runtime = aot if self.tflm is None else f"tflm {self.kernels}"
        return f"{runtime} {self.compiler} {self.optimization}"


@dataclass(frozen=True)
class Figures:
    """What one firmware takes. Sizes in bytes.

    `instructions` of one inference; `profile` has those of each layer. `stack_bytes` is the deepest
    that the stack has been, from reset to the end of a profile. `seconds` is the wall time of an
    inference on the emulated board at full speed, uncounted. weights_ram_bytes: of constants that
    are copied to memory other than flash. cycles: modelled ones; None where uncounted_why
    says why not.
    """

    instructions: int
    profile: ModelProfile
    arena_bytes: int
    code_bytes: int
    constant_bytes: int
    stack_bytes: int
    seconds: float
    weights_ram_bytes: int = 0
    cycles: Modelled | None = None
    uncounted_why: str = ""


def build(source: ModelSource, how: Configuration, folder: Path) -> Path:
    """Export and build into `folder`. Raises McuzooError."""
    options = replace(ALONE, stream_input=how.stream_input)
    if how.weights is not None:
        options = replace(options, weights=how.weights)
    if how.tflm is not None:
        options = replace(
            options, runtime="tflm", tflm=how.tflm, kernels=how.kernels, plan="greedy"
        )
    export_project(source, load_board(how.board), folder, options)
    build_project(folder, BuildOptions(how.compiler, how.optimization))
    return folder


def measure(project: Path) -> Figures:
    """Boot the newest build and measure it. Raises McuzooError, also for a wrong result."""
    manifest = load_manifest(project)
    model = project_model(project, manifest)
    build = manifest.build
    assert build is not None
    tensor = np.random.default_rng(SEED).integers(-128, 128, manifest.input.shape, dtype=np.int8)
    engine = ReferenceEngine(model)
    # A profile of more layers than a frame holds takes several inferences.
    with Session.open(f"emulator://{project.resolve()}?count=all", timing=PATIENT) as session:
        inference = session.infer(0, tensor)
        profile = profile_model(
            session, model, tensor, engine, name=manifest.model.name, input_name=f"seed {SEED}"
        )
        if not profile.passed:
            raise McuzooError(f"{project}: {profile.verdict}.", "Its figures mean nothing.")
        use = session.measure_arena()
    with Session.open(f"emulator://{project.resolve()}?count=0", timing=PATIENT) as session:
        began = time.perf_counter()
        session.infer(0, tensor)
        seconds = time.perf_counter() - began
    cycles, why = None, ""
    try:
        cycles = modelled(project, model, tensor, engine)
    except McuzooError as error:
        why = error.message
    flash = {entry.region for entry in manifest.chip.memory if entry.kind == "flash"}
    return Figures(
        instructions=inference.cycles or 0,
        profile=profile,
        arena_bytes=use.used_bytes,
        code_bytes=build.code_bytes,
        constant_bytes=linked_constant_bytes(project / build.elf, manifest.plan),
        stack_bytes=use.stack_used_bytes,
        seconds=seconds,
        weights_ram_bytes=sum(
            manifest.plan.constant_bytes_in(entry.region)
            for entry in manifest.chip.memory
            if entry.region not in flash
        ),
        cycles=cycles,
        uncounted_why=why,
    )


@dataclass(frozen=True)
class Modelled:
    """Modelled cycles of an inference: `total`, what they are `spent` for, and by layer. A profile
    does not have all layers: TFLM does not tell of every one."""

    total: int
    spent: Cycles
    layers: tuple[int | None, ...]


def modelled(
    project: Path, model: Model, tensor: NDArray[np.int8], engine: ReferenceEngine
) -> Modelled:
    """In modelled cycles, of an inference behind another one. Raises McuzooError."""
    with (
        emulate(project, EmulateOptions(count="cycles")) as board,
        Session.open(board.port, timing=PATIENT) as session,
    ):
        session.infer(0, tensor)
        begin = len(board.marks)
        total = session.infer(1, tensor).cycles or 0
        marks = board.marks[begin:]
        found = profile_model(session, model, tensor, engine, name="", input_name="")
    (spent,) = cycles_between(marks, [total], len(marks))
    if spent is None or not found.passed:
        raise McuzooError(f"{project}: its cycles could not be told apart.", "Leave them out.")
    return Modelled(total, spent, tuple(layer.count for layer in found.layers))
