"""pyserial's handler for emulator://PROJECT[?count=N|all|0&board=B].

PROJECT is a project folder, or an image file when a board is given. The board runs in a child
process; it starts when the port is opened and ends when it is closed. pyserial finds this module
by its name once `mcuzoo.emulator.register.register_pyserial` has been called.
"""

from __future__ import annotations

import select
import socket
import time
from typing import TYPE_CHECKING

from serial.serialutil import PortNotOpenError, SerialBase, SerialTimeoutException

from mcuzoo.emulator.child_process import BoardProcess
from mcuzoo.emulator.clock import CountMode
from mcuzoo.emulator.url import parse_emulator_url
from mcuzoo.errors import PortError

if TYPE_CHECKING:
    from typing_extensions import Buffer

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
        count = options.get("count", str(CountMode()))
        CountMode.parse(count)
        self._process = BoardProcess(path, options.get("board"), count)
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
                # What the board sends meanwhile must not keep it from receiving.
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
