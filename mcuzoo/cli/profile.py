"""`mcuzoo profile`: what each layer takes on a board, and whether it is right."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.cli.progress import step
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.options import Argument
from mcuzoo.report.options import PageFiles
from mcuzoo.run.options import ProfileOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    (SOME_PORT, "--project", "hello", "--image", "photo.jpg"),
)


@takes(ProfileOptions, files=PageFiles)
def profile(
    target: Annotated[
        str,
        Argument("A port; or a project folder, which is emulated.", metavar="PORT|PROJECT"),
    ],
    options: ProfileOptions,
    files: PageFiles,
    json_output: Json = False,
) -> None:
    """Exits 1 when a layer's output differs from the host's, and names the first such layer; and
    when a budget does not hold."""
    from mcuzoo.cli.output import may_color, print_json, summary_aside, tell, width
    from mcuzoo.files import require_outputs
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.html.page import write_page
    from mcuzoo.report.html.profile import profile_html
    from mcuzoo.report.outcomes import profile_outcome
    from mcuzoo.report.profile import (
        profile_document,
        profile_findings,
        profile_head,
        profile_table,
    )
    from mcuzoo.run.profiling import profile as profile_board

    aside = require_outputs(
        {"--trace": options.trace, **files.outputs}, {"--image": options.image}, json_output
    )
    with told(files, "profile"), step("running one image, layer by layer"):
        found = profile_board(target, options, tell)
    if files.html is not None:
        write_page(files.html, profile_html(found))
    write_outcomes((profile_outcome(found),), files)
    if json_output:
        print_json("profile", profile_document(found))
    else:
        with summary_aside(aside):
            print(profile_head(found))
            sys.stdout.write(profile_table(found, width(), may_color()))
            sys.stdout.write(profile_findings(found))
    if not found.accepted:
        sys.exit(1)
