"""mcuzoo build: from a project folder to a firmware."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mcuzoo.project.manifest import BuildEntry, ProjectManifest


def build(
    project: Annotated[Path, typer.Argument(help="A project folder.")],
    compiler: Annotated[
        str | None, typer.Option("--compiler", help="gcc or zig [the first that is found].")
    ] = None,
    optimization: Annotated[
        str | None, typer.Option("--optimization", "-O", help="0, 1, 2, 3 or s [2].")
    ] = None,
    tflm: Annotated[
        Path | None, typer.Option("--tflm", help="TFLM's tree, if not the one of the export.")
    ] = None,
    sdk: Annotated[
        Path | None,
        typer.Option("--sdk", help="NXP's MCUXpresso SDK, its folder mcuxsdk [$MCUXSDK_ROOT]."),
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", help="In the SDK: release or debug [release].")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the build's entry.")] = False,
) -> None:
    """Build PROJECT into ELF, .bin and .hex: with arm-none-eabi-gcc or Zig, or in NXP's SDK."""
    import json
    import sys
    from dataclasses import asdict

    from mcuzoo.project.flags import check_optimization
    from mcuzoo.project.manifest import load_project
    from mcuzoo.toolchain.build import build_project
    from mcuzoo.toolchain.mcuxpresso import SdkOptions
    from mcuzoo.toolchain.sizes import beyond_plan

    level = None if optimization is None else check_optimization(optimization)
    entry = build_project(project, compiler, level, tflm, SdkOptions(sdk, config))
    for line in beyond_plan(load_project(project).plan, entry.regions):
        print(f"warning: more than the plan: {line}", file=sys.stderr)
    if json_output:
        print(json.dumps(asdict(entry), indent=2))
    else:
        _print_entry(project, load_project(project), entry)


def _print_entry(project: Path, manifest: ProjectManifest, entry: BuildEntry) -> None:
    from rich.console import Console
    from rich.table import Table

    planned = {use.region: use.used_bytes for use in manifest.plan.regions}
    table = Table()
    table.add_column("region")
    for column in ("used", "planned", "size", ""):
        table.add_column(column, justify="right")
    for use in entry.regions:
        table.add_row(
            use.region,
            f"{use.used_bytes:,}",
            f"{planned.get(use.region, 0):,}",
            f"{use.size_bytes:,}",
            f"{use.used_bytes / use.size_bytes:.0%}",
        )
    print(f"{manifest.name}, {entry.toolchain} {entry.compiler_version} {entry.optimization}")
    Console(highlight=False).print(table)
    print(f"code {entry.code_bytes:,} bytes; build {entry.build_id}")
    for product in (entry.elf, entry.bin, entry.hex):
        print(project / product)
    print(f"next: mcuzoo run-serial --port emulator://{project} --project {project}")
