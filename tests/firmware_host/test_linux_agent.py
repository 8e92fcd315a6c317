"""The C agent as a process of Linux: who may connect, what a reset and an end do, its options."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

if sys.platform != "linux":
    pytest.skip("the agent is a program for Linux", allow_module_level=True)

from helpers.board_wire import Wire
from helpers.c_agent import PATIENCE_S, build_linux_agent, linux_agent
from helpers.host_firmware import echo_output

from mcuzoo.link import messages
from mcuzoo.link.counts import Agent, CountUnit
from mcuzoo.link.session import Session

IMAGE = np.random.default_rng(4).integers(-128, 128, 4096, dtype=np.int8)


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_linux_agent(tmp_path_factory.mktemp("agent") / "agent")


def _meet(port: int) -> Session:
    return Session.open(f"socket://127.0.0.1:{port}")


def test_it_is_a_process_that_counts_nanoseconds(executable: Path) -> None:
    with linux_agent(executable, "--listen", "0") as agent, _meet(agent.port) as session:
        hello = session.hello()
        assert (hello.board, hello.agent, hello.count_unit) == ("imx93", "process", "nanoseconds")
        assert hello.delegate == ""
        done = session.infer(1, IMAGE)
        np.testing.assert_array_equal(done.output, echo_output(IMAGE))
        assert done.cycles and done.cycles > 0


def test_who_leaves_makes_room_for_the_next(executable: Path) -> None:
    with linux_agent(executable, "--listen", "0") as agent:
        port = agent.port
        for image in (1, 2, 3):
            with _meet(port) as session:
                output = session.infer(image, np.roll(IMAGE, image)).output
            np.testing.assert_array_equal(output, echo_output(np.roll(IMAGE, image)))
        with socket.create_connection(("127.0.0.1", port)) as half:
            half.sendall(b"\x00\x05\x02half a frame")
        with _meet(port) as session:
            assert session.hello().board == "imx93"


def test_a_second_client_is_sent_away(executable: Path) -> None:
    with linux_agent(executable, "--listen", "0") as agent:
        port = agent.port
        with _meet(port) as session:
            with socket.create_connection(("127.0.0.1", port)) as second:
                second.settimeout(PATIENCE_S)
                assert second.recv(1) == b""
            np.testing.assert_array_equal(session.infer(1, IMAGE).output, echo_output(IMAGE))


def test_a_reset_starts_anew_and_keeps_the_client(executable: Path) -> None:
    with linux_agent(executable, "--listen", "0") as agent:
        port = agent.port
        with _meet(port) as session:
            for _ in range(3):
                assert session.reset().build_id == "5" * 32
            assert session.ping().good_frames <= 3  # counted since the reset
            np.testing.assert_array_equal(session.infer(1, IMAGE).output, echo_output(IMAGE))
        with _meet(port) as session:
            assert session.hello().board == "imx93"


def test_it_listens_on_loopback_unless_told_otherwise(executable: Path) -> None:
    with linux_agent(executable, "--listen", "0") as agent:
        assert agent.line("listening").startswith("mcuzoo agent: listening at 127.0.0.1:")
    with linux_agent(executable, "--listen", "0.0.0.0:0") as agent:
        assert "at 0.0.0.0:" in agent.line("listening")
        assert "no password" in agent.line("agent")


def test_of_ipv6(executable: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with linux_agent(executable, "--listen", "[::1]:0") as agent:
        line = agent.line("listening")
        assert "at [::1]:" in line
        port = int(line.rsplit(":", 1)[1])
        with socket.create_connection(("::1", port)):
            pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(executable: Path, number: signal.Signals) -> None:
    with linux_agent(executable, "--listen", "0") as agent, _meet(agent.port):
        agent.process.send_signal(number)
        assert agent.process.wait(PATIENCE_S) == 0


def test_a_port_that_is_taken(executable: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with linux_agent(executable, "--listen", str(port)) as agent:
            assert "Address already in use" in agent.line("cannot listen")
            assert agent.process.wait(PATIENCE_S) == 1


class _Pipes:
    """Standard input and output of an agent, as a Wire takes them."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout
        self._in, self._out = process.stdin, process.stdout

    def write(self, data: bytes) -> None:
        self._in.write(data)

    def read(self) -> bytes:
        return os.read(self._out.fileno(), 4096)


class _Terminal:
    """The other end of a terminal."""

    def __init__(self, master: int) -> None:
        self._master = master

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._master, data) :]

    def read(self) -> bytes:
        return os.read(self._master, 4096)


def _ask(wire: Wire) -> messages.HelloReply:
    boot, _ = wire.next()
    assert isinstance(boot, messages.Boot)
    reply = wire.ask(messages.Hello(messages.PROTOCOL_VERSION, 7))
    assert isinstance(reply, messages.HelloReply) and reply.nonce == 7
    assert (reply.agent, reply.count_unit) == (Agent.PROCESS, CountUnit.NANOSECONDS)
    return reply


def test_standard_input_and_output(executable: Path) -> None:
    with linux_agent(executable, "--stdio") as agent:
        wire = Wire(_Pipes(agent.process))
        assert not _ask(wire).features & messages.Feature.BAUD  # a pipe has no rate
        assert agent.process.stdin
        agent.process.stdin.close()
        assert agent.process.wait(PATIENCE_S) == 0


def test_a_reset_over_standard_input_and_output(executable: Path) -> None:
    with linux_agent(executable, "--stdio") as agent:
        wire = Wire(_Pipes(agent.process))
        _ask(wire)
        boot, _ = wire.raw(messages.Reset.code, b"")
        assert isinstance(boot, messages.Boot)
        assert isinstance(wire.ask(messages.Ping(3)), messages.Pong)


def test_a_terminal(executable: Path) -> None:
    master, slave = os.openpty()
    name = os.ttyname(slave)
    try:
        with linux_agent(executable, "--tty", name) as agent:
            wire = Wire(_Terminal(master))
            assert _ask(wire).features & messages.Feature.BAUD
            # Bytes that a terminal in another mode would take for itself or change.
            echoed = wire.ask(messages.VerifyLine(1, bytes(range(256)) * 4))
            assert echoed == messages.LineVerified(1, bytes(range(256)) * 4)
            taken = wire.ask(messages.SetBaud(2, 921_600))
            assert isinstance(taken, messages.BaudReply)
            assert (taken.accepted, taken.actual_baud) == (1, 921_600)
            refused = wire.ask(messages.SetBaud(3, 123_456))
            assert isinstance(refused, messages.BaudReply) and not refused.accepted
            agent.process.terminate()
            assert agent.process.wait(PATIENCE_S) == 0
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--help",), 0, ""),
        (("--nothing",), 2, "--listen ADDRESS:PORT"),
        (("--listen",), 2, "--listen ADDRESS:PORT"),
        (("--listen", "nowhere"), 1, "nowhere is no PORT"),
        (("--listen", "127.0.0.1:65536"), 1, "is no PORT"),
        (("--listen", "1.2.3.4.5:1"), 1, "is no PORT"),
        (("--listen", "::1:80"), 1, "is no PORT"),
        (("--listen", "a" * 200 + ":1"), 1, "is no PORT"),
        (("--listen", ":"), 1, "is no PORT"),
        (("--listen", "]:1"), 1, "is no PORT"),
        (("--listen", "1", "--adopt", "x"), 1, ""),
        (("--tty", "/dev/null"), 1, "cannot use /dev/null"),
        (("--tty", "/nowhere"), 1, "cannot use /nowhere"),
        (("--tty", "/dev/null", "--baud", "1"), 2, "no such rate"),
    ],
)
def test_options(executable: Path, arguments: tuple[str, ...], status: int, words: str) -> None:
    with linux_agent(executable, *arguments) as agent:
        found, said = agent.end()
        assert (found, words in said) == (status, True), said
