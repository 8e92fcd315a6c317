"""mcuzoo emulate: boot an image on the emulated EVK."""

from __future__ import annotations

import signal
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from mcuzoo.cli.options import takes
from mcuzoo.emulator.options import EmulateOptions
from mcuzoo.options import Argument, Option

if TYPE_CHECKING:
    from mcuzoo.emulator.emulate import EmulatedBoard

_TERMINATED = 143
_INTERRUPTED = 130
_RESET_SIGNAL = "SIGHUP"
_POLL_S = 0.1

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "--tcp", "5555", "--once"),
    ("hello", "--faults", "flip=0.00002,drop=0.00001:up,seed=7"),
)


@takes(EmulateOptions)
def emulate(
    image: Annotated[Path, Argument("A built project folder, or a .bin or .elf file.")],
    options: EmulateOptions,
    json_output: Annotated[bool, Option("Print the port as JSON.", "--json")] = False,
) -> None:
    """Ends with Ctrl-C. Where the system has SIGHUP, that presses the reset button."""
    from mcuzoo.cli.output import print_json
    from mcuzoo.emulator.emulate import emulate as emulated

    with emulated(image, options) as board:
        signals = _collect_signals()
        if json_output:
            print_json("emulate", {"port": board.port}, indent=None)
        else:
            print(board.port, flush=True)
        try:
            exit_code = _watch(board, signals)
        finally:
            _tell_faults(board, json_output)
    if exit_code:
        sys.exit(exit_code)


def _tell_faults(board: EmulatedBoard, json_output: bool) -> None:
    """What --faults did, on stderr; as JSON also on stdout."""
    from mcuzoo.cli.output import print_json

    faults = board.faults
    if faults is None:
        return
    print(f"emulator: {faults}", file=sys.stderr)
    if json_output:
        print_json("emulate-faults", {"faults": faults.as_dict()}, indent=None)


def _collect_signals() -> deque[int]:
    """Filled, from now on, with the signals that ask for an end or for a reset."""
    asked: deque[int] = deque()

    def on_signal(number: int, _frame: object) -> None:
        asked.append(number)

    for name in ("SIGINT", "SIGTERM", _RESET_SIGNAL):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), on_signal)
    return asked


def _watch(board: EmulatedBoard, signals: deque[int]) -> int:
    """Until the board has ended. The exit code, which a signal may choose."""
    exit_code = 0
    while not board.ended(_POLL_S):
        while signals:
            number = signals.popleft()
            if number == getattr(signal, _RESET_SIGNAL, None):
                board.reset()
            else:
                exit_code = _INTERRUPTED if number == signal.SIGINT else _TERMINATED
        if exit_code:
            board.stop()
    return exit_code
