"""`mcuzoo demo`: everything once, without hardware and without a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.options import Option, Show
from mcuzoo.report.options import CiFiles

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("--board", "rt1050", "--images", "8", "-o", "try"),
)


@takes(files=CiFiles)
def demo(
    files: CiFiles,
    board: Annotated[str, Option("Board to emulate.", "--board", "-b")] = "rt1170",
    images: Annotated[int, Option("Pictures to draw and run.", "--images", min=1)] = 32,
    seed: Annotated[
        int | None, Option("Draw other pictures than last time.", "--seed", min=0)
    ] = None,
    out: Annotated[Path, Option("Folder for the project, pictures and run.", "--out", "-o")] = Path(
        "mcuzoo-demo"
    ),
    show: Show = None,
    json_output: Annotated[bool, Option("Print one JSON document.", "--json")] = False,
) -> None:
    """Exits 0 when every output of the board equals the host's."""
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.cli.run_progress import RunProgress
    from mcuzoo.files import making, require_outputs
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.run import run_document, summary_text
    from mcuzoo.report.run_outcome import run_outcome
    from mcuzoo.tryout.demo import FRESH_SEED, run_demo

    aside = require_outputs(files.outputs, {}, json_output)
    with told(files, "demo"), making(out):
        result = run_demo(
            board,
            out,
            images,
            FRESH_SEED if seed is None else seed,
            tell,
            lambda job: RunProgress(job.out),
        )
    write_outcomes((run_outcome(result.summary, result.run),), files)
    if json_output:
        print_json("run", run_document(result.run, result.summary))
    else:
        with summary_aside(aside):
            sys.stdout.write(summary_text(result.summary, show, width()))
        print(f"\nThe firmware is in {result.project}, the run in {result.run}.", file=sys.stderr)
    if not result.summary.verdict.passed:
        sys.exit(result.summary.verdict.exit_code)
