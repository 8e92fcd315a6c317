"""mcuzoo build: from a project folder to a firmware."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.cli.progress import step
from mcuzoo.options import Argument, Option
from mcuzoo.toolchain.options import BuildOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "--sdk", "/opt/nxp/mcuxsdk", "--config", "debug"),
)


@takes(BuildOptions)
def build(
    project: Annotated[Path, Argument("A project folder.")],
    options: BuildOptions,
    json_output: Annotated[bool, Option("Print the build's entry.", "--json")] = False,
) -> None:
    import json
    import sys
    from dataclasses import asdict

    from mcuzoo.cli.output import width
    from mcuzoo.files import making
    from mcuzoo.project.manifest import load_project
    from mcuzoo.report.project import build_text
    from mcuzoo.toolchain.build import build_project
    from mcuzoo.toolchain.sizes import beyond_plan

    with making(project), step(f"building {project}") as update:
        entry = build_project(project, options, update)
    for line in beyond_plan(load_project(project).plan, entry.regions):
        print(f"warning: more than the plan: {line}", file=sys.stderr)
    if json_output:
        print(json.dumps(asdict(entry), indent=2))
    else:
        sys.stdout.write(build_text(project, load_project(project), entry, width()))
