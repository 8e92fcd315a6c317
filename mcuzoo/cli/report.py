"""`mcuzoo report`: what a run found, as text, JSON, CSV or .npy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.options import Argument, Option, Show

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("runs/20260101-120000",),
    ("runs/20260101-120000", "--csv", "images.csv", "--outputs", "outputs.npy"),
)


@takes()
def report(
    run: Annotated[
        Path,
        Argument("Folder of a run, as run-serial printed it; or of runs: the newest."),
    ] = Path("runs"),
    csv: Annotated[
        Path | None,
        Option("Write a line per image; - is stdout.", "--csv", metavar="FILE"),
    ] = None,
    outputs: Annotated[
        Path | None,
        Option("Write raw int8 outputs, [N, classes].", "--outputs", metavar="FILE.npy"),
    ] = None,
    partial: Annotated[
        bool, Option("Let --outputs leave out images without an output.", "--partial")
    ] = False,
    show: Show = None,
    json_output: Annotated[bool, Option("Print one JSON document.", "--json")] = False,
) -> None:
    import json

    from mcuzoo.cli.output import summary_aside
    from mcuzoo.files import require_outputs
    from mcuzoo.report.run import run_document, summary_text, write_csv, write_outputs
    from mcuzoo.run.journal import JOURNAL_NAME, newest_run, read_run
    from mcuzoo.run.summary import summarize

    found = newest_run(run)
    if found != run:
        print(f"run: {found}, the newest in {run}", file=sys.stderr)
    aside = require_outputs(
        {"--csv": csv, "--outputs": outputs}, {"RUN": found / JOURNAL_NAME}, json_output
    )
    meta, rows = read_run(found)
    if csv is not None:
        write_csv(csv, meta, rows)
    if outputs is not None:
        write_outputs(outputs, rows, partial)
    summary = summarize(meta, rows)
    if json_output:
        print(json.dumps(run_document(found, summary), indent=2))
    else:
        with summary_aside(aside):
            sys.stdout.write(summary_text(summary, show))
