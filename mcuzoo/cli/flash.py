"""mcuzoo flash: a project's firmware into the flash of a board."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.cli.progress import step
from mcuzoo.flash.options import FlashOptions
from mcuzoo.options import Argument

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "--dry-run"),
    ("hello", "--via", "jlink", "--probe", "801012345"),
    ("hello", "--via", "spsdk", "--flashloader", "ivt_flashloader.bin"),
    ("hello", "--command", "mytool write {bin} {address}"),
)


@takes(FlashOptions)
def flash(
    project: Annotated[Path, Argument("A built project.")],
    options: FlashOptions,
    json_output: Json = False,
) -> None:
    """Checks the build and its boot header, says which probe and which bytes, programs, reads the
    flash back and compares, resets, and waits for the board to say what it runs. docs/flash.md has
    each way step by step."""
    import json

    from mcuzoo.flash.flash import flash as flash_project
    from mcuzoo.report.flash import flash_document, flash_text

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    with step(f"flashing {project}") as line:
        done = flash_project(project, options, say, lambda _step, done, total: line(done, total))
    if json_output:
        print(json.dumps(flash_document(done), indent=2))
    else:
        sys.stdout.write(flash_text(done))
