"""`mcuzoo report`: what a run found, as text, JSON, a page, CSV or .npy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from mcuzoo.cli.options import takes
from mcuzoo.errors import UsageError
from mcuzoo.options import Argument, Option, Show
from mcuzoo.report.options import CiFiles, ReportOptions

if TYPE_CHECKING:
    from mcuzoo.run.summary import RunSummary

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("runs/20260101-120000",),
    ("runs", "--html", "run.html"),
    ("runs/20260101-120000", "--csv", "images.csv", "--outputs", "outputs.npy"),
)


@takes(ReportOptions, files=CiFiles)
def report(
    run: Annotated[
        Path,
        Argument("Folder of a run, as run-serial printed it; or of runs: the newest."),
    ] = Path("runs"),
    *,
    options: ReportOptions,
    files: CiFiles,
    show: Show = None,
    json_output: Annotated[bool, Option("Print one JSON document.", "--json")] = False,
) -> None:
    """The page of --html is one file for browser and printer: the verdict, the misses as the
    network saw them, memory, line, and where all of it is from. With a budget the run is judged
    again by it, and the exit code is that of the verdict, as run-serial has it.
    """
    from dataclasses import replace

    from mcuzoo.cli.output import print_json, summary_aside, width
    from mcuzoo.files import require_outputs
    from mcuzoo.report.ci import write_outcomes
    from mcuzoo.report.run import run_document, summary_text, write_csv, write_outputs
    from mcuzoo.report.run_outcome import run_outcome
    from mcuzoo.run.journal import JOURNAL_NAME, newest_run, read_run
    from mcuzoo.run.summary import summarize

    if options.of_page and options.html is None:
        said = f"{options.of_page[0]} is for a page, and without --html there is none."
        raise UsageError(said, "Add --html FILE.")
    options.check()
    found = newest_run(run)
    if found != run:
        print(f"run: {found}, the newest in {run}", file=sys.stderr)
    aside = require_outputs(
        {
            "--csv": options.csv,
            "--outputs": options.outputs,
            "--html": options.html,
            **files.outputs,
        },
        {"RUN": found / JOURNAL_NAME, "--profile": options.profile},
        json_output,
    )
    meta, rows = read_run(found)
    if options.csv is not None:
        write_csv(options.csv, meta, rows)
    if options.outputs is not None:
        write_outputs(options.outputs, rows, options.partial)
    if options.asked:
        settings = replace(meta.settings, **options.budgets_over(meta.settings))
        meta = replace(meta, settings=settings)
    summary = summarize(meta, rows)
    if options.html is not None:
        _write_page(options.html, found, summary, options)
    write_outcomes((run_outcome(summary, found),), files)
    if json_output:
        print_json("run", run_document(found, summary))
    else:
        with summary_aside(aside):
            sys.stdout.write(summary_text(summary, show, width()))
    if options.asked and not summary.verdict.passed:
        sys.exit(summary.verdict.exit_code)


def _write_page(html: Path, run: Path, summary: RunSummary, options: ReportOptions) -> None:
    from mcuzoo.cli.progress import step
    from mcuzoo.report.html.at_hand import at_hand
    from mcuzoo.report.html.page import write_page
    from mcuzoo.report.html.run import SHOWN, RunPage, run_html
    from mcuzoo.report.profile import read_profile

    profile = None if options.profile is None else read_profile(options.profile)
    show = SHOWN if options.misses is None else options.misses
    with step(f"the page of {run}"):
        project = at_hand(summary.meta, options.project)
        write_page(html, run_html(RunPage(run, summary, project, profile, show)))
