"""What the emulated Linux board is made of: a project, or a program with the board's name."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from helpers.linux_program import DATA, SVC, call, program, put
from helpers.tiny_project import write_tiny_project

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.codegen.linux.project import export_linux_project
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.emulator.emulate import emulate
from mcuzoo.emulator.options import EmulateOptions
from mcuzoo.emulator.targets import LinuxTarget, find_any_target
from mcuzoo.errors import InputError, ProjectError, UsageError
from mcuzoo.zoo.registry import resolve_model

MOV_X2_X0 = 0xAA0003E2
ECHO = [*call(63, 0, DATA, 64), MOV_X2_X0, *put(0, 1), *put(1, DATA), *put(8, 64), SVC]
BACK = 0x14000000 | (1 << 26) - len(ECHO)


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """A program that sends back what it reads."""
    path = tmp_path / "echo.elf"
    path.write_bytes(program([*ECHO, BACK]))
    return path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not built."""
    board = load_any_board("imx8mp")
    assert isinstance(board, LinuxBoard)
    folder = tmp_path_factory.mktemp("linux") / "project"
    export_linux_project(resolve_model("signs"), board, folder, ExportOptions())
    return folder


def test_a_program_with_its_board_serves_tcp(echo: Path) -> None:
    pytest.importorskip("unicorn")
    assert find_any_target(echo, "i.MX 93") == LinuxTarget(echo)
    with emulate(echo, EmulateOptions("imx93", once=True)) as board:
        host, _, port = board.port.removeprefix("socket://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=120) as line:
            for words in (b"one", b"two", bytes(range(60))):
                line.sendall(words)
                back = b""
                while len(back) < len(words):
                    back += line.recv(100)
                assert back == words
        assert board.ended(120)


def test_a_program_without_a_board(echo: Path) -> None:
    with pytest.raises(UsageError, match="which board is it for"):
        find_any_target(echo)


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    path = tmp_path / "text.elf"
    path.write_text("no program")
    with (
        pytest.raises(InputError, match=r"cannot be started .* beyond the file's end"),
        emulate(path, EmulateOptions("imx93")),
    ):
        pass


def test_a_project_that_is_not_built(project: Path) -> None:
    with pytest.raises(ProjectError, match="has not been built"):
        find_any_target(project)


def test_the_board_of_another_kind(project: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a project for Linux"):
        find_any_target(project, "rt1170")
    chip = write_tiny_project(tmp_path / "chip")
    with pytest.raises(UsageError, match="runs Linux"):
        find_any_target(chip, "imx93")
