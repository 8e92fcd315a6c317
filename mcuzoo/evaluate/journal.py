"""What an evaluation has found so far, kept in the cache until it ends.

An evaluation that is typed again after a crash or Ctrl-C is the same when models, engines,
preprocessing and images are.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import takewhile
from pathlib import Path

from mcuzoo import __version__
from mcuzoo.errors import UsageError
from mcuzoo.evaluate.request import Plan
from mcuzoo.evaluate.subject import EMULATOR, Subject
from mcuzoo.run.journal import JOURNAL_NAME, Journal, RunLock, create_rows
from mcuzoo.run.record import Row
from mcuzoo.zoo.places import cache_folder

_OLD_NAME = "findings.jsonl"
# A kill loses nothing; waiting for the disk would take longer than many an image.
_SYNC = "OFF"


@dataclass(frozen=True)
class Kept:
    """The journal of an evaluation; `rows` are those of an earlier session."""

    journal: Journal
    rows: tuple[Row, ...]
    folder: Path

    @property
    def seconds(self) -> float:
        """What they took."""
        return sum(row.seconds or 0.0 for row in self.rows)

    def forget(self) -> None:
        """The evaluation has ended: nothing is to be resumed."""
        self.journal.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def journal_of(plan: Plan, resume: bool, talk: Callable[[str], None]) -> Iterator[Kept | None]:
    """The journal of `plan`; with `resume` it has what an earlier session found.

    None, with a word to `talk`, where the cache cannot be written or another process is at the same
    evaluation; with `resume` that raises UsageError.
    """
    folder = cache_folder().parent / "evaluations" / identity(plan)[:16]
    if resume and (folder / _OLD_NAME).exists():
        raise UsageError(
            "An older mcuzoo began this evaluation, and its journal is not read any more.",
            "The same command without --resume starts with the first image.",
        )
    with ExitStack() as stack:
        try:
            journal = stack.enter_context(_opened(folder, plan, resume))
        except (OSError, sqlite3.Error) as error:
            why = error.strerror if isinstance(error, OSError) else error
            talk(f"an interruption would lose what was found: {folder}: {why}")
            yield None
            return
        except UsageError:
            if resume:
                raise UsageError(
                    "Another mcuzoo process is at this evaluation.", "Wait for it, or end it."
                ) from None
            talk("an interruption would lose what was found: another process is at the same")
            yield None
            return
        kept = tuple(takewhile(lambda row: row.status.final, journal.rows)) if resume else ()
        if resume and not kept:
            talk("nothing to resume: starting with the first image")
        elif resume:
            talk(f"{len(kept)} of {len(plan.data_set.items)} images are done already")
        yield Kept(journal, kept, folder)


def identity(plan: Plan) -> str:
    """A hash of all that decides what each image gives."""
    whole = sha256(repr((__version__, plan.task.keep_outputs)).encode())
    for subject in plan.task.subjects:
        whole.update(repr(_identity(subject, plan.board)).encode())
    for item in plan.data_set.items:
        whole.update(repr((item.index, item.file, item.label, item.sha256)).encode())
    return whole.hexdigest()


def _identity(subject: Subject, board: str) -> tuple[object, ...]:
    where = board if subject.engine == EMULATOR else None
    return subject.model.sha256, subject.engine, where, sorted(asdict(subject.recipe).items())


def _opened(folder: Path, plan: Plan, resume: bool) -> Journal:
    """Without what was kept, unless `resume`. Raises UsageError when another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (resume and (folder / JOURNAL_NAME).is_file()):
        with RunLock(folder):
            create_rows(folder, (), plan.data_set.items, _SYNC)
    return Journal(folder, _SYNC)
