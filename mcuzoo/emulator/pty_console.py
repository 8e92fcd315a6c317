"""The emulated board's UART as a pseudo-terminal; POSIX only."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import tempfile
from pathlib import Path

from mcuzoo.emulator.consoles import PortConsole, Waker
from mcuzoo.errors import UsageError

_RECEIVE_BYTES = 1 << 16
# A terminal nobody reads fills up. After this long without room, bytes are lost until there is
# some, as on a wire without listener.
_PATIENCE_S = 1.0
# A host that has just written is connected, and will read.
_PATIENCE_WITH_HOST_S = 10.0


def _open_pty() -> tuple[int, int, str]:
    """Master, slave in raw mode, and the slave's device."""
    if sys.platform == "win32":
        raise UsageError("Windows has no pseudo-terminals.", "Use --tcp PORT instead of --pty.")
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    return master, slave, os.ttyname(slave)


class PtyConsole(PortConsole):
    """A pty in raw mode; `url` is the device that a host opens, such as /dev/pts/3.

    linked: `url` is a link to the device, in a folder of its own. A terminal that vanishes may come
    back under another number; the link does not change. Raises UsageError where there are no ptys.
    """

    def __init__(self, linked: bool = False) -> None:
        # The slave is kept open by us, so that a host may come and go.
        self._master, self._slave, self.url = _open_pty()
        self._link: Path | None = None
        if linked:
            self._link = Path(tempfile.mkdtemp(prefix="mcuzoo-")) / "port"
            self._link.symlink_to(self.url)
            self.url = str(self._link)
        self._away = False
        self._waker = Waker()
        self._patience_s = _PATIENCE_S

    def receive(self, timeout_s: float) -> bytes:
        waker = self._waker.far.fileno()
        ready, _, _ = select.select([self._master, waker], [], [], timeout_s)
        if waker in ready:
            self._waker.clear()
        return self._take() if self._master in ready else b""

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not self._away:
            try:
                rest = rest[os.write(self._master, rest) :]
                self._patience_s = max(self._patience_s, _PATIENCE_S)
            except BlockingIOError:
                if not self._wait_for_room():
                    return

    def wake(self) -> None:
        self._waker.wake()

    def hung_up(self) -> bool:
        """Always False: it is not known who has the terminal open."""
        return False

    def vanish(self) -> None:
        """Only for a linked one."""
        assert self._link is not None
        self._away = True
        self._link.unlink(missing_ok=True)
        # The numbers of the descriptors stay: other threads may be waiting for them.
        nothing, far = socket.socketpair()
        nothing.setblocking(False)
        with nothing, far:
            self._replace(nothing.fileno(), far.fileno())
        self.wake()

    def come_back(self) -> None:
        assert self._link is not None
        master, slave, device = _open_pty()
        self._replace(master, slave)
        os.close(master)
        os.close(slave)
        self._patience_s = _PATIENCE_S
        self._away = False
        self._link.symlink_to(device)
        self.wake()

    def close(self) -> None:
        for end in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(end)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.parent.rmdir()
        self._waker.close()

    def _replace(self, master: int, slave: int) -> None:
        os.dup2(master, self._master, inheritable=False)
        os.dup2(slave, self._slave, inheritable=False)

    def _wait_for_room(self) -> bool:
        woken, roomy, _ = select.select([self._waker.far], [self._master], [], self._patience_s)
        if woken:
            self._waker.clear()
        elif not roomy:
            self._patience_s = 0.0
        return bool(roomy)

    def _take(self) -> bytes:
        try:
            data = os.read(self._master, _RECEIVE_BYTES)
        except (BlockingIOError, ConnectionError):
            return b""
        self._patience_s = _PATIENCE_WITH_HOST_S
        return data
