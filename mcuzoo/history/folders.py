"""Runs as a user names them: the folder of one, or a folder with runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

from mcuzoo.errors import InputError, command
from mcuzoo.run.journal import JOURNAL_NAME, newest_run, read_run
from mcuzoo.run.summary import RunSummary, summarize


@dataclass(frozen=True)
class RunInFolder:
    """A run and where its journal is."""

    folder: Path
    summary: RunSummary


def open_run(run: str | PathLike[str]) -> RunInFolder:
    """The run in a folder, or the newest of the runs in it. Raises InputError if there is none."""
    folder = newest_run(Path(fspath(run)))
    return RunInFolder(folder, summarize(*read_run(folder)))


def run_folders(places: Sequence[str | PathLike[str]]) -> list[Path]:
    """All runs in the folders, however deep, each once; links to folders are not followed.

    Raises InputError where one of the folders has none.
    """
    found: dict[Path, Path] = {}
    for place in (Path(fspath(one)) for one in places):
        here = sorted(journal.parent for journal in place.rglob(JOURNAL_NAME))
        if not here:
            raise InputError(
                f"{place} has no run: there is no {JOURNAL_NAME} in it or below.",
                f"{command('mcuzoo', 'run-serial')} makes one, in runs/ unless --out says "
                "otherwise.",
            )
        found |= {folder.resolve(): folder for folder in here}
    return list(found.values())
