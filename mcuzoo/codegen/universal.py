"""A universal firmware: TFLM, the ops that were asked for, memory for models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuzoo import __version__
from mcuzoo.board.model import Board
from mcuzoo.codegen.board_files import render_board_files, render_build_files
from mcuzoo.codegen.entries import target_entry
from mcuzoo.codegen.folder import check_target
from mcuzoo.codegen.project_files import board_texts, licence_text, write_finished
from mcuzoo.codegen.project_part import WHOLE_IMAGE_SOURCE
from mcuzoo.codegen.provenance import provenance
from mcuzoo.codegen.sources import (
    INCLUDE_DIRS,
    SOURCE_SUFFIXES,
    STANDALONE_SOURCES,
    source_files,
)
from mcuzoo.codegen.templates import render
from mcuzoo.codegen.tflm.part import RUNTIME_SOURCE, tflm_entry
from mcuzoo.codegen.tflm.registration import REGISTRABLE, register_int8
from mcuzoo.codegen.tflm.tree import open_tree
from mcuzoo.errors import UnsupportedOpError, did_you_mean
from mcuzoo.graph.cut import cut_ends
from mcuzoo.graph.model import Model
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.plan.universal import SPARE_BYTES, UniversalPlan, plan_universal
from mcuzoo.project.manifest import (
    PlanEntry,
    RegionUse,
    RoomEntry,
    UniversalEntry,
    UniversalManifest,
)

DEFAULT_OPS = tuple(name for name in REGISTRABLE if name != "DEQUANTIZE")
"""Everything that mcuzoo registers with TFLM and that gives int8."""


@dataclass(frozen=True)
class UniversalOptions:
    """tree: a folder as create_tflm_tree.py makes it. ops: names as in TFLite's schema.

    arena_region, model_region: pin the arena, or the one place for models. recording: a firmware
    for measuring, with the allocator of TFLM that keeps account.
    """

    tree: Path
    ops: tuple[str, ...] = DEFAULT_OPS
    kernels: Kernels = "cmsis-nn"
    arena_region: str | None = None
    model_region: str | None = None
    recording: bool = False


def listed_ops(text: str) -> tuple[str, ...]:
    """`CONV_2D,SOFTMAX` as sorted names. Raises UnsupportedOpError for one that is not known."""
    return checked_ops(word.strip().upper() for word in text.split(",") if word.strip())


def ops_of(models: Sequence[Model]) -> tuple[str, ...]:
    """The ops of the models, without the conversions at their ends, which stay on the host."""
    return checked_ops(op.name for model in models for op in cut_ends(model).model.ops)


def checked_ops(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, sorted. Raises UnsupportedOpError for one that cannot be registered."""
    ops = tuple(sorted(set(names)))
    known = [name.lower() for name in REGISTRABLE]
    for name in ops:
        if name not in REGISTRABLE:
            raise UnsupportedOpError(
                f"Op {name} is not one that mcuzoo can register with TFLM.",
                f"{did_you_mean(name, known)}It registers {', '.join(REGISTRABLE)}.",
            )
    return ops


_COMPILED = (
    RUNTIME_SOURCE,
    "runtime/tflm/uploaded/mz_tflm_uploaded.c",
    "upload/slot/mz_upload_slot.c",
    WHOLE_IMAGE_SOURCE,
)


def export_universal(
    board: Board, directory: Path, options: UniversalOptions, force: bool = False
) -> UniversalManifest:
    """Write a universal project for `board` into `directory`: same input, same bytes.

    Raises UsageError (a region that cannot be had), InputError (a TFLM tree that cannot be used or
    lacks a kernel), UnsupportedOpError and ProjectError (see check_target).
    """
    directory = directory.resolve()
    check_target(directory, force)
    plan = plan_universal(
        board, options.ops, options.kernels, options.arena_region, options.model_region
    )
    tree = open_tree(options.tree, options.kernels)
    registered = register_int8(options.ops, tree.path, options.kernels)
    rendered = {
        **_model_files(board, plan, options.recording),
        "model/mz_resolver.h": render(
            "tflm/mz_resolver.h.j2", title="universal", registrations=list(registered)
        ),
        **render_board_files(board, plan.placement, plan.rooms),
    }
    files = {
        **source_files(rendered, STANDALONE_SOURCES, _COMPILED),
        **board_texts(board),
        **licence_text(),
    }
    manifest = UniversalManifest(
        tool_version=__version__,
        name=f"{board.id}-universal",
        board=board.id,
        runtime="tflm",
        project="cmake",
        target=target_entry(board, plan.memories),
        baud=board.console.baud,
        provenance=provenance(),
        plan=_plan_entry(plan),
        build_id="",
        sources=tuple(sorted(path for path in files if path.endswith(SOURCE_SUFFIXES))),
        include_dirs=INCLUDE_DIRS,
        linker_script=next(path for path in rendered if path.startswith("linker/")),
        tflm=tflm_entry(tree, registered, options.kernels, "greedy", options.recording),
        universal=UniversalEntry(
            ops=options.ops,
            rooms=tuple(RoomEntry(room.region, room.capacity_bytes) for room in plan.rooms),
        ),
    )
    documents = {
        **render_build_files(manifest),
        "README.md": render("universal/README.md.j2", manifest=manifest, board=board),
    }
    return write_finished(directory, files, manifest, documents)


def _model_files(board: Board, plan: UniversalPlan, recording: bool) -> dict[str, str]:
    facts = {
        "board": board,
        "arena_bytes": plan.placement.arena_bytes,
        "recording": recording,
        "rooms": plan.rooms,
        "spare_bytes": SPARE_BYTES,
    }
    return {
        "model/mz_model.h": render("universal/mz_model.h.j2", **facts),
        "model/mz_model.c": render("universal/mz_model.c.j2", **facts),
    }


def _plan_entry(plan: UniversalPlan) -> PlanEntry:
    return PlanEntry(
        arena_bytes=plan.placement.arena_bytes,
        arena_region=plan.placement.arena_region,
        weights_region=plan.placement.weights_region,
        stack_bytes=plan.placement.stack_bytes,
        constant_bytes=0,
        peak_op="",
        regions=tuple(
            RegionUse(region.region, region.used_bytes, region.size_bytes)
            for region in plan.regions
        ),
    )
