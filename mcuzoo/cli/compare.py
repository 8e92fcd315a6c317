"""`mcuzoo compare`: several projects on the same images, in one table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mcuzoo.cli.options import Baud

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello", "other"),
    ("hello", "other", "--port", "/dev/ttyACM0", "--port", "-", "--images", "photos"),
)


def compare(
    projects: Annotated[list[Path], typer.Argument(help="Built projects, two or more.")],
    port: Annotated[
        list[str] | None,
        typer.Option(
            "--port", "-p", help="Port of a project's board, in their order; - emulates [all]."
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            metavar="DIR|CSV",
            help="Images, class folders, or CSV; default: the first project's samples.",
        ),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="Class names, one a line.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Run so many images, spread over the classes.")
    ] = 10,
    baud: Baud = None,
    no_reference: Annotated[
        bool,
        typer.Option("--no-reference", help="Compare with the first project, not with the host."),
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run the same images on several projects: accuracy, outputs by layer, instructions, sizes.

    Exits 1 when outputs of one model differ, from the host's or from each other.
    """
    import json

    from mcuzoo.cli.output import may_color, width
    from mcuzoo.compare.comparison import CompareRequest, compare_projects
    from mcuzoo.report.comparison import (
        comparison_document,
        comparison_table,
        comparison_verdict,
    )

    found = compare_projects(
        CompareRequest(
            tuple(projects), tuple(port or ()), images, labels, limit, baud, not no_reference
        ),
        lambda text: print(text, file=sys.stderr),
    )
    if json_output:
        print(json.dumps(comparison_document(found), indent=2))
    else:
        sys.stdout.write(comparison_table(found, width(), may_color()))
        sys.stdout.write(comparison_verdict(found))
    if not found.equal:
        raise typer.Exit(1)
