"""Exports and builds, as text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcuzoo.board.baud import baud_text
from mcuzoo.board.linux import LinuxBoard
from mcuzoo.errors import command
from mcuzoo.project.manifest import (
    AnyManifest,
    BuildEntry,
    Manifest,
    ProjectManifest,
    UniversalManifest,
)
from mcuzoo.project.recipe import recipe_document
from mcuzoo.report.arena import arena_text, next_image_text
from mcuzoo.report.estimate import exported_time
from mcuzoo.report.fit import constants_summary
from mcuzoo.tables import Column, table_text

if TYPE_CHECKING:
    from mcuzoo.board.load import AnyBoard


def export_text(directory: Path, board: AnyBoard, manifest: Manifest) -> str:
    """A new project: its arena, constants and console, and what to do next."""
    entry = manifest.plan
    head = f"{directory}: {manifest.model.name} for {board.name}, runtime {manifest.runtime}\n"
    build = f"next: {command('mcuzoo', 'build', directory)}"
    if isinstance(board, LinuxBoard):
        figures = f"arena {entry.arena_bytes:,} bytes, constants {entry.constant_bytes:,} bytes"
        return f"{head}C agent: {figures}\n{_npu_text(manifest, board)}{build}\n"
    streamed = ", the input consumed as it arrives" if entry.stream_input else ""
    sdk = " --sdk MCUXSDK, or what its README says" if manifest.sdk else ""
    rates = "" if board.rates is None else f", placed by rates {board.rates.origin}"
    return (
        f"{head}arena {arena_text(entry)}{streamed}\n"
        f"constants {entry.constant_bytes:,} bytes in {constants_summary(entry)}{rates}\n"
        f"{exported_time(entry, board)}"
        f"{next_image_text(entry, manifest.output.bytes)}\n"
        f"console {board.console.name} at {baud_text(board.console)}\n"
        f"{build}{sdk}\n"
    )


def _npu_text(manifest: Manifest, board: LinuxBoard) -> str:
    """What is there for the board's NPU; "" for a board without one."""
    made = manifest.npu
    if board.npu is None:
        return ""
    if made is None:
        how = "left out" if board.npu.vela is not None else "compiled on the board by its delegate"
        return f"NPU: {how}\n"
    left = f", {', '.join(made.cpu_operators)} on the CPU" if made.cpu_operators else ""
    sram = "" if made.sram_bytes is None else f"; {made.sram_bytes:,} bytes of its memory"
    count = f"{made.npu_operators} of {made.operators} operators"
    return f"NPU: {count}{left}{sram} ({made.compiler})\n"


def export_document(manifest: AnyManifest) -> dict[str, Any]:
    """The document that `mcuzoo export --json` prints: the manifest, and the recipe as the other
    commands print it."""
    document = asdict(manifest)
    document["manifest_schema"] = document.pop("schema")
    if isinstance(manifest, Manifest):
        recipe = recipe_document(manifest.preprocessing)
        document["recipe"] = {**recipe, "source": manifest.recipe_source}
    return document


def universal_text(directory: Path, board: AnyBoard, manifest: UniversalManifest) -> str:
    """The message about a new universal project."""
    assert not isinstance(board, LinuxBoard)
    lines = [
        f"{directory}: universal firmware for {board.name}",
        f"{len(manifest.universal.ops)} operators: {', '.join(manifest.universal.ops)}",
        f"arena {manifest.plan.arena_bytes:,} bytes in {manifest.plan.arena_region}",
        *(
            f"models up to {room.bytes:,} bytes in {room.region}"
            for room in manifest.universal.rooms
        ),
        f"console {board.console.name} at {baud_text(board.console)}",
        f"next: {command('mcuzoo', 'build', directory)}",
    ]
    return "\n".join(lines)


def build_text(project: Path, manifest: ProjectManifest, entry: BuildEntry, width: int) -> str:
    """Memory used beside what was planned, the files, and what to do next."""
    planned = {use.region: use.used_bytes for use in manifest.plan.regions}
    figures = ("used", "planned", "size", "")
    columns = (Column("region"), *(Column(name, right=True) for name in figures))
    rows = [
        (
            use.region,
            f"{use.used_bytes:,}",
            f"{planned.get(use.region, 0):,}",
            f"{use.size_bytes:,}",
            f"{use.used_bytes / use.size_bytes:.0%}",
        )
        for use in entry.regions
    ]
    return (
        f"{manifest.name}, {entry.toolchain} {entry.compiler_version} {entry.optimization}\n"
        + (table_text(columns, rows, width) if rows else "")
        + f"code {entry.code_bytes:,} bytes; build {entry.build_id}\n"
        + _changed_text(entry)
        + "".join(f"{project / product}\n" for product in _products(entry))
        + f"next: {_next(project, manifest)}\n"
    )


def _products(entry: BuildEntry) -> list[str]:
    return [product for product in (entry.elf, entry.bin, entry.hex) if product]


_SHOWN_FILES = 5


def _changed_text(entry: BuildEntry) -> str:
    """What went into a build and is not as it was exported; "" if nothing."""
    if not entry.changed:
        return ""
    names = sorted(entry.changed)
    more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
    return f"not as exported: {', '.join(names[:_SHOWN_FILES])}{more}\n"


def _next(project: Path, manifest: ProjectManifest) -> str:
    """The command that runs it on the emulated board; a project without samples needs images."""
    run = command("mcuzoo", "run-serial", "--port", f"emulator://{project}")
    if getattr(manifest, "universal", None) is not None:
        return f"{run} --upload MODEL --images DIR"
    images = "" if getattr(manifest, "samples", None) else " --images DIR"
    return f"{run}{images}"
