"""An emulated board that runs beside the caller."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path

from mcuzoo.emulator.consoles import Console, PortConsole, TcpConsole
from mcuzoo.emulator.evk import VirtualEvk
from mcuzoo.emulator.faulty_console import FaultyConsole
from mcuzoo.emulator.options import EmulateOptions
from mcuzoo.emulator.powered import PoweredBoard
from mcuzoo.emulator.targets import find_any_target, make_board
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import UsageError
from mcuzoo.extras import EMULATOR, TIMING, require_packages
from mcuzoo.faults.line import FaultCounts
from mcuzoo.faults.spec import FaultSpec
from mcuzoo.timing.marks import Mark


class EmulatedBoard:
    """port: the URL of its console, for whatever takes a port. It runs in a thread of its own."""

    def __init__(self, powered: PoweredBoard, console: Console) -> None:
        self.port = console.url
        self._powered = powered
        self._console = console
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="board", daemon=True)
        self._thread.start()
        if isinstance(console, FaultyConsole):
            console.start(self.reset)

    @property
    def faults(self) -> FaultCounts | None:
        """What options.faults has done so far; None without it."""
        return self._console.counts if isinstance(self._console, FaultyConsole) else None

    @property
    def marks(self) -> list[Mark]:
        """Readings of the cycle counter since the last reset, with options.count "cycles"."""
        return self._powered.marks if isinstance(self._powered, VirtualEvk) else []

    def ended(self, timeout_s: float) -> bool:
        """Wait up to this long for the board to end; return whether it has ended.

        Raises EmulatorError when it met something that it cannot or must not run.
        """
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        if self._failure is not None:
            raise self._failure
        return True

    def reset(self) -> bool:
        """Press the reset button; False when the board has ended."""
        return self._powered.request_reset()

    def stop(self) -> None:
        """End the board and wait for its end."""
        self._powered.stop()
        if isinstance(self._console, FaultyConsole):
            self._console.close()

    def _run(self) -> None:
        try:
            self._powered.run()
        except BaseException as failure:
            self._failure = failure


@contextmanager
def emulate(
    image: str | PathLike[str], options: EmulateOptions = EmulateOptions()
) -> Iterator[EmulatedBoard]:
    """Boot `image` as the board's ROM would; the board runs until the block ends.

    image: a built project, or a .bin or .elf file with options.board. Raises UsageError,
    ProjectError, InputError, BoardError, MissingExtraError and EmulatorError (an image that the
    boot ROM would not start).
    """
    if options.pty and (options.tcp is not None or options.once):
        raise UsageError(
            "--pty excludes --tcp and --once: it is not known when a terminal is closed.",
            "Leave one of them out.",
        )
    mode = CountMode.parse(options.count)
    if options.rates is not None and not mode.cycles:
        raise UsageError("--rates is for modelled cycles.", "Add --count cycles, or leave it out.")
    faults = None if options.faults is None else FaultSpec.parse(options.faults)
    if faults is not None and options.once and faults.has("reopen"):
        raise UsageError(
            "--once excludes the fault reopen: the board would end with the first one.",
            "Leave one of them out.",
        )
    require_packages(EMULATOR + (TIMING if mode.cycles else ()), "The emulated board")
    target = find_any_target(Path(fspath(image)), options.board, options.rates)
    console = _open_console(options, faults)
    powered = make_board(target, console, mode, until_hang_up=options.once)
    board = EmulatedBoard(powered, console)
    try:
        yield board
    finally:
        board.stop()


def _open_console(options: EmulateOptions, faults: FaultSpec | None) -> Console:
    console: PortConsole
    if options.pty:
        from mcuzoo.emulator.pty_console import PtyConsole

        console = PtyConsole(linked=faults is not None and faults.has("reopen"))
    else:
        console = TcpConsole(options.tcp or 0)
    return console if faults is None else FaultyConsole(console, faults)
