"""The journal of what the tests of one worker asked its boards: a run like others, to report on.

It is a run on several boards, also with one, so that each board has its record. Its data set is a
CSV in its folder, written at the end: a line per image, with the test that asked.
"""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from pathlib import Path

from mcuzoo.data.images import Item
from mcuzoo.files import write_output
from mcuzoo.link.hello import Hello
from mcuzoo.run.job import Job
from mcuzoo.run.journal import Journal, begin_journal
from mcuzoo.run.record import BoardRecord, Row, WrongLayer
from mcuzoo.run.runner import new_meta

IMAGES_NAME = "images.csv"


class TestsJournal:
    """Use `close` at the end. Nothing is written before the first row.

    job: of the run, whose data set is empty.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._journal: Journal | None = None
        self._stack = ExitStack()
        self._early: dict[str, BoardRecord] = {}
        self._asked: list[tuple[str, str, str]] = []
        self._elapsed_s = 0.0

    @property
    def folder(self) -> Path | None:
        """The run's folder; None while there is nothing in it."""
        return None if self._journal is None else self._job.out

    def next_index(self) -> int:
        """Of the image that is recorded next."""
        return len(self._asked)

    def add(self, item: Item, row: Row, record: BoardRecord, hello: Hello, test: str) -> None:
        """What became of one image, safe at once. Raises InputError, UsageError."""
        if self._journal is None:
            journal = begin_journal(self._job.out, new_meta(self._job, hello), ())
            self._journal = self._stack.enter_context(journal)
        name = "" if item.label is None else self._job.classes.name(item.label)
        self._asked.append((item.file, name, test))
        self._elapsed_s += row.seconds or 0.0
        self._journal.add([item])
        boards = {**self._early, record.name: record}
        self._early.clear()
        self._journal.record_all([row], boards.values(), [], self._elapsed_s)

    def keep(self, record: BoardRecord) -> None:
        """What is known of a board by now."""
        if self._journal is None:
            self._early[record.name] = record
        else:
            self._journal.record_all([], [record], [], self._elapsed_s)

    def wrong_layer(self, wrong: WrongLayer) -> None:
        assert self._journal is not None
        self._journal.record_wrong_layer(wrong)

    def close(self) -> None:
        """Write the CSV, and close the journal."""
        if self._journal is None:
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("file", "label", "test"))
        writer.writerows(self._asked)
        with self._stack:
            write_output(self._job.out / IMAGES_NAME, text.getvalue().encode())
