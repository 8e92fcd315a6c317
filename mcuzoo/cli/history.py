"""`mcuzoo history`: what runs found over time, by model and board."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.history.options import HistoryOptions
from mcuzoo.options import Argument
from mcuzoo.report.options import Html

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("runs",),
    ("nightly/runs", "--html", "history.html"),
)


@takes(HistoryOptions)
def history(
    runs: Annotated[list[Path], Argument("Folders of runs, or with runs at any depth.")],
    options: HistoryOptions,
    html: Html = None,
    json_output: Json = False,
) -> None:
    """Accuracy with its interval, latency, arena, code and link faults, read from the journals
    alone; what changed from run to run, and since when a model on a board fails. Unfinished and
    damaged runs are listed. Exits 0 whatever the verdicts were.
    """
    from mcuzoo.cli.output import may_color, print_json, summary_aside, width
    from mcuzoo.cli.progress import step
    from mcuzoo.files import require_outputs
    from mcuzoo.history.trend import history as read_history
    from mcuzoo.report.history import history_document, history_text
    from mcuzoo.report.html.history import history_html
    from mcuzoo.report.html.page import write_page

    aside = require_outputs({"--html": html}, {}, json_output)
    found = read_history(runs, options)
    if html is not None:
        with step("the page of the history"):
            write_page(html, history_html(found))
    if json_output:
        print_json("history", history_document(found))
    else:
        with summary_aside(aside):
            sys.stdout.write(history_text(found, width(), may_color()))
