"""mcuzoo init: a mcuzoo.toml to begin with, and workflows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.config.options import InitOptions
from mcuzoo.options import Argument

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("detector", "--model", "signs", "--board", "rt1050", "--github"),
)


@takes(InitOptions)
def init(
    options: InitOptions,
    folder: Annotated[Path, Argument("Folder to begin in [here].", metavar="DIR")] = Path(),
    json_output: Json = False,
) -> None:
    """The workflows run the emulated board on every push, and real boards on a runner of your own.
    A file that is there already is never changed."""
    from mcuzoo.cli.output import print_json
    from mcuzoo.config.init import initialize
    from mcuzoo.errors import command
    from mcuzoo.report.config import init_document, init_text

    done = initialize(folder, options)
    if json_output:
        print_json("init", init_document(done))
        return
    sys.stdout.write(init_text(done))
    go = "" if folder == Path() else f"{command('cd', folder)} && "
    print(f"next: {go}mcuzoo config && mcuzoo export && mcuzoo build && mcuzoo run-serial")
