"""emulator:// as a port of pyserial."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial
from helpers.guest import MakeGuest
from helpers.guest_programs import ECHO
from helpers.tiny_project import write_tiny_project

from mcuzoo.board.model import Board
from mcuzoo.emulator.url import register_pyserial
from mcuzoo.errors import EmulatorError, InputError, McuzooError, PortError, ProjectError

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

register_pyserial()
register_pyserial()


@pytest.fixture(scope="module")
def echo(make_guest: MakeGuest, rt1050: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("echo") / "echo.bin"
    path.write_bytes(make_guest(rt1050, ECHO).image())
    return path


@pytest.fixture
def port(echo: Path) -> Iterator[Any]:
    with serial.serial_for_url(f"emulator://{echo}?board=rt1050&count=0", timeout=120) as port:
        assert port.read(6) == b"ready\n"
        yield port


def test_in_waiting_counts_what_has_arrived(port: Any) -> None:
    assert port.in_waiting == 0
    data = os.urandom(50_000)
    assert port.write(data) == len(data)
    while port.in_waiting < len(data):
        time.sleep(0.01)
    assert port.in_waiting == len(data)
    assert port.read(port.in_waiting) == data


def test_everything_comes_back_in_order(port: Any) -> None:
    data = os.urandom(100_000)
    port.write(data)
    assert port.read(len(data)) == data
    assert port.in_waiting == 0


def test_read_returns_on_its_time_out(port: Any) -> None:
    port.timeout = 0.05
    port.write(b"abc")
    got = b""
    while got != b"abc":
        got += port.read(10)
    assert port.read(1) == b""
    port.timeout = 0
    assert port.read(1) == b""


def test_reset_input_buffer(port: Any) -> None:
    port.write(b"abc")
    while port.in_waiting < 3:
        time.sleep(0.01)
    port.reset_input_buffer()
    assert port.in_waiting == 0


def test_the_reset_button(port: Any) -> None:
    for typed in range(10):
        port.press_reset()
        port.write(bytes([typed]))
        assert port.read(7) == b"ready\n" + bytes([typed])


def test_line_settings_are_taken(port: Any) -> None:
    port.baudrate = 1_000_000
    port.dtr = False
    port.rts = True
    assert port.cts and port.dsr and port.cd and not port.ri
    port.write(b"x")
    assert port.read(1) == b"x"


def test_it_can_be_opened_again(echo: Path) -> None:
    port = serial.serial_for_url(f"emulator://{echo}?board=rt1050", do_not_open=True, timeout=120)
    for _ in range(2):
        port.open()
        assert port.read(6) == b"ready\n"
        with pytest.raises(PortError, match="open already"):
            port.open()
        port.close()
        port.close()
    with pytest.raises(serial.SerialException):
        port.read(1)


def test_faults_of_the_line(echo: Path, capfd: pytest.CaptureFixture[str]) -> None:
    url = f"emulator://{echo}?board=rt1050&faults=flip=0.01:up,reset=every 24h,seed=3"
    sent = bytes(2000)
    with serial.serial_for_url(url, timeout=120) as port:
        assert port.read(6) == b"ready\n"
        port.write(sent)
        first = port.read(len(sent))
    with serial.serial_for_url(url, timeout=120) as port:
        assert port.read(6) == b"ready\n"
        port.write(sent)
        assert port.read(len(sent)) == first
    flips = sum(byte.bit_count() for byte in first)
    assert flips > 5
    told = f"emulator: faults: flip {flips} in 2,000 bytes to the board; none in 2,006 bytes"
    assert capfd.readouterr().err.count(told) == 2


def open_error(url: str) -> McuzooError:
    with pytest.raises(McuzooError) as caught:
        serial.serial_for_url(url)
    return caught.value


def test_project_that_is_not_built(tmp_path: Path) -> None:
    project = write_tiny_project(tmp_path / "tiny")
    error = open_error(f"emulator://{project}")
    assert isinstance(error, ProjectError)
    assert "has not been built" in error.message
    assert f"mcuzoo build {project}" in error.hint


def test_what_cannot_be_emulated(tmp_path: Path, echo: Path) -> None:
    assert isinstance(open_error(f"emulator://{tmp_path / 'none'}"), InputError)
    assert isinstance(open_error(f"emulator://{tmp_path}"), ProjectError)
    assert "which board" in open_error(f"emulator://{echo}").message
    assert "'rt105'" in open_error(f"emulator://{echo}?board=rt105").message
    assert "colour" in open_error(f"emulator://{echo}?colour=1").message
    assert "'many'" in open_error(f"emulator://{echo}?board=rt1050&count=many").message
    assert "no project" in open_error("emulator://").message
    assert "'flop'" in open_error(f"emulator://{echo}?board=rt1050&faults=flop=0.1").message
    assert "Did you mean 'faults'?" in open_error(f"emulator://{echo}?fault=flip=0.1").hint
    reopen = open_error(f"emulator://{echo}?board=rt1050&faults=reopen=every 60s")
    assert "cannot vanish" in reopen.message


def test_image_that_would_not_boot(tmp_path: Path) -> None:
    image = tmp_path / "erased.bin"
    image.write_bytes(b"\xff" * 0x4000)
    error = open_error(f"emulator://{image}?board=rt1050")
    assert isinstance(error, EmulatorError)
    assert "FCB.tag" in error.message


def test_the_board_says_why_it_died(make_guest: MakeGuest, rt1050: Board, tmp_path: Path) -> None:
    source = "void guest(void) { put(get()); REG(0x40000000) = 1; }"
    image = tmp_path / "stray.bin"
    image.write_bytes(make_guest(rt1050, source).image())
    with serial.serial_for_url(f"emulator://{image}?board=rt1050", timeout=120) as port:
        port.write(b"x")
        assert port.read(1) == b"x"
        with pytest.raises(EmulatorError, match="write of 0x1 to 0x40000000"):
            port.read(1)


@posix
def test_a_killed_child_is_a_lost_port(port: Any) -> None:
    os.kill(port._process._process.pid, signal.SIGKILL)
    with pytest.raises(PortError, match="has ended"):
        while True:
            port.read(1)


@posix
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_child_ends_with_its_parent(echo: Path, how: signal.Signals) -> None:
    program = (
        "import serial, time\n"
        "from mcuzoo.emulator.url import register_pyserial\n"
        "register_pyserial()\n"
        f"port = serial.serial_for_url({f'emulator://{echo}?board=rt1050'!r}, timeout=120)\n"
        "assert port.read(6) == b'ready\\n'\n"
        "print(port._process._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.send_signal(how)
    parent.wait(120)
    parent.stdout.close()
    for _ in range(6000):
        if not is_running(child):
            return
        time.sleep(0.02)
    pytest.fail("the emulated board outlives its host")


def is_running(process: int) -> bool:
    """Whether it exists and is no zombie that nobody has waited for."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
