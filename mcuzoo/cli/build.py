"""mcuzoo build: from a project folder to a firmware."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.options import takes
from mcuzoo.cli.progress import step
from mcuzoo.errors import command
from mcuzoo.toolchain.options import BuildOptions

if TYPE_CHECKING:
    from mcuzoo.project.manifest import BuildEntry, ProjectManifest

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "--sdk", "/opt/nxp/mcuxsdk", "--config", "debug"),
)


@takes(BuildOptions)
def build(
    project: Annotated[Path, typer.Argument(help="A project folder.")],
    options: BuildOptions,
    json_output: Annotated[bool, typer.Option("--json", help="Print the build's entry.")] = False,
) -> None:
    import json
    import sys
    from dataclasses import asdict

    from mcuzoo.files import making
    from mcuzoo.project.manifest import load_project
    from mcuzoo.toolchain.build import build_project
    from mcuzoo.toolchain.sizes import beyond_plan

    with making(project), step(f"building {project}") as update:
        entry = build_project(project, options, update)
    for line in beyond_plan(load_project(project).plan, entry.regions):
        print(f"warning: more than the plan: {line}", file=sys.stderr)
    if json_output:
        print(json.dumps(asdict(entry), indent=2))
    else:
        _print_entry(project, load_project(project), entry)


def _print_entry(project: Path, manifest: ProjectManifest, entry: BuildEntry) -> None:
    from mcuzoo.cli.output import print_table
    from mcuzoo.tables import Column

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
    print(f"{manifest.name}, {entry.toolchain} {entry.compiler_version} {entry.optimization}")
    print_table(columns, rows)
    print(f"code {entry.code_bytes:,} bytes; build {entry.build_id}")
    for product in (entry.elf, entry.bin, entry.hex):
        print(project / product)
    print(f"next: {_next(project, manifest)}")


def _next(project: Path, manifest: ProjectManifest) -> str:
    """What runs it on the emulated board; a project without samples needs images."""
    run = command("mcuzoo", "run-serial", "--port", f"emulator://{project}")
    if getattr(manifest, "universal", None) is not None:
        return f"{run} --upload MODEL --images DIR"
    images = "" if getattr(manifest, "samples", None) else " --images DIR"
    return f"{run}{images}"
