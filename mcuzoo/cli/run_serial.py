"""`mcuzoo run-serial`: stream images to a board, collect predictions, end with a verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mcuzoo.cli.options import NoReference, Show, Trace, UploadModel, WaitPort
from mcuzoo.errors import command

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("--port", "emulator://hello"),
    ("--port", "/dev/ttyACM0", "--project", "hello", "--images", "photos"),
)


def run_serial(
    port: Annotated[
        str | None,
        typer.Option(
            "--port",
            "-p",
            envvar="MCUZOO_PORT",
            help="Serial device, pyserial URL, or emulator://PROJECT.",
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(
            "--project",
            help="Exported project [that of emulator://, or the one here that the board runs].",
        ),
    ] = None,
    upload: UploadModel = None,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            metavar="DIR|CSV",
            help="Data set: folder, CSV (file,label), fer2013.csv, or signs; default: samples.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="Class names, one a line, in the order of the outputs."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="Run so many images, spread over the classes."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Part of the data set: train, validation, test ... or all."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="RUN", help="Folder of the run; default: in runs/."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="RUN", help="Go on with this run, set up as it was."),
    ] = None,
    baud: Annotated[
        int | None,
        typer.Option("--baud", min=1, help="Bits per second; default: the project's."),
    ] = None,
    wait_port: WaitPort = None,
    min_top1: Annotated[
        float | None,
        typer.Option("--min-top1", metavar="RATE", help="Fail below this accuracy, 0 to 1."),
    ] = None,
    no_reference: NoReference = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail when an image cannot be decoded.")
    ] = False,
    show: Show = None,
    trace: Trace = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run images on a board and compare with labels and host.

    A board with a universal firmware gets its model first, by --upload.

    Exits 0 when the run passes; 1 when the accuracy is below --min-top1 or outputs differ from the
    host's; 2 for unusable input; 3 when the rig lost images; 4 when the firmware is another one, or
    faults.
    """
    import json
    from contextlib import ExitStack

    from mcuzoo.cli.output import summary_aside
    from mcuzoo.cli.run_progress import RunProgress
    from mcuzoo.files import open_output, require_outputs
    from mcuzoo.link.session import Session
    from mcuzoo.link.state import LinkState
    from mcuzoo.link.transport import DEFAULT_WAIT_S, PortWatch
    from mcuzoo.report.run import run_document, summary_text
    from mcuzoo.run.job import Request, make_job
    from mcuzoo.run.runner import run_images
    from mcuzoo.run.upload import uploading

    aside = require_outputs(
        {"--trace": trace}, {"--images": images, "--labels": labels}, json_output
    )
    job = make_job(
        Request(
            port=port,
            project=project,
            upload=upload,
            images=images,
            labels=labels,
            limit=limit,
            split=split,
            out=out,
            resume=resume,
            baud=baud,
            min_top1=min_top1,
            no_reference=no_reference,
            strict=strict,
        ),
        lambda text: print(text, file=sys.stderr),
    )
    for warning in job.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    with ExitStack() as stack:
        traffic = None if trace is None else stack.enter_context(open_output(trace))
        progress = stack.enter_context(RunProgress(job.out))

        ports = PortWatch(
            job.settings.port,
            wait_s=DEFAULT_WAIT_S if wait_port is None else wait_port,
            wait_first=wait_port is not None,
            say=progress.trouble,
        )

        def connect(state: LinkState) -> Session:
            return Session.open(
                job.settings.port,
                job.settings.baud,
                trace=traffic,
                on_log=progress.log,
                state=state,
                ports=ports,
                baud_note=job.baud_note,
            )

        sends = job.upload and uploading(connect, job.upload, progress.uploading)
        summary = run_images(job, sends or connect, progress)
    if json_output:
        print(json.dumps(run_document(job.out, summary), indent=2))
    else:
        with summary_aside(aside):
            sys.stdout.write(summary_text(summary, show))
    if summary.unanswered:
        go_on = command("mcuzoo", "run-serial", "--resume", job.out)
        print(f"hint: {go_on}", file=sys.stderr)
    if not summary.verdict.passed:
        raise typer.Exit(summary.verdict.exit_code)
