"""`mcuzoo bisect`: what differs between two runs, and the first layer that does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.history.options import BisectOptions
from mcuzoo.options import Argument

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("runs/20260101-020000", "runs/20260102-020000"),
    ("good", "bad", "--project-a", "before", "--project-b", "now"),
)


@takes(BisectOptions)
def bisect(
    run_a: Annotated[Path, Argument("Folder of a run, or of runs: the newest.", metavar="RUN_A")],
    run_b: Annotated[Path, Argument("The run beside it.", metavar="RUN_B")],
    options: BisectOptions,
    json_output: Json = False,
) -> None:
    """In order: model, recipe, data, firmware build, compiler, board, line; each with both values,
    and what a run does not record. With both projects at hand, both builds run the first image
    whose outputs differ on the emulated board. Exits 0 whether or not anything differs.
    """
    from mcuzoo.cli.output import print_json, tell
    from mcuzoo.history.bisect import bisect as find
    from mcuzoo.report.bisect import bisection_document, bisection_text

    found = find(run_a, run_b, options, tell)
    if json_output:
        print_json("bisect", bisection_document(found))
    else:
        sys.stdout.write(bisection_text(found))
