"""A child process that emulates a board: start it, end it, say why it died."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import IO, Any

from mcuzoo import errors
from mcuzoo.errors import McuzooError, PortError
from mcuzoo.processes import apart
from mcuzoo.untrusted import parse_json

_START_S = 60.0
_END_S = 2.0
_KEPT_LINES = 20


class BoardProcess:
    """`path`, `board`, `count` as the child takes them; `url` is where its console is then.

    Raises whatever error the child meets: ProjectError, EmulatorError, MissingExtraError, ...
    """

    def __init__(self, path: Path, board: str | None, count: str) -> None:
        command = [sys.executable, "-m", "mcuzoo.emulator.child", str(path), "--count", count]
        command += ["--board", board] if board is not None else []
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # Ctrl-C is this process's to handle; the child ends when its stdin does.
            **apart(),
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._readers = [
            threading.Thread(target=self._read_lines, daemon=True),
            threading.Thread(target=self._read_talk, daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        first = self._next_line()
        if first is None or "port" not in first:
            self.close()
            raise self._error(first)
        self.url = str(first["port"])

    def press_reset(self) -> None:
        """Returns when the board has been reset; raises PortError when it has ended."""
        try:
            self._stdin.write("reset\n")
            self._stdin.flush()
        except (OSError, ValueError):
            raise self._error(None) from None
        said = self._next_line()
        if said is None or not said.get("reset"):
            raise self._error(said)

    def cause_of_death(self) -> McuzooError:
        """Why the board closed its console."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self.close()
        return self._error(self._next_line())

    def close(self) -> None:
        """End the child; it ends by itself when its stdin is closed."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(_END_S)

    @property
    def _stdin(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _next_line(self) -> dict[str, Any] | None:
        """What the child says next on stdout; None when it says nothing more."""
        try:
            line = self._lines.get(timeout=_START_S)
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)
            return None
        try:
            said = parse_json(line)
        except ValueError:
            return None
        return said if isinstance(said, dict) else None

    def _error(self, said: dict[str, Any] | None) -> McuzooError:
        if said is not None and "error" in said:
            kind = getattr(errors, str(said["error"]), McuzooError)
            error: McuzooError = kind(str(said.get("message")), str(said.get("hint")))
            return error
        talk = " ".join(line.strip() for line in self._said)
        return PortError(
            f"The emulated board has ended (exit code {self._process.poll()}). {talk}".strip(),
            "Start again; --resume goes on with a run.",
        )

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_talk(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line)
