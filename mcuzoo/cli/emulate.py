"""mcuzoo emulate: boot an image on the emulated EVK."""

from __future__ import annotations

import signal
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.errors import UsageError

if TYPE_CHECKING:
    from mcuzoo.emulator.consoles import Console
    from mcuzoo.emulator.evk import VirtualEvk

_TERMINATED = 143
_INTERRUPTED = 130
_RESET_SIGNAL = "SIGHUP"
_POLL_S = 0.1

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "--tcp", "5555", "--once"),
)


def emulate(
    image: Annotated[Path, typer.Argument(help="A built project folder, or a .bin or .elf file.")],
    board: Annotated[
        str | None, typer.Option("--board", "-b", help="Board of an image file.")
    ] = None,
    tcp: Annotated[
        int | None,
        typer.Option("--tcp", help="Console on this TCP port of loopback; 0: any free one."),
    ] = None,
    pty: Annotated[bool, typer.Option("--pty", help="Console on a pseudo-terminal.")] = False,
    count: Annotated[
        str,
        typer.Option("--count", help="Inferences to count the instructions of: N, all or 0."),
    ] = "1",
    once: Annotated[
        bool, typer.Option("--once", help="End when the host closes the TCP console.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the port as JSON.")] = False,
) -> None:
    """Boot an image as the board's ROM would and print the port of its console.

    Ends with Ctrl-C. Where the system has SIGHUP, that presses the reset button.
    """
    import json

    from mcuzoo.emulator.evk import VirtualEvk, find_target
    from mcuzoo.emulator.timers import CountMode
    from mcuzoo.extras import EMULATOR, require_packages

    if pty and (tcp is not None or once):
        raise UsageError(
            "--pty goes with neither --tcp nor --once: nobody can tell when a terminal is closed.",
            "Leave one of them out.",
        )
    mode = CountMode.parse(count)
    require_packages(EMULATOR, "The emulated board")
    target = find_target(image, board)
    console = _open_console(pty, tcp or 0)
    evk = VirtualEvk(target.board, target.image, console, mode, until_hang_up=once)
    signals = _collect_signals()
    print(json.dumps({"port": console.url}) if json_output else console.url, flush=True)
    _run(evk, signals)


def _open_console(pty: bool, tcp: int) -> Console:
    if pty:
        from mcuzoo.emulator.pty_console import PtyConsole

        return PtyConsole()
    from mcuzoo.emulator.consoles import TcpConsole

    return TcpConsole(tcp)


def _collect_signals() -> deque[int]:
    """Filled, from now on, with the signals that ask for an end or for a reset."""
    asked: deque[int] = deque()

    def on_signal(number: int, _frame: object) -> None:
        asked.append(number)

    for name in ("SIGINT", "SIGTERM", _RESET_SIGNAL):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), on_signal)
    return asked


def _run(evk: VirtualEvk, signals: deque[int]) -> None:
    """Run in a thread of its own, so that a signal is heard while the firmware computes."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            evk.run()
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run, name="board", daemon=True)
    thread.start()
    exit_code = 0
    while thread.is_alive():
        thread.join(_POLL_S)
        while signals:
            number = signals.popleft()
            if number == getattr(signal, _RESET_SIGNAL, None):
                evk.request_reset()
            else:
                exit_code = _INTERRUPTED if number == signal.SIGINT else _TERMINATED
        if exit_code:
            evk.stop()
    if failures:
        raise failures[0]
    if exit_code:
        raise typer.Exit(exit_code)
