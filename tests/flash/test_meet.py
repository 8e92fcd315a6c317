"""HELLO after flashing: the right board, the wrong one, none, and several."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.fake_tools import FakeTools

from mcuzoo.emulator.emulate import emulate
from mcuzoo.errors import BoardSilentError, PortError, RigError, WrongFirmwareError
from mcuzoo.flash.flash import flash
from mcuzoo.flash.options import FlashOptions
from mcuzoo.link.ports import MORE_PORTS
from mcuzoo.project.manifest import load_project
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the fake tools are scripts"),
]


@pytest.fixture(autouse=True)
def tool(tools: FakeTools) -> FakeTools:
    return tools.add("mytool")


def flashed(project: Path, port: str | None = None, wait: float = 20):  # type: ignore[no-untyped-def]
    return flash(project, FlashOptions(command="mytool", port=port, wait=wait))


def test_the_board_runs_what_was_flashed(built_once: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = load_project(built_once).newest_build_id
    with emulate(built_once) as board:
        done = flashed(built_once, board.port)
        assert done.hello is not None and done.hello.build_id == build
        assert done.port == board.port and done.compared == ""
        monkeypatch.setenv(MORE_PORTS, board.port)
        said = invoke(("flash", built_once, "--command", "mytool", "--port", "auto"))
        assert said.exit_code == 0, said.stderr
        assert f"board: rt1050 at {board.port} runs the build {build[:8]}, model " in said.stdout
        assert "not read back: command does not, and no other tool here can" in said.stdout
        assert "writes 0x60000000 to 0x6004" in said.stderr


def test_a_board_that_runs_another_build(built_once: Path, project: Path) -> None:
    build_project(project, BuildOptions(optimization="-Os"))
    with emulate(built_once) as board, pytest.raises(WrongFirmwareError) as caught:
        flashed(project, board.port, wait=0)
    assert "The flash is written, but no board runs the build" in caught.value.message
    assert "rt1050 with the build" in caught.value.message
    assert "SW7" in caught.value.hint and caught.value.exit_code == 4


def test_a_board_that_says_nothing(built_once: Path) -> None:
    from mcuzoo.emulator.consoles import TcpConsole

    console = TcpConsole()
    with pytest.raises(BoardSilentError, match="has not said HELLO within 0 s") as caught:
        flashed(built_once, console.url, wait=0)
    console.close()
    assert caught.value.exit_code == 3


def test_no_port_at_all(built_once: Path) -> None:
    with pytest.raises(PortError, match="there is no port to ask the board at"):
        flashed(built_once, wait=0)


def test_two_boards_with_the_same_build(built_once: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with emulate(built_once) as one, emulate(built_once) as other:
        monkeypatch.setenv(MORE_PORTS, f"{one.port},{other.port}")
        with pytest.raises(RigError, match="2 boards run this build"):
            flashed(built_once)
        assert flashed(built_once, other.port).port == other.port
