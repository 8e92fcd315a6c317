"""Many ports are asked at once: a board, a silent line, a stranger, one in use, an absent one."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard
from link.conftest import LineMaker

from mcuzoo.link.holders import holder_of
from mcuzoo.link.ports import PortInfo
from mcuzoo.link.survey import look, survey


@pytest.fixture
def silent() -> Iterator[str]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.mark.slow
def test_only_the_board_answers(plug_in: LineMaker, silent: str) -> None:
    board = plug_in()
    ports = [PortInfo(name) for name in (silent, board.url, "/dev/ttyNONE")]
    quiet, found, absent = survey(ports, [9600, 115200])
    assert found.hello is not None and found.hello.board == "host" and found.trouble == ""
    assert quiet.hello is None and "Nothing answers" in quiet.trouble
    assert absent.hello is None and "no port" in absent.trouble
    assert [one.port for one in look(ports)] == ports


def test_a_port_that_somebody_has_open_is_left_alone(silent: str) -> None:
    script = "import sys; port = open(sys.argv[1], 'rb', 0); print('open', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, silent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        (found,) = survey([PortInfo(silent)], [115200])
        assert f"(process {holder.pid})" in found.holder and found.hello is None
        assert "has it open" in found.trouble
        assert look([PortInfo(silent)])[0].holder == found.holder
    finally:
        holder.kill()
        holder.communicate()
    assert holder_of(silent) == ""


def test_the_program_behind_a_pseudo_terminal_is_no_holder() -> None:
    script = "import os, pty; print(os.ttyname(pty.openpty()[1]), flush=True); input()"
    maker = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert maker.stdout is not None
        assert holder_of(maker.stdout.readline().strip()) == ""
    finally:
        maker.kill()
        maker.communicate()


def test_no_ports_are_no_trouble() -> None:
    assert survey([], [115200]) == []


@pytest.mark.slow
def test_a_board_that_cannot_run_its_model_answers(echo_firmware: Path, tmp_path: Path) -> None:
    with Line(HostBoard(echo_firmware, tmp_path, ECHO_INIT_ERROR="no arena")) as line:
        (found,) = survey([PortInfo(line.url)], [115200])
    assert found.hello is not None
