"""What a build adds to the package: mcuzoo/_version.py, with the version and the commit.

hatchling runs this for wheels, sdists and editable installs; hatch-vcs has found the version.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VERSION_FILE = "mcuzoo/_version.py"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ARCHIVED = re.compile(r"^node: ([0-9a-f]{40})$", re.MULTILINE)


class VersionFile(BuildHookInterface[Any]):
    """Writes VERSION_FILE; a wheel or an sdist leaves the source tree as it is."""

    _scratch: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """version: "standard" or "editable"."""
        root, known = Path(self.root), self.metadata.version
        if version == "editable":
            # The tree goes on without a build: its version names no commit.
            text = version_text(f"{known.partition('+')[0]}+editable", "")
            (root / VERSION_FILE).write_text(text, encoding="utf-8", newline="\n")
            return
        source = root / VERSION_FILE
        if not (root / "PKG-INFO").is_file():
            self._scratch = tempfile.TemporaryDirectory()
            source = Path(self._scratch.name) / source.name
            text = version_text(known, commit_of(root))
            source.write_text(text, encoding="utf-8", newline="\n")
        build_data["force_include"][str(source)] = VERSION_FILE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()


def version_text(version: str, commit: str) -> str:
    return f'"""Written by a build."""\n\nVERSION = "{version}"\nCOMMIT = "{commit}"\n'


def commit_of(root: Path) -> str:
    """The commit of the tree at `root`; "" if it is changed, or no commit is known."""
    if not (root / ".git").exists():
        archived = root / ".git_archival.txt"
        found = _ARCHIVED.search(archived.read_text("utf-8")) if archived.is_file() else None
        return found[1] if found else ""
    # By --git-dir: not the repository of a folder above.
    where = ["git", "--git-dir", str(root / ".git"), "--work-tree", str(root)]
    words = [*where, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    said = done.stdout.strip()
    return said if _COMMIT.fullmatch(said) else ""
