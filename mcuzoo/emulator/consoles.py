"""Where the emulated board's UART ends: a TCP socket on loopback, or a pseudo-terminal (pty.py)."""

from __future__ import annotations

import contextlib
import select
import socket
from abc import ABC, abstractmethod

from mcuzoo.errors import PortError

_HOST = "127.0.0.1"
_RECEIVE_BYTES = 1 << 16
# What is printed before the first client comes is kept for it, up to this much.
_BANNER_BYTES = 1 << 16


class Console(ABC):
    """The far end of the board's UART. `wake` and `send` may be called from any thread.

    url: how a host reaches it, as pyserial takes it.
    """

    url: str

    @abstractmethod
    def receive(self, timeout_s: float) -> bytes:
        """What has arrived, waiting for it up to `timeout_s`; empty on time-out and after wake."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Pass on all of `data`; what nobody takes, or a wake interrupts, is dropped."""

    @abstractmethod
    def wake(self) -> None:
        """Make a `receive` or `send` that waits return."""

    @abstractmethod
    def hung_up(self) -> bool:
        """Whether a host was there and has gone."""

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
        self._server.setblocking(False)
        self.url = f"socket://{_HOST}:{self._server.getsockname()[1]}"
        self._waker = Waker()
        self._client: socket.socket | None = None
        self._had_client = False
        self._banner = bytearray()

    def receive(self, timeout_s: float) -> bytes:
        client = self._client
        if client is None:
            self._await_client(timeout_s)
            return b""
        try:
            data = client.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            self._wait(client, timeout_s)
            try:
                data = client.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                return b""
            except OSError:
                data = b""
        except OSError:
            data = b""
        if not data:
            self._drop(client)
        return data

    def send(self, data: bytes) -> None:
        client = self._client
        if client is None:
            if not self._had_client:
                self._banner += data[: _BANNER_BYTES - len(self._banner)]
            return
        rest = memoryview(data)
        while rest and client is self._client:
            try:
                rest = rest[client.send(rest) :]
            except BlockingIOError:
                if self._wait(client, None, to_send=True):
                    return
            except OSError:
                return  # `receive` meets the same and drops the client

    def wake(self) -> None:
        self._waker.wake()

    def hung_up(self) -> bool:
        return self._had_client and self._client is None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._server.close()
        self._waker.close()

    def _await_client(self, timeout_s: float) -> None:
        self._wait(self._server, timeout_s)
        try:
            client, _ = self._server.accept()
        except OSError:
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._had_client = True
        banner, self._banner = bytes(self._banner), bytearray()
        self.send(banner)

    def _drop(self, client: socket.socket) -> None:
        self._client = None
        client.close()

    def _wait(self, end: socket.socket, timeout_s: float | None, *, to_send: bool = False) -> bool:
        """Wait until `end` is ready; whether it was a wake-up that ended the wait."""
        waker = self._waker.far
        readers = [waker] if to_send else [waker, end]
        ready, _, _ = select.select(readers, [end] if to_send else [], [], timeout_s)
        if waker in ready:
            self._waker.clear()
        return waker in ready
