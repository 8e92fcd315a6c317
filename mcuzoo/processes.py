"""Child processes that the Ctrl-C of a terminal does not reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any


def apart() -> dict[str, Any]:
    """Options of subprocess.Popen: Ctrl-C interrupts only this process, which ends the child."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def end(process: subprocess.Popen[Any], grace_s: float = 5.0) -> None:
    """End a child that was started `apart`, with all that it started: ask first, then kill."""
    _signal(process, "SIGTERM")
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        _signal(process, "SIGKILL")
        process.wait()


def _signal(process: subprocess.Popen[Any], name: str) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(OSError):
        os.killpg(process.pid, getattr(signal, name))
