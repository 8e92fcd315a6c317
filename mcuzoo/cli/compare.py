"""`mcuzoo compare`: several projects on the same images, in one table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.compare.options import CompareOptions
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.options import Argument
from mcuzoo.report.options import PageFiles

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello", "other"),
    ("hello", "other", "--port", SOME_PORT, "--port", "-", "--images", "photos"),
)


@takes(CompareOptions, files=PageFiles)
def compare(
    projects: Annotated[list[Path], Argument("Built projects, two or more.")],
    options: CompareOptions,
    files: PageFiles,
    json_output: Json = False,
) -> None:
    """Exits 1 when outputs of one model differ, from the host's or from each other. Those of a
    delegate (XNNPACK, an NPU) need not be equal; --max-flips judges its answers.
    """
    from mcuzoo.cli.output import may_color, print_json, summary_aside, tell, width
    from mcuzoo.compare.comparison import compare_projects
    from mcuzoo.files import require_outputs
    from mcuzoo.report.check_outcomes import comparison_outcomes
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.comparison import (
        comparison_document,
        comparison_table,
        comparison_verdict,
    )
    from mcuzoo.report.html.comparison import comparison_html
    from mcuzoo.report.html.page import write_page

    aside = require_outputs(files.outputs, {"--images": options.images}, json_output)
    with told(files, "compare"):
        found = compare_projects(projects, options, tell)
    if files.html is not None:
        write_page(files.html, comparison_html(found))
    write_outcomes(comparison_outcomes(found), files)
    if json_output:
        print_json("compare", comparison_document(found))
    else:
        with summary_aside(aside):
            sys.stdout.write(comparison_table(found, width(), may_color()))
            sys.stdout.write(comparison_verdict(found))
    if found.passed is False:
        sys.exit(1)
