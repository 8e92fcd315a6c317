"""The firmware that measures: a project like any other, whose ops are followed by benchmarks."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from mcuzoo.board.memory import RegionKind
from mcuzoo.board.model import Board
from mcuzoo.calibrate.benchmarks import Benchmark, benchmarks_of
from mcuzoo.calibrate.network import calibration_network
from mcuzoo.codegen.options import ALONE
from mcuzoo.codegen.project import export_project
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.plan.memory import plan_memory
from mcuzoo.project.manifest import Manifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.registry import ModelSource

NAME = "calibration"


def export_firmware(board: Board, folder: Path, *, project: str, force: bool) -> Manifest:
    """Write the project for `board` into `folder`: the same board, the same bytes.

    project: its kind. Raises as export_project.
    """
    with tempfile.TemporaryDirectory(prefix="mcuzoo-") as scratch:
        path = Path(scratch) / f"{NAME}.tflite"
        path.write_bytes(calibration_network())
        options = replace(ALONE, project=project, force=force, pin=_pins(load_model(path), board))
        rows = [benchmark.row for benchmark in benchmarks_of(board) if benchmark.row is not None]
        source = ModelSource(NAME, path, Recipe())
        return export_project(source, board, folder, options, benchmarks=rows)


def _pins(model: Model, board: Board) -> tuple[str, ...]:
    """Constants in the SDRAM, so that the firmware starts it; those of the largest dense layer."""
    started = board.with_sdram()
    names = [region.name for region in started.regions_of(RegionKind.SDRAM) if region.initialized]
    dense = next(op.index for op in model.ops if op.name == "FULLY_CONNECTED")
    return tuple(f"{dense}={name}" for name in names)


def kernels_of(model: Model, board: Board) -> dict[tuple[int, int], Benchmark]:
    """Each layer of the network by its first and last op, as the firmware's profile names it."""
    plan = plan_memory(model, board, replace(ALONE, pin=_pins(model, board)))
    found: dict[tuple[int, int], Benchmark] = {}
    for call in plan.calls or ():
        if not call.kernels:
            continue
        first, last = call.ops[0].index, call.op.index
        shape = model.tensor(call.op.outputs[0]).shape
        found[first, last] = Benchmark("kernel", call.kernel, shape=shape)
    return found
