"""One process of a test run that imports TensorFlow, and forks for all that need it (forked.py)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.forked import SOCKET
from helpers.shared import built_once

_TESTS = Path(__file__).resolve().parent.parent


def forks(factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a program that is to be forked from the one process of this test run."""
    folder = built_once(factory, "tensorflow", _start)
    tests = filter(None, (str(_TESTS), os.environ.get("PYTHONPATH")))
    return {SOCKET: (folder / "socket").read_text(), "PYTHONPATH": os.pathsep.join(tests)}


def run_forked(
    factory: pytest.TempPathFactory, arguments: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """What `arguments` name, as above; elsewhere than on Linux in a process of its own."""
    module = [] if arguments[0] == "-c" else ["-m"]
    if sys.platform == "linux":
        module = ["-m", "helpers.forked"]
    command, own = [sys.executable, *module, *arguments], {**os.environ, **forks(factory)}
    return subprocess.run(command, cwd=_TESTS, env=own, capture_output=True, text=True)


def _start(folder: Path) -> None:
    """It ends when the process has that pytest was started as."""
    path = Path(tempfile.mkdtemp(prefix="mcuzoo-forks-")) / "socket"
    (folder / "socket").write_text(str(path))
    if sys.platform != "linux":
        return
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    command = [sys.executable, "-m", "helpers.forked", "--serve", str(path), str(owner)]
    with (folder / "said.txt").open("wb") as said:
        subprocess.Popen(
            command,
            cwd=_TESTS,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
