"""mcuzoo emulate."""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from helpers.commands import finished, invoke, mcuzoo
from helpers.guest import MakeGuest
from helpers.guest_programs import ECHO
from helpers.schemas import complaints
from helpers.tiny_project import write_tiny_project

from mcuzoo.board.model import Board

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and ptys")


@pytest.fixture(scope="module")
def echo(make_guest: MakeGuest, rt1050: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("echo") / "echo.bin"
    path.write_bytes(make_guest(rt1050, ECHO).image())
    return path


@contextmanager
def emulating(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running command and the first line it prints."""
    process = subprocess.Popen(
        mcuzoo("emulate", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("socket://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=120)


def test_prints_the_port_and_serves_it(echo: Path) -> None:
    with (
        emulating(echo, "--board", "rt1050", "--once") as (process, url),
        connect(url) as wire,
    ):
        assert wire.makefile("rb").readline() == b"ready\n"
        wire.sendall(b"hi")
        assert wire.recv(1) == b"h"
        wire.shutdown(socket.SHUT_RDWR)
        assert process.wait(120) == 0


def test_json_and_a_chosen_port(echo: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with emulating(echo, "-b", "rt1050", "--tcp", port, "--json") as (_, line):
        told = {"schema": "emulate-1", "port": f"socket://127.0.0.1:{port}"}
        assert json.loads(line) == told and not complaints(told)


@posix
def test_pty(echo: Path) -> None:
    with (
        emulating(echo, "-b", "rt1050", "--pty") as (_, device),
        serial.Serial(device, 115200, timeout=120) as port,
    ):
        port.write(b"z")
        assert port.read_until(b"z").endswith(b"z")


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it(echo: Path, number: signal.Signals, code: int) -> None:
    with emulating(echo, "-b", "rt1050") as (process, _):
        process.send_signal(number)
        assert process.wait(120) == code


@posix
def test_sighup_presses_the_reset_button(echo: Path) -> None:
    with emulating(echo, "-b", "rt1050") as (process, url), connect(url) as wire:
        file = wire.makefile("rb")
        for _ in range(3):
            assert file.readline() == b"ready\n"
            process.send_signal(signal.SIGHUP)
        assert file.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=120)
    assert talk.count("emulator: reset\n") == 3


@posix
def test_faults_strike_and_are_counted(echo: Path) -> None:
    arguments = (echo, "-b", "rt1050", "--json", "--faults", "flip=0.05:up,reset=0.01:up,seed=5")
    with emulating(*arguments) as (process, line), connect(json.loads(line)["port"]) as wire:
        heard, sent = b"", 0
        while heard.count(b"ready\n") < 3:
            wire.sendall(b"x")
            sent += 1
            if select.select([wire], [], [], 0.001)[0]:
                heard += wire.recv(1000)
        process.send_signal(signal.SIGTERM)
        said, talk = process.communicate(timeout=120)
    assert not complaints(json.loads(said))
    counts = json.loads(said)["faults"]
    up = counts["to_board"]
    assert counts["seed"] == 5
    assert up["reset"] >= 2 and up["flip"] >= 1 and up["bytes"] <= sent
    assert (
        f"emulator: faults: flip {up['flip']}, reset {up['reset']} in {up['bytes']:,} bytes to the "
        "board; none in "
    ) in talk
    assert talk.count("emulator: reset") >= 2


@posix
def test_signal_is_heard_while_the_firmware_hangs(
    make_guest: MakeGuest, rt1050: Board, tmp_path: Path
) -> None:
    source = "void guest(void) { put('!'); for (;;) { __asm__ volatile(\"\"); } }"
    image = tmp_path / "hang.bin"
    image.write_bytes(make_guest(rt1050, source).image())
    with emulating(image, "-b", "rt1050") as (process, url), connect(url) as wire:
        assert wire.recv(1) == b"!"
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130


def test_undeclared_access_exits_5(make_guest: MakeGuest, rt1050: Board, tmp_path: Path) -> None:
    image = tmp_path / "stray.bin"
    image.write_bytes(make_guest(rt1050, "void guest(void) { REG(0x40000000) = 1; }").image())
    done = finished(mcuzoo("emulate", image, "--board", "rt1050", "--json"), 60)
    assert done.returncode == 5
    port, _, error = done.stdout.partition("\n")
    assert json.loads(port)["port"].startswith("socket://")
    assert json.loads(error)["error"] == "EmulatorError"
    assert "at PC 0x6000" in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 2, "no project or image 'nowhere'"),
        (["ECHO"], 2, "which board"),
        (["ECHO", "--board", "rt1040"], 2, "no board 'rt1040'"),
        (["ECHO", "-b", "rt1170"], 5, "IVT.header.tag"),
        (["ECHO", "-b", "rt1050", "--count", "few"], 2, "'few'"),
        (["ECHO", "-b", "rt1050", "--pty", "--tcp", "0"], 2, "--pty excludes --tcp"),
        (["ECHO", "-b", "rt1050", "--pty", "--once"], 2, "--pty excludes --tcp"),
        (["ECHO", "-b", "rt1050", "--faults", "flop=0.1"], 2, "Did you mean 'flip'?"),
        (["ECHO", "-b", "rt1050", "--faults", "reopen=0.1", "--once"], 2, "--once excludes"),
        (["PROJECT"], 2, "has not been built"),
    ],
)
def test_errors(echo: Path, tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    names = {"ECHO": str(echo), "PROJECT": str(write_tiny_project(tmp_path / "tiny"))}
    done = invoke(["emulate", *(names.get(word, word) for word in arguments)])
    assert done.exit_code == code
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
