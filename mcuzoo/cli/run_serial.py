"""`mcuzoo run-serial`: stream images to a board, collect predictions, end with a verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mcuzoo.cli.options import Json, takes
from mcuzoo.errors import McuzooError, command
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.options import Show
from mcuzoo.report.options import StepFiles
from mcuzoo.run.options import RunOptions

if TYPE_CHECKING:
    from mcuzoo.run.job import Job

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("--port", "emulator://hello"),
    ("--port", SOME_PORT, "--project", "hello", "--images", "photos"),
)


@takes(RunOptions, files=StepFiles)
def run_serial(
    options: RunOptions,
    files: StepFiles,
    show: Show = None,
    json_output: Json = False,
) -> None:
    """A board with a universal firmware gets its model first, by --upload.

    Exits 0 when the run passes; 1 when a budget does not hold or outputs differ from the host's; 2
    for unusable input; 3 when the rig lost images; 4 when the firmware is another one, or faults.
    Outputs of a delegate (XNNPACK, an NPU) may differ: --max-flips and --min-top1 judge its
    answers; without them it is compared, not judged, which exits 0 as well.
    """
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.cli.run_progress import RunProgress
    from mcuzoo.files import require_outputs
    from mcuzoo.report.ci import write_outcomes, write_stopped
    from mcuzoo.report.run import run_document, summary_text
    from mcuzoo.report.run_outcome import run_outcome
    from mcuzoo.run.run import run

    aside = require_outputs(
        {"--trace": options.trace, **files.outputs},
        {"--images": options.images, "--labels": options.labels},
        json_output,
    )
    folder: Path | None = None

    def watch(job: Job) -> RunProgress:
        nonlocal folder
        folder = job.out
        return RunProgress(job.out)

    try:
        found = run(None, options, tell, watch)
    except McuzooError as error:
        write_stopped(error, files, run=folder)
        raise
    write_outcomes((run_outcome(found.summary, found.folder),), files)
    if json_output:
        print_json("run", run_document(found.folder, found.summary))
    else:
        with summary_aside(aside):
            sys.stdout.write(summary_text(found.summary, show, width()))
    if found.summary.unanswered:
        go_on = command("mcuzoo", "run-serial", "--resume", found.folder)
        print(f"hint: {go_on}", file=sys.stderr)
    if not found.passed:
        sys.exit(found.summary.verdict.exit_code)
