"""An emulated board in a process of its own, as emulator:// URLs start it.

`python -m mcuzoo.emulator.child PATH [--board B] [--count N] [--faults SPEC]`
prints {"port": URL} as one line of
JSON, serves one host and ends when it hangs up. On stdin, a line "reset" presses the reset button;
the answer is {"reset": true} when the board has been reset. The end of stdin ends the process, so
that it does not outlive its parent. An error is one more line of JSON, {"error": ...,
"message": ..., "hint": ...}, and the exit code is the error's. What --faults did is said on stderr
at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from pathlib import Path

from mcuzoo.emulator.consoles import Console, TcpConsole
from mcuzoo.emulator.faulty_console import FaultyConsole
from mcuzoo.emulator.powered import PoweredBoard, say_on_stderr
from mcuzoo.emulator.targets import find_any_target, make_board
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import McuzooError, UsageError
from mcuzoo.faults.spec import FaultSpec


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mcuzoo.emulator.child")
    parser.add_argument("path", type=Path)
    parser.add_argument("--board")
    parser.add_argument("--count", default=str(CountMode()))
    parser.add_argument("--rates", type=Path)
    parser.add_argument("--faults")
    arguments = parser.parse_args()
    faulty: FaultyConsole | None = None
    try:
        target = find_any_target(arguments.path, arguments.board, arguments.rates)
        faulty = None if arguments.faults is None else _faulty_console(arguments.faults)
        console: Console = faulty or TcpConsole()
        count = CountMode.parse(arguments.count)
        board = make_board(target, console, count, until_hang_up=True)
        threading.Thread(target=_obey, args=(board, faulty), name="orders", daemon=True).start()
        if faulty is not None:
            faulty.start(board.request_reset)
        _print({"port": console.url})
        board.run()
    except McuzooError as error:
        _print(error.as_dict())
        return error.exit_code
    finally:
        if faulty is not None:
            faulty.tell(say_on_stderr)
    return 0


def _faulty_console(text: str) -> FaultyConsole:
    faults = FaultSpec.parse(text)
    if faults.has("reopen"):
        raise UsageError(
            "The port of an emulator:// URL cannot vanish and come back: its board ends with it.",
            "Run the board by itself: mcuzoo emulate PROJECT --faults SPEC prints its port.",
        )
    return FaultyConsole(TcpConsole(), faults)


def _print(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


def _obey(board: PoweredBoard, faulty: FaultyConsole | None) -> None:
    """Carry out the commands on stdin; end at once when the parent has gone."""
    for line in sys.stdin:
        if line.strip() == "reset":
            _print({"reset": board.request_reset()})
    if faulty is not None:
        faulty.tell(say_on_stderr)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
