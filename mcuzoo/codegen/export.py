"""Export: from the model and board that a user names to a project folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path

from mcuzoo.board.baud import with_baud
from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import AnyBoard, load_any_board, not_for_linux
from mcuzoo.board.model import Board
from mcuzoo.codegen.absent import absent_model_error
from mcuzoo.codegen.linux.project import export_linux_project
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.codegen.project import export_project
from mcuzoo.codegen.tflm.tree import tree_hint
from mcuzoo.codegen.universal import (
    DEFAULT_OPS,
    UniversalOptions,
    checked_ops,
    export_universal,
    listed_ops,
    ops_of,
)
from mcuzoo.errors import MissingModelError, UsageError
from mcuzoo.files import making
from mcuzoo.plan.tflm.image import DEFAULT_KERNELS, check_kernels
from mcuzoo.project.kinds import DEFAULT_MODEL, DEFAULT_PROJECT
from mcuzoo.project.manifest import AnyManifest, Manifest
from mcuzoo.quoting import file_stem
from mcuzoo.timing.rates import rated
from mcuzoo.zoo.recipe_flags import recipe_notes, with_recipe
from mcuzoo.zoo.registry import ModelSource, load_named_model, resolve_model

ModelName = str | PathLike[str]
"""A name of the zoo, or the path of a .tflite file."""


@dataclass(frozen=True)
class Project:
    """What an export wrote. It may be given wherever the path of a project folder is taken."""

    folder: Path
    board: AnyBoard
    manifest: AnyManifest

    def __fspath__(self) -> str:
        return str(self.folder)

    def __str__(self) -> str:
        return str(self.folder)


def export(
    model: ModelName | Sequence[ModelName],
    board: str | AnyBoard,
    options: ExportOptions = ExportOptions(),
    say: Callable[[str], None] = lambda text: None,
) -> Project:
    """Write a project folder for `model` on `board`: same input, same bytes.

    model: several models, or (), are for a universal firmware only: it gets their operators, or
    all. `say` is told what a user should know of the model's file. Raises BoardError, InputError (a
    model or a TFLM tree that cannot be used), UsageError (choices that do not go together or cannot
    be had), ModelError (a model that the runtime cannot run), FitError (a model that does not fit,
    by region) and ProjectError (the folder is not ours to write, see check_target).
    """
    given = (model,) if isinstance(model, (str, PathLike)) else model
    names = [fspath(one) for one in given]
    chosen = load_any_board(board) if isinstance(board, str) else board
    if isinstance(chosen, Board) and options.baud is not None:
        chosen = with_baud(chosen, options.baud)
    if isinstance(chosen, Board):
        chosen = rated(chosen, options.rates)
    if options.universal:
        if isinstance(chosen, LinuxBoard):
            raise not_for_linux(chosen)
        return _export_universal(names, chosen, options)
    name = _one_model(names or [DEFAULT_MODEL], options)
    try:
        source = with_recipe(resolve_model(name), options)
    except MissingModelError as missing:
        if isinstance(chosen, LinuxBoard):
            raise
        named = board if isinstance(board, str) else board.id
        raise absent_model_error(name, missing, chosen, named, options) from None
    if source.note:
        say(f"note: {source.note}")
    folder = options.output or Path(f"mcuzoo-{chosen.id}-{file_stem(source.name)}")
    with making(folder):
        made = _export_one(source, chosen, folder, options)
    for note in recipe_notes(source.preprocessing, source.recipe_source, made.input.shape):
        say(note)
    return Project(folder, chosen, made)


def _export_one(
    source: ModelSource, board: AnyBoard, folder: Path, options: ExportOptions
) -> Manifest:
    if isinstance(board, LinuxBoard):
        return export_linux_project(source, board, folder, options)
    if options.linux_words:
        raise UsageError(
            f"{options.linux_words[0]} is for boards that run Linux; {board.name} has a "
            "microcontroller.",
            "Leave it out.",
        )
    strict = replace(options, project=options.project or DEFAULT_PROJECT)
    return export_project(source, board, folder, strict)


def _one_model(models: Sequence[str], options: ExportOptions) -> str:
    if options.ops is not None or options.model_region is not None:
        raise UsageError("--ops and --model-region need --universal.", "Add it.")
    if len(models) > 1:
        raise UsageError(
            f"{len(models)} models: a project has one.",
            "Name one, or add --universal for a firmware with the operators of all of them.",
        )
    return models[0]


def _export_universal(models: Sequence[str], board: Board, options: ExportOptions) -> Project:
    _require_universal_choices(options)
    kernels = check_kernels(options.kernels or DEFAULT_KERNELS)
    if options.tflm is None:
        raise UsageError(
            "--universal needs a TFLite-Micro tree: --tflm DIR is missing.", tree_hint(kernels)
        )
    universal = UniversalOptions(
        tree=options.tflm,
        ops=_chosen_ops(models, options.ops),
        kernels=kernels,
        arena_region=options.arena_region,
        model_region=options.model_region,
    )
    folder = options.output or Path(f"mcuzoo-{board.id}-universal")
    with making(folder):
        made = export_universal(board, folder, universal, options.force)
        return Project(folder, board, made)


def _require_universal_choices(options: ExportOptions) -> None:
    """Raise UsageError for options that a universal firmware cannot have."""
    if options.runtime_kind != "tflm":
        raise UsageError(
            f"--universal: the runtime {options.runtime} has its model compiled in.",
            "Use --runtime tflm.",
        )
    if options.stream_input:
        raise UsageError(
            "--stream-input is for a model that is compiled in, with the runtime aot.",
            "Leave --universal or --stream-input out.",
        )
    if options.project not in (None, "cmake"):
        raise UsageError(
            f"--universal is not made as --project {options.project}.",
            "Use --project cmake: a project with its own start-up code and linker script.",
        )
    if options.plan or options.embed:
        raise UsageError(
            "--plan and --embed are about a model, and --universal has none.", "Leave them out."
        )


def _chosen_ops(models: Sequence[str], listed: str | None) -> tuple[str, ...]:
    if not models and listed is None:
        return DEFAULT_OPS
    used = ops_of([load_named_model(name) for name in models])
    return checked_ops((*used, *(() if listed is None else listed_ops(listed))))
