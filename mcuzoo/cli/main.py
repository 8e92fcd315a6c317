"""The `mcuzoo` command.

This module imports nothing but sys: what is imported before main() runs is not guarded against
Ctrl-C and whatever else may happen.
"""

from __future__ import annotations

import sys

# Same as the document of InterruptedRunError; json may be only half imported here.
_INTERRUPTED = """{
  "schema": "error-1",
  "error": "Interrupted",
  "message": "Interrupted.",
  "hint": "Type the command again.",
  "exit_code": 130
}"""


def main() -> None:
    """Entry point of the console script and of `python -m mcuzoo`; ends in SystemExit."""
    try:
        from mcuzoo.cli.guard import run_process

        code = run_process(sys.argv[1:])
    except KeyboardInterrupt:
        # Ctrl-C before the guard is set up, or while an earlier one is reported.
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if "--json" in sys.argv:
            in_a_line = sys.argv[1:2] == ["watch"]
            print(" ".join(_INTERRUPTED.split()) if in_a_line else _INTERRUPTED)
        print("interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)
