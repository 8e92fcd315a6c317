"""What labgrid's exporter starts as ser2net: the real one on loopback only, or one in Python.

The exporter lets ser2net listen on all interfaces. Where ser2net is not installed, pyserial's own
server of RFC 2217 does the same work for one connection at a time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VERSION = "4.3.11"
REAL = "MCUZOO_TEST_SER2NET"


def install(folder: Path) -> Path:
    """A folder with a program ser2net, to be the first of a PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "ser2net"
    here = Path(__file__).resolve()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {here} "$@"\n')
    program.chmod(0o755)
    return folder


def real_ser2net() -> str | None:
    """The program of this machine, if there is one and the tests may use it."""
    if os.environ.get(REAL) == "no":
        return None
    return shutil.which("ser2net", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def main(words: Sequence[str]) -> None:
    real = real_ser2net()
    if real is not None:
        local = [word.replace(",tcp,", ",tcp,127.0.0.1,") for word in words]
        os.execv(real, [real, *local])
    if list(words) == ["-v"]:
        print(f"ser2net version {VERSION}")
        return
    accepter = next(word for word in words if "accepter:" in word)
    connector = next(word for word in words if "connector:" in word)
    _, device, line, _ = connector.rsplit(",", 3)
    serve(int(accepter.rsplit(",", 1)[1]), device, int(line.partition("n")[0]))


def serve(tcp_port: int, device: str, baud: int) -> None:
    """Take one connection after the other; the device is open while there is one."""
    import serial

    class Device(serial.Serial):
        """A device that may have no modem lines, as a pty has none."""

        cts = dsr = ri = cd = rts = dtr = False

    with socket.create_server(("127.0.0.1", tcp_port)) as server:
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError), connection, Device(device, baud) as port:
                port.timeout = 0.02
                carry(port, connection)


def carry(port: Any, connection: socket.socket) -> None:
    """Pass on bytes both ways until one side ends."""
    from serial import rfc2217

    class Socket:
        """What PortManager writes to, from both threads."""

        def __init__(self) -> None:
            self._lock = threading.Lock()

        def write(self, data: bytes) -> None:
            with self._lock:
                connection.sendall(data)

    sink = Socket()
    manager = rfc2217.PortManager(port, sink)  # type: ignore[arg-type]
    ended = threading.Event()

    def to_host() -> None:
        with contextlib.suppress(OSError):
            while not ended.is_set():
                data = port.read(port.in_waiting or 1)
                if data:
                    sink.write(b"".join(manager.escape(data)))
        ended.set()

    sender = threading.Thread(target=to_host, daemon=True)
    sender.start()
    with contextlib.suppress(OSError):
        while not ended.is_set():
            data = connection.recv(4096)
            if not data:
                break
            port.write(b"".join(manager.filter(data)))
    ended.set()
    sender.join()


if __name__ == "__main__":
    main(sys.argv[1:])
