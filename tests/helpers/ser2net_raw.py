"""A ser2net that passes bytes on as they are, which labgrid does not start by itself."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from helpers.labgrid_cluster import wait_until
from helpers.ser2net_stand_in import real_ser2net


class RawSer2net:
    """A raw TCP port of a device, open as long as the block lasts. resources: for an exporter."""

    def __init__(self, device: str, baud: int = 115200) -> None:
        program = real_ser2net()
        assert program is not None, "ser2net is not installed"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        connector = f"serialdev(nouucplock=true),{device},{baud}n81,local"
        words = [
            "connection: &raw#  accepter: tcp(nodelay=true),127.0.0.1," + str(self.port),
            f"  connector: {connector}",
            "  options:",
            "    chardelay: false",
        ]
        self._process = subprocess.Popen(
            [program, "-d", "-n", *(part for word in words for part in ("-Y", word))],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda: self._listens() or self._process.poll() is not None, "no ser2net")
        assert self._process.poll() is None
        self.resources: Mapping[str, Mapping[str, object]] = {
            "NetworkSerialPort": {
                "host": "127.0.0.1", "port": self.port, "speed": baud, "protocol": "raw",
            }
        }  # fmt: skip

    def _listens(self) -> bool:
        """Without opening the port, which would open the device."""
        table = Path("/proc/net/tcp").read_text(encoding="ascii")
        return f":{self.port:04X} 00000000:0000 0A" in table

    def __enter__(self) -> RawSer2net:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
