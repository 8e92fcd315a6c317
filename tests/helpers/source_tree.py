"""Copies of this source tree, to build from."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_PACKED = ("boards", "firmware", "mcuzoo", "templates")
"""The folders that the wheel is made of."""
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "_version.py")
AUTHOR = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:06+00:00",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:06+00:00",
}


def copy_sources(target: Path) -> Path:
    """What a build needs, without a repository, in the new folder `target`."""
    target.mkdir(parents=True)
    for name in _PACKED:
        shutil.copytree(REPOSITORY / name, target / name, ignore=_LEFT_OUT)
    for path in REPOSITORY.iterdir():
        if path.is_file() and path.name != ".git":
            shutil.copyfile(path, target / path.name)
    return target


def git(folder: Path, *words: str) -> str:
    """What git said, by a fixed author at a fixed time, whatever this machine has configured."""
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **nobody, **AUTHOR},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
