"""Render a self-contained project folder: model, firmware, board files and build files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuzoo import __version__
from mcuzoo.board.model import Board
from mcuzoo.codegen.benchmarks import BenchmarkRow
from mcuzoo.codegen.entries import plan_entry, target_entry, tensor_spec
from mcuzoo.codegen.folder import check_target
from mcuzoo.codegen.mcuxpresso import sdk_part
from mcuzoo.codegen.model_array import check_embed
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
from mcuzoo.codegen.project_part import ProjectPart, RuntimePart, aot_part, standalone_part
from mcuzoo.codegen.provenance import given_options, provenance
from mcuzoo.codegen.sources import INCLUDE_DIRS, SOURCE_SUFFIXES, source_files
from mcuzoo.codegen.tflm.part import tflm_part
from mcuzoo.codegen.tflm.tree import tree_hint
from mcuzoo.data.preprocess import check_preprocessing
from mcuzoo.errors import FitError, UsageError
from mcuzoo.graph.program import input_shape
from mcuzoo.graph.read import load_model
from mcuzoo.plan.memory import plan_memory
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.tflm.image import TflmImage
from mcuzoo.project.manifest import Manifest
from mcuzoo.zoo.registry import ModelSource


@dataclass(frozen=True)
class Measuring:
    """A firmware that measures TFLM's arena. arena_bytes: reserve so much; None: the prediction and
    a margin. recording: with the allocator of TFLM that keeps account."""

    arena_bytes: int | None = None
    recording: bool = False


def export_project(
    source: ModelSource,
    board: Board,
    directory: Path,
    options: ExportOptions = ExportOptions(),
    measuring: Measuring = Measuring(),
    benchmarks: Sequence[BenchmarkRow] = (),
) -> Manifest:
    """Write a project for `source` on `board` into `directory`, whatever options.output says.

    Options about a universal firmware or the console are ignored here. benchmarks: micro-benchmarks
    that run behind the ops, with the runtime aot. Raises UsageError (runtime,
    project kind or region that cannot be had), InputError (a TFLM tree that cannot be used),
    ModelError (model that the runtime cannot run), FitError (model that does not fit, by region)
    and ProjectError (the folder is not ours to write, see check_target).
    """
    runtime, project = options.runtime_kind, options.project_kind(board)
    _check_tflm_choices(options)
    directory = directory.resolve()
    check_target(directory, options.force)
    model = load_model(source.path)
    if options.recipe_flags:
        check_preprocessing(source.preprocessing, input_shape(model))
    plan = plan_memory(model, board, options, measuring.arena_bytes)
    kind = sdk_part(board, plan) if project == "mcuxpresso" else standalone_part(board, plan)
    if plan.image is None:
        part = aot_part(plan, kind.sections, board, benchmarks)
    else:
        part = _tflm_part(plan, plan.image, source, options, measuring.recording, kind)
    _require_fit(plan, board, source, runtime)

    rendered = {**part.rendered, **kind.rendered}
    files = {
        **source_files(rendered, kind.firmware, part.compiled),
        **part.extra,
        **model_files(source, model),
        **board_texts(board),
        **licence_text(),
    }
    entry = model_entry(source, model)
    manifest = Manifest(
        tool_version=__version__,
        name=f"{board.id}-{entry.name}",
        board=board.id,
        runtime=runtime,
        project=project,
        target=target_entry(board, plan.placement.regions),
        baud=board.console.baud,
        provenance=provenance(given_options(options)),
        model=entry,
        input=tensor_spec(plan.program.input_tensor),
        output=tensor_spec(plan.program.output_tensor),
        preprocessing=source.preprocessing,
        recipe_source=source.recipe_source,
        plan=plan_entry(plan, board),
        build_id="",
        sources=tuple(sorted(path for path in files if path.endswith(SOURCE_SUFFIXES))),
        include_dirs=INCLUDE_DIRS,
        tflm=part.tflm,
        sdk=kind.sdk,
        linker_script=kind.linker_script,
        labels=LABELS_FILE if source.labels else None,
        samples=f"{SAMPLES_FOLDER}/manifest.csv" if source.samples else None,
    )
    return write_finished(directory, files, manifest, kind.documents(manifest))


def _check_tflm_choices(options: ExportOptions) -> None:
    of_tflm = options.tflm, options.kernels, options.plan, options.embed
    if any(of_tflm) and options.runtime_kind != "tflm":
        raise UsageError(
            "--tflm, --kernels, --plan and --embed choose how TFLite-Micro is linked in: they need "
            "--runtime tflm.",
            "Add --runtime tflm.",
        )
    if options.embed is not None:
        check_embed(options.embed)


def _tflm_part(
    plan: MemoryPlan,
    image: TflmImage,
    source: ModelSource,
    options: ExportOptions,
    recording: bool,
    kind: ProjectPart,
) -> RuntimePart:
    if options.tflm is None and kind.sdk is None:
        raise UsageError(
            "--runtime tflm --project cmake needs a TFLite-Micro tree: --tflm DIR is missing.",
            f"--runtime aot needs none. {tree_hint(image.arena.kernels)}",
        )
    return tflm_part(plan.program, image, options, recording, source.path.name, kind.sections)


def _require_fit(plan: MemoryPlan, board: Board, source: ModelSource, runtime: str) -> None:
    if plan.fits:
        return
    over = "; ".join(
        f"{region.region} needs {region.used_bytes:,} of {region.size_bytes:,} bytes"
        for region in plan.regions
        if not region.fits
    )
    raise FitError(
        f"{source.name} does not fit {board.name}: {over}.",
        f"mcuzoo fit {source.path} --board {board.id} --runtime {runtime} says what would fit.",
    )
