"""A terminal with a process in it: a pty, whose other end answers as a terminal does."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Sequence


class Terminal:
    """The other end of the terminal in which a command runs to its end. answer: to DA1, if any.

    shown: what was written. before, after: the terminal's settings. left: whether something waits
    that nobody has read.
    """

    def __init__(self, command: Sequence[str], answer: bytes, **environment: str) -> None:
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
            command,
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
