"""A project's firmware on the emulated EVK, in this process, for a `Line` to run to."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from mcuzoo.board.load import load_board
from mcuzoo.emulator.consoles import TcpConsole
from mcuzoo.emulator.evk import VirtualEvk
from mcuzoo.project.manifest import load_manifest


class EmulatedBoard:
    """Stands where a HostBoard stands; `restart` presses the emulated reset button."""

    def __init__(self, project: Path) -> None:
        manifest = load_manifest(project)
        assert manifest.build is not None
        console = TcpConsole()
        self._evk = VirtualEvk(
            load_board(manifest.board), project / manifest.build.bin, console, say=lambda _: None
        )
        self.alive = True
        self.restarts = 0
        self._thread = threading.Thread(target=self._evk.run, daemon=True)
        self._thread.start()
        host, port = console.url.removeprefix("socket://").split(":")
        self._wire = socket.create_connection((host, int(port)))
        self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def output_fd(self) -> int:
        return self._wire.fileno()

    def write(self, data: bytes) -> None:
        self._wire.sendall(data)

    def read(self) -> bytes:
        return self._wire.recv(4096)

    def process_ended(self) -> None:
        """The emulator has closed the line."""
        self.alive = False

    def restart(self) -> None:
        self.restarts += 1
        self._evk.request_reset()

    def close(self) -> None:
        self._evk.stop()
        self._thread.join(timeout=120)
        assert not self._thread.is_alive()
        self._wire.close()
