"""Run a compiler and keep a log of everything it was asked and everything it said."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

from mcuzoo.errors import ToolchainError

_ERROR_LINES = 5
_ERROR = re.compile(
    r"\berror\b|undefined reference|\bcannot (open|find)\b|overflowed by|overlaps", re.IGNORECASE
)


@dataclass
class BuildLog:
    """What was run and what came of it. Written to `path` whether the build succeeds or not."""

    path: Path
    entries: list[str] = field(default_factory=list)

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(self.entries), encoding="utf-8")


def run_logged(
    command: Sequence[str],
    folder: Path,
    log: BuildLog,
    who: str = "The compiler",
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run `command` in `folder`, with `environment` besides ours.

    Raises ToolchainError with the first error lines when it fails; the log has all of them.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**_environment(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    said = done.stdout + done.stderr
    log.entries.append(" ".join(command) + "\n" + said)
    if done.returncode != 0:
        raise ToolchainError(_first_errors(said, who), f"The whole log: {log.path}")


def _environment() -> dict[str, str]:
    """Ours, with a place for Zig's caches; Zig itself locks what it shares."""
    cache = str(user_cache_path("mcuzoo", appauthor=False) / "zig")
    return {
        "ZIG_GLOBAL_CACHE_DIR": cache,
        "ZIG_LOCAL_CACHE_DIR": cache,
        **os.environ,
        "LC_ALL": "C",
    }


def _first_errors(said: str, who: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if _ERROR.search(line)), 0)
    return f"{who} failed:\n" + "\n".join(lines[first : first + _ERROR_LINES])
