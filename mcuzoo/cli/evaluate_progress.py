"""Progress of an evaluation on stderr: a bar on a terminal, else only what takes long."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from mcuzoo.cli.progress import Interval
from mcuzoo.quoting import printable_lines

if TYPE_CHECKING:
    from mcuzoo.run.record import Row


class EvaluateProgress:
    """The watcher of `evaluate_model`; use as a context manager around it."""

    def __init__(self) -> None:
        self._right = self._labelled = self._done = 0
        self._images = 0
        self._interval = Interval()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )

    def __enter__(self) -> EvaluateProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, images: int) -> None:
        self._images = images
        self._task = self._progress.add_task("images", total=images)

    def say(self, text: str) -> None:
        shown = printable_lines(text)
        self._progress.console.print(shown, markup=False, highlight=False, soft_wrap=True)

    def image(self, row: Row) -> None:
        self._done += 1
        if self._progress.disable and self._interval.is_due():
            self.say(f"{self._done:,} of {self._images:,} images")
        if row.rank is not None:
            self._labelled += 1
            self._right += row.rank == 0
        if self._labelled:
            text = f"top-1 {self._right / self._labelled:.3f}"
            self._progress.update(self._task, advance=1, description=text)
        else:
            self._progress.update(self._task, advance=1)
