"""An emulated board in a process of its own, as emulator:// URLs start it.

`python -m mcuzoo.emulator.child PATH [--board B] [--count N]` prints {"port": URL} as one line of
JSON, serves one host and ends when it hangs up. On stdin, a line "reset" presses the reset button;
the answer is {"reset": true} when the board has been reset. The end of stdin ends the process, so
that it does not outlive its parent. An error is one more line of JSON, {"error": ...,
"message": ..., "hint": ...}, and the exit code is the error's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from pathlib import Path

from mcuzoo.emulator.consoles import TcpConsole
from mcuzoo.emulator.evk import VirtualEvk, find_target
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import McuzooError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mcuzoo.emulator.child")
    parser.add_argument("path", type=Path)
    parser.add_argument("--board")
    parser.add_argument("--count", default=str(CountMode()))
    arguments = parser.parse_args()
    try:
        target = find_target(arguments.path, arguments.board)
        console = TcpConsole()
        count = CountMode.parse(arguments.count)
        evk = VirtualEvk(target.board, target.image, console, count, until_hang_up=True)
        threading.Thread(target=_obey, args=(evk,), name="orders", daemon=True).start()
        _print({"port": console.url})
        evk.run()
    except McuzooError as error:
        _print(error.as_dict())
        return error.exit_code
    return 0


def _print(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


def _obey(evk: VirtualEvk) -> None:
    """Carry out the commands on stdin; end at once when the parent has gone."""
    for line in sys.stdin:
        if line.strip() == "reset":
            _print({"reset": evk.request_reset()})
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
