"""The virtual EVK: a board file, an image (or a built project) and a console become a running
board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.board.baud import with_baud
from mcuzoo.board.load import load_board, read_board
from mcuzoo.board.model import Board
from mcuzoo.emulator.bell import Bell
from mcuzoo.emulator.boot_rom import boot, load_image
from mcuzoo.emulator.consoles import Console
from mcuzoo.emulator.lpuart import Transmitter
from mcuzoo.emulator.machine import ConsoleEnd, Machine, Outcome, Setting
from mcuzoo.emulator.memory import make_memories
from mcuzoo.emulator.powered import PoweredBoard, say_on_stderr
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import InputError, ProjectError, UsageError, command
from mcuzoo.project.manifest import BOARD_FILE, AnyManifest, load_project
from mcuzoo.project.rules import inside
from mcuzoo.timing.marks import Mark


@dataclass(frozen=True)
class Target:
    """What to emulate: a board, and the flash image (.bin or .elf) in it."""

    board: Board
    image: Path


def find_target(path: Path, board: str | None = None) -> Target:
    """`path`: a project folder, or a .bin or .elf file, which needs `board`.

    A project brings its board file along; `board` overrules it. Its baud rate is the manifest's.
    Raises ProjectError when the project is none or has not been built, InputError, UsageError,
    BoardError.
    """
    if path.is_file():
        if board is None:
            raise UsageError(
                f"{path} is an image; which board is it for?",
                "Add --board, or name the project folder.",
            )
        return Target(load_board(board), path)
    if not path.exists():
        raise InputError(
            f"There is no project or image {str(path)!r}.",
            "mcuzoo export signs --board rt1170 makes a project, of the bundled model.",
        )
    return project_target(path, load_project(path), board)


def project_target(project: Path, manifest: AnyManifest, board: str | None) -> Target:
    """As find_target, for the folder `project`, whose manifest has been read."""
    image = None if manifest.build is None else inside(project, manifest.build.bin)
    if image is None or not image.is_file():
        raise not_built(project)
    own = inside(project, BOARD_FILE)
    if board is None and own.is_file():
        found = read_board(own)
    else:
        found = load_board(board or manifest.board)
    if manifest.baud is not None:
        found = with_baud(found, manifest.baud)
    return Target(found, image)


def not_built(project: Path) -> ProjectError:
    return ProjectError(
        f"The project {project} has not been built.",
        f"Build it first: {command('mcuzoo', 'build', project)}",
    )


class VirtualEvk(PoweredBoard):
    """A board with `image` in its flash and `console` at its UART.

    image: the content of a .bin or .elf file, or its path. count: how many inferences DWT counts
    before the board goes on at full speed. until_hang_up: end when the console's host has gone.
    Raises EmulatorError when the boot ROM would not start the image, InputError when it cannot be
    read.
    """

    def __init__(
        self,
        board: Board,
        image: bytes | Path,
        console: Console,
        count: CountMode | None = None,
        *,
        until_hang_up: bool = False,
        say: Callable[[str], None] = say_on_stderr,
    ) -> None:
        super().__init__(console, say)
        loaded = load_image(board, image)
        start = boot(board, loaded)
        self._memories = make_memories(board, loaded)
        self._transmitter = Transmitter(console)
        self._bell = Bell(self._interrupt, lambda: self._machine.touches if self._machine else 0)
        self._setting = Setting(
            board=board,
            memories=self._memories,
            start=start,
            far_end=ConsoleEnd(console, self._transmitter, until_hang_up, self._bell.listen),
            mode=CountMode() if count is None else count,
            orders=self._orders,
            say=say,
        )
        self._machine: Machine | None = None
        self._inferences = 0

    @property
    def inferences(self) -> int:
        """Inferences whose instructions were counted, over all resets."""
        return self._machine.inferences if self._machine else self._inferences

    @property
    def marks(self) -> list[Mark]:
        """Readings of the cycle counter since the last reset, where cycles are modelled."""
        return [] if self._machine is None else list(self._machine.marks)

    @property
    def instructions(self) -> int:
        """Instructions counted since the last reset."""
        return self._machine.instructions if self._machine else 0

    def run(self) -> None:
        """Run until `stop`, or until the host hangs up if `until_hang_up` is set; once only.

        Raises EmulatorError when the firmware does what the board file does not declare, or what
        the emulated board does not model; MissingExtraError without unicorn.
        """
        with self._running():
            try:
                while True:
                    self._machine = Machine(self._setting, self._inferences)
                    outcome = self._machine.run()
                    self._inferences = self._machine.inferences
                    self._transmitter.flush()
                    if outcome is Outcome.STOPPED:
                        return
                    self._has_reset(self._machine.unread)
                    ended, self._machine = self._machine, None
                    ended.engine.close()
            finally:
                self._transmitter.close()
                self._bell.close()

    def _interrupt(self) -> None:
        machine = self._machine
        if machine is not None:
            machine.engine.stop()
