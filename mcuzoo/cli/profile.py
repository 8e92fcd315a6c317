"""`mcuzoo profile`: what each layer takes on a board, and whether it is right."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mcuzoo.cli.options import Baud, NoReference, Trace, UploadModel
from mcuzoo.cli.progress import step

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("/dev/ttyACM0", "--project", "hello", "--image", "photo.jpg"),
)


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
    baud: Baud = None,
    no_reference: NoReference = False,
    trace: Trace = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run one image and show each layer's cycles (instructions, when emulated) and correctness.

    Exits 1 when a layer's output differs from the host's; the first such layer is named.
    """
    import json
    from contextlib import ExitStack

    from mcuzoo.cli.output import may_color, summary_aside, width
    from mcuzoo.files import open_output, require_outputs
    from mcuzoo.link.channel import DeviceLog
    from mcuzoo.report.profile import (
        profile_document,
        profile_findings,
        profile_head,
        profile_table,
    )
    from mcuzoo.run.profiling import ProfileRequest, profile_target

    def log(line: DeviceLog) -> None:
        print(f"board: {line.level.name.lower()}: {line.text}", file=sys.stderr)

    aside = require_outputs({"--trace": trace}, {"--image": image}, json_output)
    with ExitStack() as stack:
        stack.enter_context(step("running one image, layer by layer"))
        found = profile_target(
            ProfileRequest(target, project, image, baud, not no_reference, upload),
            trace=None if trace is None else stack.enter_context(open_output(trace)),
            on_log=log,
            on_warning=lambda text: print(f"warning: {text}", file=sys.stderr),
            say=lambda text: print(text, file=sys.stderr),
        )
    if json_output:
        print(json.dumps(profile_document(found), indent=2))
    else:
        with summary_aside(aside):
            print(profile_head(found))
            sys.stdout.write(profile_table(found, width(), may_color()))
            sys.stdout.write(profile_findings(found))
    if not found.passed:
        raise typer.Exit(1)
