"""Where the emulated board's UART ends: a TCP socket on loopback, or a pseudo-terminal (pty.py)."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from abc import ABC, abstractmethod

from mcuzoo.errors import PortError

_HOST = "127.0.0.1"
_RECEIVE_BYTES = 1 << 16
# What is printed before the first client comes is kept for it, up to this much.
_BANNER_BYTES = 1 << 16
# Most pieces that one reset drops: a host that never stops sending must not delay it for ever.
_DISCARDED_PIECES = 1024
# A host that reads nothing for so long loses what is sent, as it would on a wire.
_PATIENCE_S = 10.0


class Console(ABC):
    """The far end of the board's UART. `wake` and `send` may be called from any thread.

    url: how a host reaches it, as pyserial takes it.
    """

    url: str

    @abstractmethod
    def receive(self, timeout_s: float) -> bytes:
        """What has arrived, waiting for it up to `timeout_s`; empty on time-out and after wake."""

    def discard(self) -> int:
        """Drop what has arrived; return the number of bytes."""
        dropped = 0
        for _ in range(_DISCARDED_PIECES):
            data = self.receive(0.0)
            if not data:
                break
            dropped += len(data)
        return dropped

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send all of `data`. Bytes that no host takes, or that a wake interrupts, are dropped."""

    @abstractmethod
    def wake(self) -> None:
        """Make a `receive` or `send` that waits return."""

    @abstractmethod
    def hung_up(self) -> bool:
        """Whether a host was connected and has gone."""

    @abstractmethod
    def close(self) -> None: ...


class Waker:
    """A socket pair: makes a selector return from another thread."""

    def __init__(self) -> None:
        self._near, self.far = socket.socketpair()
        self._near.setblocking(False)
        self.far.setblocking(False)

    def wake(self) -> None:
        with contextlib.suppress(OSError):
            self._near.send(b"!")

    def clear(self) -> None:
        with contextlib.suppress(OSError):
            while self.far.recv(64):
                pass

    def close(self) -> None:
        self._near.close()
        self.far.close()


class TcpConsole(Console):
    """A server on loopback that takes one client at a time. Port 0: any free one.

    Raises PortError when the port is taken. While no client is there after the first one, what the
    board sends is lost, as on a wire without listener.
    """

    def __init__(self, port: int = 0) -> None:
        try:
            self._server = socket.create_server((_HOST, port))
        except OSError as error:
            raise PortError(
                f"TCP port {port} on {_HOST} cannot be opened: {error.strerror}.",
                "Take another --tcp PORT; 0 finds a free one.",
            ) from error
        self.url = f"socket://{_HOST}:{self._server.getsockname()[1]}"
        self._waker = Waker()
        self._client: socket.socket | None = None
        self._had_client = False
        self._banner = bytearray()
        self._sending = threading.Lock()
        self._vacant = threading.Event()
        self._vacant.set()
        self._closing = Waker()
        self._porter = threading.Thread(target=self._let_in, name="porter", daemon=True)
        self._porter.start()

    def receive(self, timeout_s: float) -> bytes:
        client = self._client
        if client is None:
            self._wait(None, None, timeout_s)
            return b""
        data = _try_receive(client)
        if data is None:
            self._wait(client, None, timeout_s)
            data = _try_receive(client)
        if data == b"":
            self._client = None
            client.close()
            self._vacant.set()
        return data or b""

    def send(self, data: bytes) -> None:
        with self._sending:
            if self._client is not None:
                self._send_to(self._client, data)
            elif not self._had_client:
                self._banner += data[: _BANNER_BYTES - len(self._banner)]

    def wake(self) -> None:
        self._waker.wake()

    def hung_up(self) -> bool:
        return self._had_client and self._client is None

    def close(self) -> None:
        self._closing.wake()
        self._vacant.set()
        self._porter.join()
        if self._client is not None:
            self._client.close()
        self._server.close()
        self._waker.close()
        self._closing.close()

    def _let_in(self) -> None:
        """Accept clients in a thread of its own: the firmware may never look at its receiver."""
        while True:
            self._vacant.wait()
            ready, _, _ = select.select([self._server, self._closing.far], [], [])
            if self._closing.far in ready:
                return
            client, _ = self._server.accept()
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._sending:
                self._send_to(client, bytes(self._banner))
                self._banner.clear()
                self._vacant.clear()
                self._client, self._had_client = client, True
            self.wake()

    def _send_to(self, client: socket.socket, data: bytes) -> None:
        rest = memoryview(data)
        # `receive` lets a client go that hangs up meanwhile.
        with contextlib.suppress(OSError, ValueError):
            while rest:
                try:
                    rest = rest[client.send(rest) :]
                except BlockingIOError:
                    if not self._wait(None, client, _PATIENCE_S):
                        return

    def _wait(
        self, reader: socket.socket | None, writer: socket.socket | None, timeout_s: float
    ) -> bool:
        """Wait until reading or writing is possible. Return False after a wake-up."""
        waker = self._waker.far
        readers = [waker] if reader is None else [waker, reader]
        writers = [] if writer is None else [writer]
        readable, writable, _ = select.select(readers, writers, [], timeout_s)
        if waker in readable:
            self._waker.clear()
            return False
        return bool(readable or writable)


def _try_receive(client: socket.socket) -> bytes | None:
    """The bytes that are there; None if there are none yet, b"" if none will ever come."""
    try:
        return client.recv(_RECEIVE_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""
