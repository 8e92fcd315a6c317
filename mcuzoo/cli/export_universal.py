"""mcuzoo export --universal: from options to a project, and what to print of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcuzoo.board.model import Board
    from mcuzoo.project.manifest import UniversalManifest


def export_universal_project(
    board: Board,
    output: Path | None,
    models: Sequence[str],
    ops: str | None,
    tree: Path | None,
    kernels: str | None,
    arena_region: str | None,
    model_region: str | None,
    force: bool,
) -> tuple[Path, UniversalManifest]:
    """The folder and what was written there. Raises as codegen.universal.project."""
    from mcuzoo.codegen.tflm.tree import tree_hint
    from mcuzoo.codegen.universal import UniversalOptions, export_universal
    from mcuzoo.errors import UsageError
    from mcuzoo.files import making
    from mcuzoo.plan.tflm.image import check_kernels

    if tree is None:
        raise UsageError(
            "--universal needs a TFLite-Micro tree: --tflm DIR is missing.", tree_hint("cmsis-nn")
        )
    options = UniversalOptions(
        tree,
        _chosen_ops(models, ops),
        check_kernels(kernels or "cmsis-nn"),
        arena_region,
        model_region,
    )
    directory = output or Path(f"mcuzoo-{board.id}-universal")
    with making(directory):
        return directory, export_universal(board, directory, options, force)


def require_universal_choices(
    runtime: str, project: str | None, plan: str | None, embed: str | None, stream_input: bool
) -> None:
    """Raise UsageError for what a universal firmware cannot be, or has no use for."""
    from mcuzoo.errors import UsageError

    if runtime != "tflm":
        raise UsageError(
            f"--universal: the runtime {runtime} has its model compiled in.", "Use --runtime tflm."
        )
    if stream_input:
        raise UsageError(
            "--stream-input is for a model that is compiled in, with the runtime aot.",
            "Leave --universal or --stream-input out.",
        )
    if project not in (None, "cmake"):
        raise UsageError(
            f"--universal is not made as --project {project}.",
            "Use --project cmake: a project with its own start-up code and linker script.",
        )
    if plan or embed:
        raise UsageError(
            "--plan and --embed are about a model, and --universal has none.", "Leave them out."
        )


def _chosen_ops(models: Sequence[str], listed: str | None) -> tuple[str, ...]:
    from mcuzoo.codegen.universal import DEFAULT_OPS, checked_ops, listed_ops, ops_of
    from mcuzoo.graph.read import load_model
    from mcuzoo.zoo.registry import resolve_model

    if not models and listed is None:
        return DEFAULT_OPS
    used = ops_of([load_model(resolve_model(name).path) for name in models])
    return checked_ops((*used, *(() if listed is None else listed_ops(listed))))
