"""Render the project folder of a model on a board that runs Linux."""

from __future__ import annotations

from pathlib import Path

from mcuzoo import __version__
from mcuzoo.board.linux import LinuxBoard
from mcuzoo.codegen.entries import tensor_spec
from mcuzoo.codegen.folder import check_target
from mcuzoo.codegen.linux.agent import agent_sources, build_files, plan_entry, target_entry
from mcuzoo.codegen.linux.documents import documents, python_agent
from mcuzoo.codegen.linux.npu import check_npu, compiled, npu_entry, npu_files
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.codegen.project_files import (
    LABELS_FILE,
    SAMPLES_FOLDER,
    board_texts,
    licence_text,
    model_entry,
    model_files,
    write_finished,
)
from mcuzoo.codegen.provenance import given_options, provenance
from mcuzoo.codegen.sources import INCLUDE_DIRS, SOURCE_SUFFIXES
from mcuzoo.data.preprocess import check_preprocessing
from mcuzoo.errors import UsageError
from mcuzoo.graph.program import input_shape
from mcuzoo.graph.read import load_model
from mcuzoo.options import flag_of
from mcuzoo.plan.linux_agent import plan_for_linux
from mcuzoo.project.manifest import Manifest
from mcuzoo.zoo.registry import ModelSource

LINUX = "linux"
"""The kind of such a project."""


def export_linux_project(
    source: ModelSource,
    board: LinuxBoard,
    directory: Path,
    options: ExportOptions = ExportOptions(),
) -> Manifest:
    """Write a project for `source` on `board` into `directory`, whatever options.output says.

    Raises UsageError (a choice that only a board with a microcontroller has), MissingExtraError (no
    compiler for the NPU is installed), ModelError (a model that the C agent cannot run),
    ToolchainError (one that the NPU's compiler refuses) and ProjectError (the folder is not ours to
    write, see check_target).
    """
    _check_choices(options, board)
    directory = directory.resolve()
    check_target(directory, options.force)
    check_npu(board, options)
    model = load_model(source.path)
    if options.recipe_flags:
        check_preprocessing(source.preprocessing, input_shape(model))
    plan = plan_for_linux(model)
    for_npu = compiled(model, board, options)
    files = {
        **agent_sources(board, plan),
        **python_agent(),
        **npu_files(for_npu),
        **model_files(source, model),
        **board_texts(board),
        **licence_text(),
    }
    entry = model_entry(source, model)
    manifest = Manifest(
        tool_version=__version__,
        name=f"{board.id}-{entry.name}",
        board=board.id,
        runtime="aot",
        project=LINUX,
        target=target_entry(board),
        provenance=provenance(given_options(options)),
        model=entry,
        input=tensor_spec(plan.program.input_tensor),
        output=tensor_spec(plan.program.output_tensor),
        preprocessing=source.preprocessing,
        recipe_source=source.recipe_source,
        plan=plan_entry(plan),
        build_id="",
        sources=tuple(sorted(path for path in files if path.endswith(SOURCE_SUFFIXES))),
        include_dirs=INCLUDE_DIRS,
        linker_script="",
        labels=LABELS_FILE if source.labels else None,
        samples=f"{SAMPLES_FOLDER}/manifest.csv" if source.samples else None,
        npu=npu_entry(for_npu),
    )
    texts = {**build_files(manifest), **documents(manifest, board, options.systemd)}
    return write_finished(directory, files, manifest, texts)


_FOR_CHIPS = (
    "tflm", "embed", "baud", "universal", "ops", "model_region", "arena_region", "pin",
    "stream_input", "kernels", "plan", "rates", "weights",
)  # fmt: skip


def _check_choices(options: ExportOptions, board: LinuxBoard) -> None:
    default = ExportOptions()
    given = [
        flag_of(name) for name in _FOR_CHIPS if getattr(options, name) != getattr(default, name)
    ]
    if options.runtime not in (None, "aot"):
        given.append(f"--runtime {options.runtime}")
    if options.project not in (None, LINUX):
        given.append(f"--project {options.project}")
    if given:
        raise UsageError(
            f"{', '.join(given)}: {board.name} runs Linux, and has no such choice.",
            "Leave it out.",
        )
