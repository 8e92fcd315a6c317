"""`mcuzoo try`: from a model file to the answers of the emulated board, in one command."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.options import Argument, Option
from mcuzoo.report.options import CiFiles
from mcuzoo.tryout.options import DEFAULT_BOARD, TryOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("model.tflite",),
    ("model.tflite", "--board", "rt1050", "--images", "photos"),
)


@takes(TryOptions, files=CiFiles)
def try_(
    model: Annotated[str, Argument("A model of the zoo, or a .tflite file.")],
    options: TryOptions,
    files: CiFiles,
    board: Annotated[
        str, Option("Board to emulate: one of mcuzoo boards, or a .toml file.", "--board", "-b")
    ] = DEFAULT_BOARD,
    json_output: Json = False,
) -> None:
    """Keeps what each step made in a folder: inspect, fit, export, build, run. Ends with the
    commands for a real board.

    Exits 0 when every output equals the host's; 1 when the model does not fit or an output differs;
    2 for a model or pictures that cannot be used; 5 when the build fails.
    """
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.cli.run_progress import RunProgress
    from mcuzoo.files import require_outputs
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.outcomes import try_outcome
    from mcuzoo.report.tryout import keep_step, keep_try, try_document, try_text
    from mcuzoo.tryout.tryout import try_model

    aside = require_outputs(files.outputs, {"--labels": options.labels}, json_output)
    with told(files, "try"):
        tried = try_model(
            model,
            board,
            options,
            tell,
            lambda job: RunProgress(job.out),
            keep_step,
        )
    write_outcomes((try_outcome(tried),), files)
    keep_try(tried)
    if json_output:
        print_json("try", try_document(tried))
    else:
        with summary_aside(aside):
            sys.stdout.write(try_text(tried, width()))
    if tried.exit_code:
        sys.exit(tried.exit_code)
