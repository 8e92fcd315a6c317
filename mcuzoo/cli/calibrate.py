"""`mcuzoo calibrate`: the rates of a board's memories and kernels, measured."""

from __future__ import annotations

import sys

from mcuzoo.calibrate.options import CalibrateOptions
from mcuzoo.cli.options import Board, Json, takes
from mcuzoo.link.transport import SOME_PORT

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("--board", "rt1050", "--port", SOME_PORT, "-o", "rates.toml"),
    ("--board", "rt1050", "--flash", "-o", "rates.toml"),
    ("--board", "rt1050", "--port", "emulator"),
)


@takes(CalibrateOptions)
def calibrate(board: Board, options: CalibrateOptions, json_output: Json = False) -> None:
    """Builds a firmware of micro-benchmarks, and says how to flash it. Then the board runs it:
    reads of each memory, code in flash, loops of the core, kernels. The cycles are shown beside
    those of the model, and the rates that follow are written; fit, export, try and profile take
    that file by --rates."""
    from mcuzoo.calibrate.calibrate import calibrate as calibrate_board
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.cli.progress import step
    from mcuzoo.files import require_outputs
    from mcuzoo.report.calibration import calibration_document, calibration_text

    aside = require_outputs({"--output": options.output, "--trace": options.trace}, {}, json_output)
    with step("calibrating"):
        found = calibrate_board(board, options, tell)
    if json_output:
        print_json("calibrate", calibration_document(found))
    else:
        with summary_aside(aside):
            sys.stdout.write(calibration_text(found, width()))
