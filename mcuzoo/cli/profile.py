"""`mcuzoo profile`: what each layer takes on a board, and whether it is right."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mcuzoo.cli.options import Baud, NoReference, Trace, UploadModel, opened_trace
from mcuzoo.cli.progress import step


def profile(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PORT|PROJECT", help="A port; or a project folder, which is emulated."
        ),
    ],
    project: Annotated[
        Path | None,
        typer.Option(
            "--project", help="Project that the port's board runs; default: the current folder."
        ),
    ] = None,
    upload: UploadModel = None,
    image: Annotated[
        Path | None,
        typer.Option("--image", help="Picture to run; default: the project's first sample."),
    ] = None,
    baud: Baud = 115200,
    no_reference: NoReference = False,
    trace: Trace = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run one image and show each layer's cycles (instructions, when emulated) and correctness.

    Exits 1 when a layer's output differs from the host's; the first such layer is named.
    """
    import json
    from contextlib import ExitStack

    from rich.console import Console

    from mcuzoo.link.channel import DeviceLog
    from mcuzoo.report.profile import profile_findings, profile_head, profile_table
    from mcuzoo.run.profiling import ProfileRequest, profile_target

    def log(line: DeviceLog) -> None:
        print(f"board: {line.level.name.lower()}: {line.text}", file=sys.stderr)

    with ExitStack() as stack:
        stack.enter_context(step("running one image, layer by layer"))
        found = profile_target(
            ProfileRequest(target, project, image, baud, not no_reference, upload),
            trace=None if trace is None else stack.enter_context(opened_trace(trace)),
            on_log=log,
            on_warning=lambda text: print(f"warning: {text}", file=sys.stderr),
            say=lambda text: print(text, file=sys.stderr),
        )
    if json_output:
        print(json.dumps(found.as_dict(), indent=2))
    else:
        # The table is as wide as its content; a narrow terminal wraps it.
        console = Console(width=200, soft_wrap=True, highlight=False, markup=False)
        console.print(profile_head(found))
        console.print(profile_table(found))
        sys.stdout.write(profile_findings(found))
    if not found.passed:
        raise typer.Exit(1)
