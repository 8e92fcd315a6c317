"""Run images on a board: from the user's options to a finished run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Protocol

from mcuzoo.files import open_output
from mcuzoo.link.hello import Hello
from mcuzoo.run.job import Job, make_job
from mcuzoo.run.journal import read_run
from mcuzoo.run.many.place_source import acquired_places
from mcuzoo.run.many.scheduler import SeveralObserver, run_on_boards
from mcuzoo.run.many.source import BoardOfRun
from mcuzoo.run.options import RunOptions
from mcuzoo.run.project import emulated_port
from mcuzoo.run.record import Row
from mcuzoo.run.runner import run_images, sigterm_interrupts, unfinished_items
from mcuzoo.run.sessions import Line, MessagesOnly, Subject, sessions
from mcuzoo.run.summary import RunSummary


class RunWatcher(SeveralObserver, Protocol):
    """Takes the progress of a run and the events on its lines."""


class _RunMessages(MessagesOnly):
    """The same for a run."""

    def started(self, hello: Hello, total: int, finished: int) -> None:
        pass

    def image(self, row: Row) -> None:
        pass

    def note(self, text: str) -> None:
        self._say(text)


@dataclass(frozen=True)
class FinishedRun:
    """The folder of a run, with its journal, and the results."""

    folder: Path
    summary: RunSummary

    @property
    def passed(self) -> bool | None:
        """None if outputs of a delegate were compared and nothing was judged."""
        return self.summary.verdict.passed


def run(
    target: str | PathLike[str] | None = None,
    options: RunOptions = RunOptions(),
    say: Callable[[str], None] = lambda text: None,
    watch: Callable[[Job], AbstractContextManager[RunWatcher]] | None = None,
) -> FinishedRun:
    """Stream images to a board, compare its answers with labels and host, end with a verdict.

    target: a port, or a built project, which is emulated; None: options.port. `say` gets warnings
    and troubles. `watch`, if given, makes the watcher of every image. Raises the errors of make_job
    and run_images. A failed verdict is in the result, not an error.
    """
    if target is not None:
        options = replace(options, port=emulated_port(target))
    job = make_job(options, say)
    if job.note is not None:
        say(f"note: {job.note}")
    for warning in job.warnings:
        say(f"warning: {warning}")
    settings = job.settings
    if settings.several:
        with ExitStack() as stack:
            # Before the watcher: places are released after its last line.
            boards = stack.enter_context(_boards(job, options, say))
            several = stack.enter_context(watch(job) if watch else nullcontext(_RunMessages(say)))
            return FinishedRun(job.out, run_on_boards(job, boards, several))
    line = Line(
        settings.port,
        settings.baud,
        job.baud_note,
        options.wait_port,
        settings.max_baud,
        settings.compress,
    )
    with ExitStack() as stack:
        trace = stack.enter_context(open_output(options.trace)) if options.trace else None
        watcher = stack.enter_context(watch(job) if watch else nullcontext(_RunMessages(say)))
        summary = run_images(job, sessions(line, job.upload, watcher, trace), watcher)
    return FinishedRun(job.out, summary)


def _is_finished(job: Job) -> bool:
    return job.resume and not unfinished_items(job, *read_run(job.out))


@contextmanager
def _boards(
    job: Job, options: RunOptions, say: Callable[[str], None]
) -> Iterator[Sequence[BoardOfRun]]:
    """The boards of a run on several; those of a farm are acquired as long as the block lasts."""
    if job.settings.labgrid is None or _is_finished(job):
        yield job.boards
        return
    subject = Subject(Path(job.settings.project), job.manifest, job.upload)
    # SIGTERM must not end the process with places acquired.
    with sigterm_interrupts(), acquired_places(job.settings, subject, options, say) as boards:
        yield boards
