"""mcuzoo build: from a project folder to a firmware."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.cli.progress import step
from mcuzoo.options import Argument, Option
from mcuzoo.report.options import CiFiles
from mcuzoo.toolchain.options import BuildOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "--sdk", "/opt/nxp/mcuxsdk", "--config", "debug"),
)


@takes(BuildOptions, files=CiFiles)
def build(
    project: Annotated[Path, Argument("A project folder.")],
    options: BuildOptions,
    files: CiFiles,
    json_output: Annotated[bool, Option("Print the build's entry.", "--json")] = False,
) -> None:
    import sys
    from dataclasses import asdict

    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.files import making, require_outputs
    from mcuzoo.project.manifest import load_project
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.outcomes import build_outcome
    from mcuzoo.report.project import build_text
    from mcuzoo.toolchain.build import build_project
    from mcuzoo.toolchain.sizes import beyond_plan

    aside = require_outputs(files.outputs, {}, json_output)
    with told(files, "build"), making(project), step(f"building {project}") as update:
        entry = build_project(project, options, update, tell)
    manifest = load_project(project)
    write_outcomes((build_outcome(project, manifest, entry),), files)
    for line in beyond_plan(manifest.plan, entry.regions):
        tell(f"warning: more than the plan: {line}")
    if json_output:
        print_json("build", asdict(entry))
    else:
        with summary_aside(aside):
            sys.stdout.write(build_text(project, manifest, entry, width()))
