"""Where the emulated board's UART ends: a TCP socket on loopback, or a pseudo-terminal (pty.py)."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from abc import ABC, abstractmethod

from mcuzoo.errors import PortError

_HOST = "127.0.0.1"
_RECEIVE_BYTES = 1 << 16
# What is printed before the first client comes is kept for it, up to this much.
_BANNER_BYTES = 1 << 16
DISCARDED_PIECES = 1024
"""Most pieces that one reset drops: a host that never stops sending must not delay it for ever."""
# A TCP port that came back is tried again after this time.
_AGAIN_S = 0.1
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
        for _ in range(DISCARDED_PIECES):
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


class PortConsole(Console):
    """A console that is a port of this machine, and can be unplugged from any thread."""

    @abstractmethod
    def vanish(self) -> None:
        """Unplug the port: a host that has it open loses it, none can open it."""

    @abstractmethod
    def come_back(self) -> None:
        """Plug the port in again, under the same `url`."""


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


class TcpConsole(PortConsole):
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
        # Hung up on, and closed by `receive`, which may wait for them at this moment.
        self._gone: list[socket.socket] = []
        self._banner = bytearray()
        self._sending = threading.Lock()
        self._vacant = threading.Event()
        self._vacant.set()
        self._plugged = threading.Event()
        self._plugged.set()
        self._closed = False
        self._closing = Waker()
        self._porter = threading.Thread(target=self._let_in, name="porter", daemon=True)
        self._porter.start()

    def receive(self, timeout_s: float) -> bytes:
        while self._gone:
            self._gone.pop().close()
        client = self._client
        if client is None:
            self._wait(None, None, timeout_s)
            return b""
        data = _try_receive(client)
        if data is None:
            self._wait(client, None, timeout_s)
            data = _try_receive(client)
        if data == b"":
            self._let_go(client)
            client.close()
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

    def vanish(self) -> None:
        self._plugged.clear()
        self._hang_up()
        self._closing.wake()

    def come_back(self) -> None:
        self._plugged.set()

    def close(self) -> None:
        self._closed = True
        self._closing.wake()
        self._plugged.set()
        self._vacant.set()
        self._porter.join()
        for client in (self._client, *self._gone):
            if client is not None:
                client.close()
        self._server.close()
        self._waker.close()
        self._closing.close()

    def _let_in(self) -> None:
        """Accept clients in a thread of its own: the firmware may never look at its receiver."""
        while True:
            self._vacant.wait()
            if self._closed:
                return
            ready, _, _ = select.select([self._server, self._closing.far], [], [])
            if self._closing.far in ready:
                self._closing.clear()
                self._stay_away()
                continue
            client, _ = self._server.accept()
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._sending:
                self._send_to(client, bytes(self._banner))
                self._banner.clear()
                self._vacant.clear()
                self._client, self._had_client = client, True
            if not self._plugged.is_set():
                self._hang_up()
            self.wake()

    def _stay_away(self) -> None:
        """Listen to nobody while the port is unplugged, then on the same TCP port again."""
        if self._plugged.is_set():
            return
        address = self._server.getsockname()
        self._server.close()
        self._plugged.wait()
        while not self._closed:
            try:
                self._server = socket.create_server(address)
            except OSError:
                time.sleep(_AGAIN_S)  # somebody else has it
            else:
                return

    def _hang_up(self) -> None:
        client = self._client
        if client is None:
            return
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        self._gone.append(client)
        self._let_go(client)

    def _let_go(self, client: socket.socket) -> None:
        if self._client is client:
            self._client = None
            self._vacant.set()

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
