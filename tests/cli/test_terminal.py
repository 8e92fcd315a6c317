"""Which way of showing pixels a terminal has; a terminal is a pty, the test plays its other end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.terminal import Terminal

from mcuzoo.cli.terminal import way_of_answers, way_of_environment

DA1 = b"\x1b[?62;4;22c"


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "blocks"),
        ({"TERM": "linux"}, "blocks"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        # What is outside of tmux or screen is not what one writes to.
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "screen", "LC_TERMINAL": "iTerm2"}, None),
    ],
)
def test_what_the_environment_says(environment: dict[str, str], way: str | None) -> None:
    assert way_of_environment(environment) == way


@pytest.mark.parametrize(
    ("answers", "way"),
    [
        (b"", "blocks"),
        (b"\x1b[?62;22c", "blocks"),
        (b"\x1b[?4c", "blocks"),  # its class, a VT132
        (b"\x1b[?6;44c", "blocks"),
        (DA1, "sixel"),
        (b"typed ahead" + DA1, "sixel"),
        (b"\x1b_Gi=31;OK\x1b\\" + DA1, "kitty"),
        (b"\x1b_Gi=31;ENOTSUP:no\x1b\\" + DA1, "sixel"),
        (b"\x1b_Gi=31;ENOTSUP:no\x1b\\\x1b[?62c", "blocks"),
        (b"\x1b[?;;c", "blocks"),
    ],
)
def test_what_a_terminal_answers(answers: bytes, way: str) -> None:
    assert way_of_answers(answers) == way


ASK = "from mcuzoo.cli.terminal import picture_way\nprint('way', picture_way())"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs ptys")
@pytest.mark.parametrize(
    ("answer", "environment", "way", "asked"),
    [
        (DA1, {}, "sixel", True),
        (b"\x1b_Gi=31;OK\x1b\\" + DA1, {}, "kitty", True),
        (b"\x1b[?62c", {}, "blocks", True),
        (b"", {}, "blocks", True),  # it never answers, and nobody hangs
        (b"", {"NO_COLOR": "1"}, "None", False),
        (b"", {"TERM": "dumb"}, "None", False),
        (b"", {"TERM": "xterm-kitty"}, "kitty", False),
        (b"\x1b[?62c", {"PYTHONIOENCODING": "ascii"}, "None", True),
        (DA1, {"TERM": "tmux-256color"}, "sixel", True),
    ],
)
def test_a_terminal_is_asked_and_left_as_it_was(
    answer: bytes, environment: dict[str, str], way: str, asked: bool
) -> None:
    terminal = Terminal([sys.executable, "-c", ASK], answer, **environment)
    assert terminal.code == 0, terminal.shown
    assert f"way {way}\r\n".encode() in terminal.shown
    assert (b"\x1b[c" in terminal.shown) is asked
    assert (b"\x1b_G" in terminal.shown) is (asked and "tmux" not in environment.get("TERM", ""))
    assert terminal.after == terminal.before and not terminal.left
    assert answer == b"" or answer not in terminal.shown  # nothing was echoed


def test_what_is_no_terminal_is_not_asked(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("way None\n", "")
