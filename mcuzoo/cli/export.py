"""mcuzoo export: render a project folder."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import Board, takes
from mcuzoo.cli.progress import step
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.options import Argument, Option
from mcuzoo.project.kinds import DEFAULT_MODEL

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
        Argument(f"A model of the zoo, or a .tflite file [{DEFAULT_MODEL}].", metavar="MODEL"),
    ] = None,
    json_output: Annotated[bool, Option("Print the manifest.", "--json")] = False,
) -> None:
    """With --universal the firmware takes its model over the link: mcuzoo run-serial --upload."""
    from mcuzoo.cli.output import print_json, tell
    from mcuzoo.codegen.export import export as export_models
    from mcuzoo.project.manifest import UniversalManifest
    from mcuzoo.report.project import export_document, export_text, universal_text

    with step("planning and writing the project"):
        made = export_models(models or (), board, options, tell)
    if json_output:
        print_json("export", export_document(made.manifest))
    elif isinstance(made.manifest, UniversalManifest):
        print(universal_text(made.folder, made.board, made.manifest))
    else:
        sys.stdout.write(export_text(made.folder, made.board, made.manifest))
