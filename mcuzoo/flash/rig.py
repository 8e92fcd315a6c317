"""Flash the boards of a rig, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcuzoo.errors import InterruptedRunError, McuzooError, UsageError, command
from mcuzoo.flash.flash import Flashed, flash
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.probes import ProbeLister, list_probes
from mcuzoo.flash.way import Update
from mcuzoo.project.manifest import load_project
from mcuzoo.rig.boards import RigBoard


@dataclass(frozen=True)
class BoardFlashed:
    """A board of a rig: what was done, or why not."""

    board: RigBoard
    done: Flashed | None = None
    error: McuzooError | None = None


def flash_rig(
    boards: Sequence[RigBoard],
    project: Path | None = None,
    options: FlashOptions = FlashOptions(),
    say: Callable[[str], None] = lambda text: None,
    update: Update = lambda step, done, total: None,
    lister: ProbeLister = list_probes,
) -> list[BoardFlashed]:
    """Flash each board through its probe and meet it at its port, as the rig file says.

    project: for the boards whose table names none. A board that fails does not hold up the next.
    Raises before anything is sent: UsageError for options that the rig file has, for a board
    without a project or of another kind than its project, ProjectError; InterruptedRunError, as
    flash, on Ctrl-C.
    """
    if options.probe is not None:
        raise UsageError("--probe does not go with --rig: its file has them.", "Leave it out.")
    if options.port is not None:  # perhaps from the environment
        say(f"note: the port {options.port} is not used, the rig file has one for each board")
    jobs = [(board, _project_of(board, project)) for board in boards]
    known = list(lister())
    results = []
    for board, folder in jobs:
        say(f"{board.text}:")
        own = replace(options, probe=board.probe, port=board.port, baud=options.baud or board.baud)
        try:
            done = flash(folder, own, say, update, lambda: known)
        except InterruptedRunError:
            raise
        except McuzooError as error:
            say(f"{board.name}: {error.message}")
            results.append(BoardFlashed(board, error=error))
        else:
            results.append(BoardFlashed(board, done))
    return results


def _project_of(board: RigBoard, given: Path | None) -> Path:
    """The project for a board; it is for boards of that kind."""
    folder = board.project or given
    if folder is None:
        raise UsageError(
            f"No project for {board.text}.",
            'Name one for the boards whose tables have none, or write project = "DIR" there: '
            + command("mcuzoo", "flash", "PROJECT", "--rig", "RIG.toml"),
        )
    manifest = load_project(folder)
    if manifest.board != board.board:
        raise UsageError(
            f"{board.text} is no {manifest.board}, which {folder} is for.",
            f"Choose the boards: {command('--filter', f'board={manifest.board}')}",
        )
    return folder
