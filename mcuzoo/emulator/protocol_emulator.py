"""pyserial's handler for emulator://PROJECT[?count=N|all|0|cycles&board=B&rates=FILE&faults=SPEC].

PROJECT is a project folder, or an image file when a board is given. The board runs in a child
process; it starts when the port is opened and ends when it is closed. pyserial finds this module
by its name once `mcuzoo.emulator.url.register_pyserial` has been called.
"""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from serial.serialutil import PortNotOpenError, SerialBase, SerialTimeoutException

from mcuzoo import errors
from mcuzoo.emulator.timers import CountMode
from mcuzoo.emulator.url import parse_emulator_url
from mcuzoo.errors import McuzooError, PortError
from mcuzoo.processes import apart
from mcuzoo.untrusted import parse_json

if TYPE_CHECKING:
    from typing_extensions import Buffer


_START_S = 60.0
_END_S = 2.0
_KEPT_LINES = 20
# How the child says what the faults of the line were; the user sees it.
_FAULTS = "emulator: faults: "


class BoardProcess:
    """`options` as the child takes them; `url` is where its console is then.

    Raises whatever error the child meets: ProjectError, EmulatorError, MissingExtraError, ...
    """

    def __init__(self, path: Path, options: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "mcuzoo.emulator.child", str(path)]
        command += [f"--{name}={value}" for name, value in options.items()]
        self._faulty = "faults" in options
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # This process handles Ctrl-C; the child ends when its stdin ends.
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
        if self._faulty:
            self._faulty = False
            for line in self._said:
                if line.startswith(_FAULTS):
                    sys.stderr.write(line)

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
        output = " ".join(line.strip() for line in self._said)
        return PortError(
            f"The emulated board has ended (exit code {self._process.poll()}). {output}".strip(),
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


_RECEIVE_BYTES = 1 << 16


class Serial(SerialBase):  # type: ignore[misc, unused-ignore]
    """A serial port whose other end is an emulated board. Line settings have no effect.

    Raises PortError and what BoardProcess raises.
    """

    _process: BoardProcess | None = None
    _socket: socket.socket | None = None

    def open(self) -> None:
        path, options = parse_emulator_url(str(self.port))
        if self.is_open:
            raise PortError(f"{self.port} is open already.", "Close it first.")
        CountMode.parse(options.get("count", str(CountMode())))
        self._process = BoardProcess(path, options)
        self._received = bytearray()
        host, _, port = self._process.url.removeprefix("socket://").rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self.is_open = True

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.close()
            self._process = None
        self.is_open = False

    def press_reset(self) -> None:
        """Press the board's reset button; what is written afterwards reaches the new start."""
        self._board().press_reset()

    @property
    def in_waiting(self) -> int:
        """Bytes that `read` gives at once."""
        self._take()
        return len(self._received)

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes; fewer when the time-out runs out first."""
        deadline = _deadline(self.timeout)
        while len(self._received) < size:
            if self._take():
                continue
            left_s = _left_s(deadline)
            if left_s == 0:
                break
            select.select([self._line()], [], [], left_s)
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def write(self, data: Buffer, /) -> int:
        """Send all of `data`; raises SerialTimeoutException when the write time-out runs out."""
        deadline = _deadline(self.write_timeout)
        rest = memoryview(data)
        size = len(rest)
        while rest:
            try:
                rest = rest[self._line().send(rest) :]
            except BlockingIOError:
                left_s = _left_s(deadline)
                if left_s == 0:
                    raise SerialTimeoutException("Write timeout") from None
                # Take what the board sends meanwhile, or a full pipe would keep it from receiving.
                select.select([self._line()], [self._line()], [], left_s)
                self._take()
            except OSError:
                raise self._board().cause_of_death() from None
        return size

    def flush(self) -> None:
        """Nothing to do: `write` leaves nothing behind."""

    def reset_input_buffer(self) -> None:
        self._take()
        self._received.clear()

    def reset_output_buffer(self) -> None:
        """Nothing to do: `write` leaves nothing behind."""

    @property
    def out_waiting(self) -> int:
        return 0

    def fileno(self) -> int:
        return self._line().fileno()

    def _take(self) -> bool:
        """Move what has arrived to the buffer; whether there was anything."""
        try:
            data = self._line().recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            if self._received:
                return False
            raise self._board().cause_of_death()
        self._received += data
        return True

    def _line(self) -> socket.socket:
        if self._socket is None:
            raise PortNotOpenError
        return self._socket

    def _board(self) -> BoardProcess:
        if self._process is None:
            raise PortNotOpenError
        return self._process

    def _reconfigure_port(self) -> None:
        """Line settings have no effect."""

    def _update_rts_state(self) -> None: ...

    def _update_dtr_state(self) -> None: ...

    def _update_break_state(self) -> None: ...

    @property
    def cts(self) -> bool:
        return True

    @property
    def dsr(self) -> bool:
        return True

    @property
    def ri(self) -> bool:
        return False

    @property
    def cd(self) -> bool:
        return True


def _deadline(timeout_s: float | None) -> float | None:
    return None if timeout_s is None else time.monotonic() + timeout_s


def _left_s(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
