"""What may be emulated, a chip's flash image or a program for Linux, and the board of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.emulator.consoles import Console
from mcuzoo.emulator.evk import Target, VirtualEvk, find_target, not_built, project_target
from mcuzoo.emulator.linux.board import EmulatedLinux
from mcuzoo.emulator.linux.elf import MOST_BYTES, Program
from mcuzoo.emulator.powered import PoweredBoard
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import InputError, UsageError
from mcuzoo.project.manifest import AnyManifest, LinuxTargetEntry, load_project
from mcuzoo.project.rules import inside
from mcuzoo.timing.rates import rated


@dataclass(frozen=True)
class LinuxTarget:
    """program: the file of a program for Linux, an agent with its model."""

    program: Path


def find_any_target(
    path: Path, board: str | None = None, rates: Path | None = None
) -> Target | LinuxTarget:
    """As find_target, and for a project of a board that runs Linux, or a program of one.

    rates: a file of rates that were measured on the board, for modelled cycles. Raises InputError
    where it is none, or another board's.
    """
    target = _any_target(path, board)
    if rates is None:
        return target
    if isinstance(target, LinuxTarget):
        raise UsageError(
            f"--rates is about the memories of a microcontroller, and {path} is for Linux.",
            "Leave it out.",
        )
    return replace(target, board=rated(target.board, rates))


def _any_target(path: Path, board: str | None) -> Target | LinuxTarget:
    chosen = None if board is None else load_any_board(board)
    if path.is_file():
        return LinuxTarget(path) if isinstance(chosen, LinuxBoard) else find_target(path, board)
    if path.is_dir():
        manifest = load_project(path)
        if isinstance(manifest.target, LinuxTargetEntry):
            return LinuxTarget(_program(path, manifest, board))
        if isinstance(chosen, LinuxBoard):
            raise UsageError(
                f"{path} is a project for {manifest.board}, and {chosen.name} runs Linux.",
                "Leave --board out.",
            )
        return project_target(path, manifest, board)
    return find_target(path, board)


def _program(project: Path, manifest: AnyManifest, board: str | None) -> Path:
    if board is not None:
        raise UsageError(
            f"{project} is a project for Linux: its program says which board it is for.",
            "Leave --board out.",
        )
    build = manifest.build
    program = None if build is None else inside(project, build.elf)
    if program is None or not program.is_file():
        raise not_built(project)
    return program


def make_board(
    target: Target | LinuxTarget,
    console: Console,
    count: CountMode,
    *,
    until_hang_up: bool = False,
) -> PoweredBoard:
    """The board of `target`, with `console` at its line. Raises as VirtualEvk and Program."""
    if isinstance(target, Target):
        return VirtualEvk(target.board, target.image, console, count, until_hang_up=until_hang_up)
    if count.cycles:
        raise UsageError(
            "Cycles are modelled of a Cortex-M7 alone; this board runs Linux.",
            "Leave --count cycles out.",
        )
    program = Program(_read(target.program), str(target.program))
    return EmulatedLinux(program, console, count, until_hang_up=until_hang_up)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.", "mcuzoo build PROJECT makes it."
        ) from error
