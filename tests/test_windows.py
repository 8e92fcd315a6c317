"""What is done otherwise on Windows, as far as it can be told on another system."""

from __future__ import annotations

import errno
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mcuzoo.locking as locking_module
from mcuzoo.emulator.pty_console import PtyConsole
from mcuzoo.errors import UsageError, command
from mcuzoo.files import cannot_write, write_whole
from mcuzoo.link.port_watch import _identified
from mcuzoo.link.ports import PortInfo
from mcuzoo.processes import apart
from mcuzoo.quantize.worker import _peak_bytes
from mcuzoo.zoo.find import cache_folder, cache_hint

BOARD = PortInfo("COM3", "board", (0x1FC9, 0x0143, "ABC"))


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


def arguments(line: str) -> list[str]:
    """As CommandLineToArgvW of Windows takes a line apart."""
    words: list[str] = []
    word, slashes, quoted, begun = "", 0, False, False
    for char in line + " ":
        if char == "\\":
            slashes, begun = slashes + 1, True
            continue
        if char == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += char
            else:
                quoted = not quoted
            slashes, begun = 0, True
            continue
        word, slashes = word + "\\" * slashes, 0
        if char != " " or quoted:
            word, begun = word + char, True
        elif begun:
            words.append(word)
            word, begun = "", False
    assert not quoted
    return words


@given(st.lists(st.text('ab \\"&|<>^', max_size=8), max_size=4))
def test_a_command_means_its_words(words: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "platform", "win32")
        line = command(*words)
    assert arguments(line) == words
    if not any('"' in word for word in words):  # no file has it in its name
        assert not set("".join(line.split('"')[::2])) & set("&|<>^"), "the shell would take it"


@pytest.mark.usefixtures("windows")
def test_a_path_without_blanks_stays_plain() -> None:
    assert command("mcuzoo", "build", "C:\\mcu\\hello") == "mcuzoo build C:\\mcu\\hello"
    assert command("mcuzoo", "build", "C:\\my mcu\\") == 'mcuzoo build "C:\\my mcu\\\\"'


@pytest.mark.usefixtures("windows")
def test_there_are_no_pseudo_terminals() -> None:
    with pytest.raises(UsageError, match="Windows has no pseudo-terminals") as caught:
        PtyConsole()
    assert "--tcp" in caught.value.hint


@pytest.mark.usefixtures("windows")
def test_hints_name_commands_that_are_there(tmp_path: Path) -> None:
    missing = cannot_write(tmp_path / "no" / "file", OSError(errno.ENOENT, "not there"))
    assert missing.hint.startswith("mkdir ") and "-p" not in missing.hint.split()
    full = cannot_write(tmp_path / "file", OSError(errno.ENOSPC, "full"))
    assert full.hint == "Free some space there."
    assert str(cache_folder().parent) in cache_hint() and "XDG" not in cache_hint()


@pytest.mark.usefixtures("windows")
def test_a_file_is_replaced_without_an_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("os.chown")
    path = tmp_path / "file"
    for content in (b"one", b"two"):
        write_whole(path, content)
        assert path.read_bytes() == content


@pytest.mark.usefixtures("windows")
def test_a_port_is_known_in_any_case() -> None:
    assert _identified("com3", [BOARD]) == BOARD
    assert _identified("COM4", [BOARD]) is None


def test_names_of_devices_differ_by_case_elsewhere() -> None:
    device = PortInfo("/dev/ttyACM0", "board", BOARD.usb_id)
    assert _identified("/dev/ttyACM0", [device]) == device
    assert _identified("/dev/ttyacm0", [device]) is None


@pytest.mark.usefixtures("windows")
def test_a_child_has_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    assert apart() == {"creationflags": 0x200}


@pytest.mark.usefixtures("windows")
def test_the_peak_of_memory_is_not_told() -> None:
    assert _peak_bytes() == 0


@pytest.mark.usefixtures("windows")
def test_a_lock_hides_no_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else can read what is locked there, and a download is installed while it is locked."""
    locked: list[tuple[int, int, int]] = []

    def locking(descriptor: int, mode: int, count: int) -> None:
        locked.append((os.lseek(descriptor, 0, os.SEEK_CUR), mode, count))

    fake = SimpleNamespace(LK_NBLCK=2, locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    lock = runpy.run_path(str(Path(locking_module.__file__)))["lock"]
    path = tmp_path / "partial"
    path.write_bytes(b"kept")
    with path.open("a+b") as file:
        lock(file)
        file.write(b" and more")
    assert path.read_bytes() == b"kept and more"
    ((place, mode, count),) = locked
    assert (mode, count) == (2, 1) and 2**30 < place < 2**31 - 1
