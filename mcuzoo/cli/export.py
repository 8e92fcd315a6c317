"""mcuzoo export: render a project folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.options import Board, takes
from mcuzoo.cli.progress import step
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.errors import command
from mcuzoo.project.kinds import DEFAULT_MODEL

if TYPE_CHECKING:
    from mcuzoo.codegen.export import Project
    from mcuzoo.project.manifest import Manifest, UniversalManifest

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--board", "rt1170"),
    ("model.tflite", "--board", "rt1050", "--runtime", "aot", "-o", "hello"),
)


@takes(ExportOptions)
def export(
    board: Board,
    options: ExportOptions,
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL", help=f"A model of the zoo, or a .tflite file [{DEFAULT_MODEL}]."
        ),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """With --universal the firmware takes its model over the link: mcuzoo run-serial --upload."""
    import json
    from dataclasses import asdict

    from mcuzoo.codegen.export import export as export_models
    from mcuzoo.project.manifest import UniversalManifest

    with step("planning and writing the project"):
        made = export_models(
            models or (), board, options, lambda text: print(text, file=sys.stderr)
        )
    if json_output:
        print(json.dumps(asdict(made.manifest), indent=2))
    elif isinstance(made.manifest, UniversalManifest):
        _print_universal(made, made.manifest)
    else:
        _print_project(made, made.manifest)


def _print_project(made: Project, manifest: Manifest) -> None:
    from mcuzoo.report.constants_text import constants_summary

    entry = manifest.plan
    print(f"{made}: {manifest.model.name} for {made.board.name}, runtime {manifest.runtime}")
    streamed = ", the input consumed as it arrives" if entry.stream_input else ""
    print(f"arena {entry.arena_text}{streamed}")
    print(f"constants {entry.constant_bytes:,} bytes in {constants_summary(entry)}")
    _print_console(made)
    sdk = " --sdk MCUXSDK, or what its README says" if manifest.sdk else ""
    print(f"next: {command('mcuzoo', 'build', made)}{sdk}")


def _print_universal(made: Project, manifest: UniversalManifest) -> None:
    ops = manifest.universal.ops
    print(f"{made}: universal firmware for {made.board.name}")
    print(f"{len(ops)} operators: {', '.join(ops)}")
    print(f"arena {manifest.plan.arena_bytes:,} bytes in {manifest.plan.arena_region}")
    for room in manifest.universal.rooms:
        print(f"models up to {room.bytes:,} bytes in {room.region}")
    _print_console(made)
    print(f"next: {command('mcuzoo', 'build', made)}")


def _print_console(made: Project) -> None:
    from mcuzoo.board.baud import baud_text

    console = made.board.console
    print(f"console {console.name} at {baud_text(console)}")
