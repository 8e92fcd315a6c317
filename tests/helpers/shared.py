"""What is built once for all processes of a test run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mcuzoo.locking import lock


def shared_root(factory: pytest.TempPathFactory) -> Path:
    """A folder of this test run, the same one for all its processes."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    root.mkdir(exist_ok=True)
    return root


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """The folder `name` as `build` has filled it, in this process or in another of the run.

    Whoever wants to change what is in it takes a copy.
    """
    root = shared_root(factory)
    folder, whole = root / name, root / f"{name}.whole"
    with (root / f"{name}.lock").open("w") as file:
        while True:
            try:
                lock(file)
                break
            except OSError:
                time.sleep(0.05)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            whole.touch()
    return folder
