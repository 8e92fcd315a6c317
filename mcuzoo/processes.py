"""Child processes that the Ctrl-C of a terminal does not reach."""

from __future__ import annotations

import subprocess
import sys
from typing import Any


def apart() -> dict[str, Any]:
    """Options of subprocess.Popen: Ctrl-C interrupts only this process, which ends the child."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
