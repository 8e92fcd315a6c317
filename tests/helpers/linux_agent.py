"""The Python agent of Linux boards, in this process or as a program, and a wrong delegate."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mcuzoo.link.channel import Channel
from mcuzoo.link.session import Session
from mcuzoo.link.state import Timing
from mcuzoo.resources import firmware_dir

AGENT = firmware_dir() / "agent" / "mcuzoo_agent.py"
_WRONG_C = Path(__file__).with_name("wrong_delegate.c")

needs_litert = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="no ai-edge-litert"
)


@cache
def agent_module() -> Any:
    """The agent as a module."""
    spec = importlib.util.spec_from_file_location("mcuzoo_agent", AGENT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class AgentPort:
    """An agent in this process as a port. sent: all that the host has sent."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self.sent = b""
        self._waiting = b""
        agent.write = self._answer
        agent.reader = agent_module().FrameReader()
        agent.start()

    def _answer(self, data: bytes) -> None:
        self._waiting += data

    @property
    def in_waiting(self) -> int:
        return len(self._waiting)

    def read(self, size: int, /) -> bytes:
        if not self._waiting:
            time.sleep(0.005)  # as a port waits; the agent says nothing by itself
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        return taken

    def write(self, data: bytes, /) -> int:
        self.sent += data
        for frame in self.agent.reader.feed(data):
            self.agent.handle(frame)
        return len(data)

    def close(self) -> None:
        pass


def agent_with(*words: str) -> Any:
    """An agent with these options of its command line."""
    module = agent_module()
    return module.Agent(module.settings_of(module.parsed(["--stdio", *words])))


def session_with(agent: Any) -> Session:
    """A host's session with an agent of this process."""
    channel = Channel(AgentPort(agent), "the agent")
    return Session(channel, Timing(latency_s=5.0, connect_s=60.0))


@contextlib.contextmanager
def listening_agent(*words: str) -> Iterator[str]:
    """The agent as a program; its port."""
    command = [sys.executable, str(AGENT), "--listen", "0", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            assert run.stdout is not None
            yield run.stdout.readline().strip()
        finally:
            run.terminate()


@contextlib.contextmanager
def agent_on_pty(*words: str) -> Iterator[str]:
    """The agent as a program at one end of a pty; the name of the other end."""
    import pty
    import threading
    import tty

    near, far = pty.openpty(), pty.openpty()
    for end in (*near, *far):
        tty.setraw(end)

    def pump(source: int, target: int) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(source, 4096):
                while data:
                    data = data[os.write(target, data) :]

    for pair in ((near[0], far[0]), (far[0], near[0])):
        threading.Thread(target=pump, args=pair, daemon=True).start()
    command = [sys.executable, str(AGENT), "--tty", os.ttyname(far[1]), *words]
    with subprocess.Popen(command) as run:
        try:
            yield os.ttyname(near[1])
        finally:
            run.kill()
            run.wait()
            for end in (*near, *far):
                os.close(end)


def wrong_delegate(folder: Path) -> Path:
    """The delegate of wrong_delegate.c, compiled; skips without a compiler for this machine."""
    library = folder / "libwrong_delegate.so"
    if not library.exists():
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no compiler for this machine")
        words = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
        subprocess.run([*words, "-o", str(library), str(_WRONG_C)], check=True)
    return library


def wait_until_there(path: Path, limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.02)
