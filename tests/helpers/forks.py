"""Processes of a test run that import TensorFlow, or Vela, and fork for all that need it: see
forked.py."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from helpers.forked import SOCKET, TENSORFLOW, VELA
from helpers.shared import built_once

_TESTS = Path(__file__).resolve().parent.parent
# As the worker and mcuzoo.npu.program set them; they count before anything is imported.
_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
}
_VELA_PROGRAM = """#!{python} -S
import os, sys
os.environ[{variable!r}] = {socket!r}
sys.path.insert(0, {tests!r})
from helpers.forked import ask
sys.exit(ask([{module!r}, *sys.argv[1:]]))
"""


def forks(factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a program that is to be forked from the one with TensorFlow."""
    folder = built_once(factory, "tensorflow", partial(_start, imported=TENSORFLOW))
    tests = filter(None, (str(_TESTS), os.environ.get("PYTHONPATH")))
    return {SOCKET: (folder / "socket").read_text(), "PYTHONPATH": os.pathsep.join(tests)}


def run_forked(
    factory: pytest.TempPathFactory, arguments: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """What `arguments` name, with TensorFlow; elsewhere than on Linux in a process of its own."""
    module = [] if arguments[0] == "-c" else ["-m"]
    if sys.platform == "linux":
        module = ["-m", "helpers.forked"]
    command, own = [sys.executable, *module, *arguments], {**os.environ, **forks(factory)}
    return subprocess.run(command, cwd=_TESTS, env=own, capture_output=True, text=True)


def forked_vela(factory: pytest.TempPathFactory) -> Path | None:
    """A program that is Vela; None where nothing is forked."""
    if sys.platform != "linux":
        return None
    folder = built_once(factory, "vela", partial(_start, imported=VELA))
    program = folder / "vela"
    if not program.exists():
        text = _VELA_PROGRAM.format(
            python=sys.executable,
            variable=SOCKET,
            socket=(folder / "socket").read_text(),
            tests=str(_TESTS),
            module=VELA[0],
        )
        own = folder / f"vela.{os.getpid()}"
        own.write_text(text)
        own.chmod(0o755)
        own.replace(program)
    return program


def _start(folder: Path, imported: Sequence[str]) -> None:
    """It ends when the process has that pytest was started as."""
    path = Path(tempfile.mkdtemp(prefix="mcuzoo-forks-")) / "socket"
    (folder / "socket").write_text(str(path))
    if sys.platform != "linux":
        return
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    command = [sys.executable, "-m", "helpers.forked", "--serve", str(path), str(owner)]
    with (folder / "said.txt").open("wb") as said:
        subprocess.Popen(
            [*command, *imported],
            cwd=_TESTS,
            env={**os.environ, **_SETTINGS},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
