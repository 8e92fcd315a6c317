"""Plans and projects as most tests want them: ahead of time, stand-alone, constants in flash."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcuzoo.board.model import Board
from mcuzoo.codegen import project as codegen
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.graph.model import Model
from mcuzoo.plan import fit, memory
from mcuzoo.plan.fit import FitReport
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.options import MemoryOptions
from mcuzoo.project.manifest import Manifest
from mcuzoo.zoo.registry import ModelSource


def _memory(runtime: str, chosen: dict[str, Any]) -> MemoryOptions:
    return MemoryOptions(**{"runtime": runtime, "project": "cmake", "weights": "flash", **chosen})


def plan_memory(model: Model, board: Board, runtime: str = "aot", **chosen: Any) -> MemoryPlan:
    return memory.plan_memory(model, board, _memory(runtime, chosen))


def fit_model(
    model: Model, board: Board, runtime: str = "aot", others: Sequence[Board] = (), **chosen: Any
) -> FitReport:
    return fit.fit_model(model, board, _memory(runtime, chosen), others)


def export_project(
    source: ModelSource,
    board: Board,
    directory: Path,
    runtime: str = "aot",
    project: str = "cmake",
    *,
    recording: bool = False,
    weights: str = "flash",
    **chosen: Any,
) -> Manifest:
    """chosen: more fields of ExportOptions. recording: a firmware that measures its arena."""
    options = ExportOptions(runtime=runtime, project=project, weights=weights, **chosen)
    return codegen.export_project(
        source, board, directory, options, codegen.Measuring(recording=recording)
    )


def tflm_of(tree: Path | None, kernels: str = "cmsis-nn", **more: str) -> dict[str, Any]:
    """The choices of an export that link TFLM of `tree` in. more: plan, embed."""
    return {"tflm": tree, "kernels": kernels, **more}
