"""mcuzoo flash: a project's firmware into the flash of a board, or of the boards of a rig."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.cli.output import summary_aside
from mcuzoo.cli.progress import Update, step
from mcuzoo.errors import UsageError, command
from mcuzoo.flash.options import FlashOptions
from mcuzoo.options import Argument, Option, RigFilter
from mcuzoo.report.options import CiFiles

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "--dry-run"),
    ("hello", "--via", "jlink", "--probe", "801012345"),
    ("hello", "--via", "spsdk", "--flashloader", "ivt_flashloader.bin"),
    ("hello", "--command", "mytool write {bin} {address}"),
    ("hello", "--rig", "rig.toml", "--filter", "board=rt1170"),
)


@takes(FlashOptions, files=CiFiles)
def flash(
    options: FlashOptions,
    files: CiFiles,
    project: Annotated[Path | None, Argument("A built project [with --rig: each board's].")] = None,
    rig: Annotated[
        Path | None, Option("Flash the boards of this rig file.", "--rig", metavar="RIG.toml")
    ] = None,
    filter: RigFilter = (),
    json_output: Json = False,
) -> None:
    """Checks the build and its boot header, says which probe and which bytes, programs, reads the
    flash back and compares, resets, and waits for the board to say what it runs. docs/flash.md has
    each way step by step."""
    from mcuzoo.files import require_outputs

    aside = require_outputs(files.outputs, {"--rig": rig}, json_output)
    if rig is not None:
        with summary_aside(aside):
            _flash_rig(rig, filter, project, options, files, json_output)
    elif filter:
        raise UsageError("--filter chooses boards of a rig.", "Add --rig RIG.toml.")
    elif project is None:
        raise UsageError("mcuzoo flash: which project?", command("mcuzoo", "flash", "PROJECT"))
    else:
        with summary_aside(aside):
            _flash(project, options, files, json_output)


def _flash(project: Path, options: FlashOptions, files: CiFiles, json_output: bool) -> None:
    from mcuzoo.cli.output import print_json
    from mcuzoo.flash.flash import flash as flash_project
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.flash import flash_document, flash_text
    from mcuzoo.report.outcomes import flash_outcome

    with told(files, "flash"), step(f"flashing {project}") as line:
        done = flash_project(project, options, _say, _counted(line))
    write_outcomes((flash_outcome(done),), files)
    if json_output:
        print_json("flash", flash_document(done))
    else:
        sys.stdout.write(flash_text(done))


def _flash_rig(
    path: Path,
    filters: tuple[str, ...],
    project: Path | None,
    options: FlashOptions,
    files: CiFiles,
    json_: bool,
) -> None:
    from mcuzoo.cli.output import print_json
    from mcuzoo.errors import RigError
    from mcuzoo.flash.rig import flash_rig
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.flash import rig_document, rig_text
    from mcuzoo.report.outcomes import rig_outcomes
    from mcuzoo.rig.boards import chosen
    from mcuzoo.rig.file import read_rig

    with told(files, "flash"):
        boards = chosen(read_rig(path), filters)
        with step(f"flashing {len(boards)} boards") as line:
            results = flash_rig(boards, project, options, _say, _counted(line))
    write_outcomes(rig_outcomes(results), files)
    if json_:
        print_json("flash-rig", rig_document(results))
    else:
        sys.stdout.write(rig_text(results))
    failed = [one for one in results if one.error is not None]
    if failed and json_:
        raise SystemExit(RigError.exit_code)  # the document says it already
    if failed:
        names = ", ".join(one.board.name for one in failed)
        again = [word for one in failed[:1] for word in ("--filter", f"name={one.board.name}")]
        raise RigError(
            f"{len(failed)} of {len(results)} boards are not as they should be: {names}.",
            command("mcuzoo", "flash", *([project] if project else []), "--rig", path, *again),
        )


def _counted(line: Update) -> Callable[[str, int, int | None], None]:
    """Steps that are not counted, such as those of other programs, leave the line as it is."""
    return lambda _, done, total: line(done, total) if total else None


def _say(text: str) -> None:
    """On a terminal over the line of the progress, which is written again below."""
    print(f"\r{text:<79}" if sys.stderr.isatty() else text, file=sys.stderr)
