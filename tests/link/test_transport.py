"""Ports that cannot be opened: each says why and what to do."""

from __future__ import annotations

import errno
import os
import pty
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from mcuzoo.errors import PortError
from mcuzoo.link.channel import Channel
from mcuzoo.link.transport import open_port


@pytest.fixture
def terminal() -> Iterator[str]:
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_no_such_port() -> None:
    with pytest.raises(PortError, match="no port '/dev/ttyNONE'") as caught:
        open_port("/dev/ttyNONE", 115200)
    assert "emulator://" in caught.value.hint
    assert caught.value.exit_code == 3


def test_a_file_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(PortError, match="Cannot open"):
        open_port(str(tmp_path / "file"), 115200)


def test_unknown_url() -> None:
    with pytest.raises(PortError, match="carrier-pigeon"):
        open_port("carrier-pigeon://roof", 115200)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"socket://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(PortError, match="refused"):
            open_port(url, 115200)


def test_a_server_that_is_about_to_end_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a connection and drops it at once."""

    def drop(*_: object, **__: object) -> None:
        raise serial.SerialException("Could not open port: [Errno 104] Connection reset by peer")

    monkeypatch.setattr(serial, "serial_for_url", drop)
    with pytest.raises(PortError) as caught:
        open_port("socket://127.0.0.1:7000", 115200)
    assert caught.value.absent


def test_a_port_in_use(terminal: str) -> None:
    first = open_port(terminal, 115200)
    with pytest.raises(PortError, match="in use"):
        open_port(terminal, 115200)
    first.close()
    open_port(terminal, 115200).close()


@pytest.mark.parametrize("baud", [115200, 921600])
def test_read_and_write(terminal: str, baud: int) -> None:
    port = open_port(terminal, baud)
    assert port.in_waiting == 0
    assert port.read(10) == b""
    assert port.write(b"abc") == 3
    port.close()


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise serial.SerialException(errno.EACCES, "could not open port: Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(PortError, match="No permission") as caught:
        open_port("/dev/ttyACM0", 115200)
    assert "dialout" in caught.value.hint


def test_ports_without_write_timeout() -> None:
    """rfc2217:// refuses one; loop:// stands in for it here."""
    opened: list[object] = []

    class Picky(serial.serial_for_url("loop://").__class__):  # type: ignore[misc]
        def __init__(self, *args: object, **options: object) -> None:
            opened.append(options["write_timeout"])
            if options["write_timeout"] is not None:
                raise NotImplementedError("write_timeout is currently not supported")
            super().__init__(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serial, "serial_for_url", lambda url, **options: Picky(url, **options))
        open_port("loop://", 115200).close()
    assert opened == [10.0, None]


def test_a_port_that_is_gone_fails_as_a_port() -> None:
    """Whatever is done with it: some of that raises termios.error, which is no OSError."""
    master, slave = pty.openpty()
    channel = Channel(open_port(os.ttyname(slave), 115200), "gone")
    os.close(master)
    os.close(slave)
    with pytest.raises(PortError, match="The port gone failed"):
        channel.set_baud(230_400)
    with pytest.raises(PortError, match="The port gone failed"):
        channel.resynchronize()
    channel.close()
