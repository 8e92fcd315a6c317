"""Progress of a run on stderr: a bar on a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from mcuzoo.cli.progress import Interval
from mcuzoo.link.channel import DeviceLog
from mcuzoo.link.counts import agent_note
from mcuzoo.link.hello import Hello
from mcuzoo.quoting import printable, printable_lines
from mcuzoo.run.record import Row, Status


class RunProgress:
    """Observer of `run_images`; use as a context manager around it."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._correct = 0
        self._labelled = 0
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not sys.stderr.isatty(),
        )
        self._task: TaskID | None = None
        self._upload: TaskID | None = None
        self._images = 0
        self._total = 0
        self._interval = Interval()

    def __enter__(self) -> RunProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def uploading(self, arrived: int, total: int) -> None:
        """Show how a model gets to the board."""
        if self._upload is None:
            self._say(f"sending the model, {total:,} bytes")
            self._upload = self._progress.add_task("uploading", total=total)
        self._progress.update(self._upload, completed=arrived)
        if arrived == total:
            self._progress.remove_task(self._upload)
            self._upload = None

    def started(self, hello: Hello, total: int, finished: int) -> None:
        board = f"{hello.board}{agent_note(hello.agent)}, build {hello.build_id[:8]}"
        if hello.delegate:
            board += f", computed by {hello.delegate}"
        self._say(f"{board}; the run is {self._run}")
        self._images, self._total = finished, total
        self._task = self._progress.add_task("running", total=total, completed=finished)

    def image(self, row: Row) -> None:
        if row.status is not Status.DONE:
            self._say(printable(f"{row.file}: {row.error}"))
        elif row.label is not None:
            self._labelled += 1
            self._correct += row.top1 == row.label
        self._images += 1
        if self._progress.disable and self._interval.is_due():
            self._say(f"{self._images:,} of {self._total:,} images")
        if self._task is not None:
            top1 = f"top-1 {self._correct / self._labelled:.3f}" if self._labelled else "running"
            self._progress.update(self._task, advance=1, description=top1)

    def trouble(self, text: str) -> None:
        self._say(f"recovering: {text}")

    def note(self, text: str) -> None:
        """Print a sentence about one of several boards."""
        self._say(text)

    def log(self, line: DeviceLog) -> None:
        """Print a line of the board's own log."""
        self._say(f"board: {line.level.name.lower()}: {line.text}")

    def _say(self, text: str) -> None:
        shown = printable_lines(text)
        self._progress.console.print(shown, markup=False, highlight=False, soft_wrap=True)
