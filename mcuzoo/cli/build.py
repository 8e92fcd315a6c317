"""mcuzoo build: from a project folder to a firmware."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcuzoo.cli.progress import step

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "--sdk", "/opt/nxp/mcuxsdk", "--config", "debug"),
)


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

    from mcuzoo.cli.output import width
    from mcuzoo.files import making
    from mcuzoo.project.kinds import check_optimization
    from mcuzoo.project.manifest import load_project
    from mcuzoo.report.project import build_text
    from mcuzoo.toolchain.build import build_project
    from mcuzoo.toolchain.mcuxpresso import SdkOptions
    from mcuzoo.toolchain.sizes import beyond_plan

    level = None if optimization is None else check_optimization(optimization)
    with making(project), step(f"building {project}") as update:
        entry = build_project(project, compiler, level, tflm, SdkOptions(sdk, config), update)
    for line in beyond_plan(load_project(project).plan, entry.regions):
        print(f"warning: more than the plan: {line}", file=sys.stderr)
    if json_output:
        print(json.dumps(asdict(entry), indent=2))
    else:
        sys.stdout.write(build_text(project, load_project(project), entry, width()))
