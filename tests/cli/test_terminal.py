"""Which way of showing pixels a terminal has; a terminal is a pty, the test plays its other end."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


class Terminal:
    """The other end of a pty. answer: to DA1, if any."""

    def __init__(self, answer: bytes, code: str = ASK, **environment: str) -> None:
        import pty
        import termios

        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.shown = b""
        kept = {
            key: value
            for key, value in os.environ.items()
            if key not in ("TMUX", "STY", "NO_COLOR", "TERM_PROGRAM", "LC_TERMINAL")
        }
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_controls_its_terminal,
            env={**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environment},
        )
        answered = False
        deadline = time.monotonic() + 120
        while child.poll() is None or select.select([self.master], [], [], 0)[0]:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.master], [], [], 0.05)[0]:
                self.shown += os.read(self.master, 4096)
            if answer and not answered and b"\x1b[c" in self.shown:
                os.write(self.master, answer)
                answered = True
        self.after = termios.tcgetattr(slave)
        self.code = child.returncode
        # What nobody has read would be typed into the user's shell.
        self.left = bool(select.select([slave], [], [], 0)[0])
        os.close(slave)
        os.close(self.master)


def _controls_its_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


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
    terminal = Terminal(answer, **environment)
    assert terminal.code == 0, terminal.shown
    assert f"way {way}\r\n".encode() in terminal.shown
    assert (b"\x1b[c" in terminal.shown) is asked
    assert (b"\x1b_G" in terminal.shown) is (asked and "tmux" not in environment.get("TERM", ""))
    assert terminal.after == terminal.before and not terminal.left
    assert answer == b"" or answer not in terminal.shown  # nothing was echoed


def test_what_is_no_terminal_is_not_asked(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("way None\n", "")
