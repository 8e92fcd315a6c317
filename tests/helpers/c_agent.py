"""The C agent of a Linux board, compiled for this machine and sanitized."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.host_firmware import (
    ECHO_RUNTIME,
    SANITIZER_REPORTS,
    WARNINGS,
    find_host_compiler,
    sanitizer_flags,
)
from helpers.objects import compile_c

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.codegen.templates import render
from mcuzoo.resources import firmware_dir

if sys.platform != "linux":
    pytest.skip("the agent is a program for Linux", allow_module_level=True)

_SOURCES = (
    "link/*.c", "app/mz_*.c", "port/*.c", "port/posix/*.c", "port/linux/*.c", "upload/none/*.c",
    "image/whole/*.c",
)  # fmt: skip
PATIENCE_S = 30


def build_linux_agent(executable: Path) -> Path:
    """Over echo_runtime.c, for the board imx93."""
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard)
    headers = executable.parent / "headers"
    headers.mkdir()
    (headers / "mz_board.h").write_text(render("linux/mz_board.h.j2", board=board))
    (headers / "mz_build_id.h").write_text(f'#define MZ_BUILD_ID "{"5" * 32}"\n')
    firmware, compiler = firmware_dir(), find_host_compiler()
    sources = [path for pattern in _SOURCES for path in sorted(firmware.glob(pattern))]
    compile_c([
        *compiler, *WARNINGS, "-O1", *sanitizer_flags(compiler), f"-I{headers}", f"-I{firmware}",
        *map(str, sources), str(ECHO_RUNTIME), "-o", str(executable),
    ])  # fmt: skip
    return executable


class LinuxAgent:
    """A running agent. said: its lines on stderr so far, without those of the runtime."""

    def __init__(self, executable: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [str(executable), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            # An agent that starts itself anew leaves nothing behind, and no report of leaks either.
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
        )
        self._text = b""

    def line(self, wanted: str) -> str:
        """The first line on stderr from now on that has `wanted` in it."""
        assert self.process.stderr
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            first, end, rest = self._text.partition(b"\n")
            if end:
                self._text = rest
                if wanted in first.decode():
                    return first.decode()
                continue
            assert select.select([self.process.stderr], [], [], PATIENCE_S)[0]
            data = os.read(self.process.stderr.fileno(), 4096)
            assert data, f"the agent has ended with {self.process.wait()}"
            self._text += data
        raise AssertionError(f"nothing on stderr says {wanted!r}")

    @property
    def port(self) -> int:
        """Where it listens; once."""
        return int(self.line("listening at ").rsplit(":", 1)[1])

    def end(self) -> tuple[int, str]:
        """Its exit status and the rest of stderr, once it has ended by itself."""
        assert self.process.stderr
        rest = self._text + self.process.stderr.read()
        return self.process.wait(PATIENCE_S), rest.decode()


@contextmanager
def linux_agent(executable: Path, *arguments: str) -> Iterator[LinuxAgent]:
    agent = LinuxAgent(executable, *arguments)
    try:
        yield agent
    finally:
        if agent.process.poll() is None:
            agent.process.terminate()
        status, said = agent.end()
        for pipe in (agent.process.stdin, agent.process.stdout, agent.process.stderr):
            assert pipe
            pipe.close()
        assert not any(report in said for report in SANITIZER_REPORTS), said
        assert status >= 0, said
