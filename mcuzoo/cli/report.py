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
    from mcuzoo.history.against import Against
    from mcuzoo.history.folders import RunInFolder

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("runs/20260101-120000",),
    ("runs", "--html", "run.html"),
    ("runs/20260102-020000", "--against", "runs/20260101-020000"),
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
    again by it, and the exit code is that of the verdict, as run-serial has it. With --against it
    is set beside an earlier run: newly wrong and newly right images, outputs that changed, costs,
    and whether model, data, firmware or rig is another one.
    """
    from dataclasses import replace

    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.files import require_outputs
    from mcuzoo.history.against import against
    from mcuzoo.history.folders import RunInFolder, open_run
    from mcuzoo.report.against import against_document, against_text
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
        tell(f"run: {found}, the newest in {run}")
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
    beside = None
    if options.against is not None:
        beside = against(RunInFolder(found, summary), open_run(options.against))
        if beside.baseline.folder != options.against:
            tell(f"against: {beside.baseline.folder}, the newest there")
    if options.html is not None:
        _write_page(options.html, RunInFolder(found, summary), options, beside)
    write_outcomes((run_outcome(summary, found),), files)
    if json_output:
        document = run_document(found, summary)
        if beside is not None:
            document["against"] = against_document(beside)
        print_json("run", document)
    else:
        with summary_aside(aside):
            sys.stdout.write(summary_text(summary, show, width()))
            if beside is not None:
                sys.stdout.write(f"\n{against_text(beside)}")
    if options.asked and not summary.verdict.passed:
        sys.exit(summary.verdict.exit_code)


def _write_page(
    html: Path, run: RunInFolder, options: ReportOptions, beside: Against | None
) -> None:
    from mcuzoo.cli.progress import step
    from mcuzoo.report.html.at_hand import at_hand
    from mcuzoo.report.html.page import write_page
    from mcuzoo.report.html.run import SHOWN, RunPage, run_html
    from mcuzoo.report.profile import read_profile

    profile = None if options.profile is None else read_profile(options.profile)
    show = SHOWN if options.misses is None else options.misses
    with step(f"the page of {run.folder}"):
        project = at_hand(run.summary.meta, options.project)
        page = RunPage(run.folder, run.summary, project, profile, show, beside)
        write_page(html, run_html(page))
