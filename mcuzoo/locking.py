"""Exclusive locks on open files; the operating system frees them when their holder dies."""

from __future__ import annotations

import sys
from typing import IO, Any

# Both branches are checked by mypy only on their own platform.
if sys.platform == "win32":
    import msvcrt

    _FAR = 0x7FFF_0000

    def lock(file: IO[Any]) -> None:
        """Lock until `file` is closed. Raises OSError at once when somebody else holds it."""
        # Locked bytes cannot be read by others, so lock a byte behind the content.
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock(file: IO[Any]) -> None:
        """Lock until `file` is closed. Raises OSError at once when somebody else holds it."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
