"""A run on several boards: starts a thread per board, writes the journal, ends with one verdict.

Threads: those that prepare images (feeders), one per board (worker.py), and the caller's, which
alone writes the journal and speaks to the observer. Queue: work.py.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from mcuzoo.data.images import Item
from mcuzoo.data.preprocess import input_of
from mcuzoo.errors import McuzooError, RigError
from mcuzoo.link.channel import DeviceLog
from mcuzoo.link.counts import agent_note
from mcuzoo.link.hello import Hello
from mcuzoo.run.feed import Unusable, prepare
from mcuzoo.run.job import Job
from mcuzoo.run.journal import begin_journal
from mcuzoo.run.layer_finder import one_turn
from mcuzoo.run.many.source import BoardOfRun
from mcuzoo.run.many.work import Work
from mcuzoo.run.many.worker import SameFirmware, Shared, Worker
from mcuzoo.run.record import BoardRecord, OtherResult, Row, RunMeta, WrongLayer
from mcuzoo.run.runner import (
    Begun,
    Observer,
    bad_row,
    new_meta,
    resumable,
    run_unfinished,
)
from mcuzoo.run.sessions import Watcher
from mcuzoo.run.summary import RunSummary

COMMON = 1
"""So many of the first images go to every board."""
COMMON_ALONE = 4
"""The same if nothing is compared with the host: then only boards can contradict each other."""

FEEDERS = min(2, os.cpu_count() or 1)
GRACE_S = 5.0
"""How long a run waits for results that are only to be compared, beyond what images take."""

_JOIN_S = 1.0
_POLL_S = 0.1


class SeveralObserver(Observer, Watcher, Protocol):
    """Takes the progress of a run on several boards, in the thread that runs it."""

    def note(self, text: str) -> None: ...


def run_on_boards(job: Job, boards: Sequence[BoardOfRun], observer: SeveralObserver) -> RunSummary:
    """Run the images of `job` that are not finished yet on all `boards` at once, and summarize.

    A board that is lost is brought back once, if its source can, or else retired; other boards take
    its images. Images that several boards could not answer are recorded as lost. A result is in the
    journal soon after it has come; what a kill loses is run again by --resume.

    Raises RigError or ProtocolError when no board is left, with the reason of each; else as
    run_images.
    """

    def work(items: Sequence[Item], begun: Begun | None) -> None:
        with _SeveralRun(job, boards, observer, items, begun) as run:
            run.work_off()

    return run_unfinished(job, work)


class _SeveralRun:
    """The threads of a run, and what they have reported. Workers report through a queue of calls,
    which `work_off` makes in its own thread."""

    def __init__(
        self,
        job: Job,
        boards: Sequence[BoardOfRun],
        observer: SeveralObserver,
        items: Sequence[Item],
        begun: Begun | None,
    ) -> None:
        self._job = job
        self._observer = observer
        self._items = items
        self._stack = ExitStack()
        self._journal = None if begun is None else begun.journal
        known = None if begun is None else begun.meta
        self._before_s = (known.elapsed_s if known else None) or 0.0
        self._begun: float | None = None
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._rows: list[Row] = []
        self._others: list[OtherResult] = []
        self._records: dict[str, BoardRecord] = {}
        self._error: BaseException | None = None
        self._deadline: float | None = None
        self._overdue: dict[str, str] = {}
        common = COMMON if job.settings.reference else COMMON_ALONE
        self._work = Work(
            [board.name for board in boards],
            2 * len(boards) + 2,
            {item.index for item in items[:common]},
        )
        shared = Shared(
            self._work,
            self,
            job.engine,
            _known_firmware(known),
            one_turn(known.wrong_layer if known else None),
            Path(job.settings.project),
        )
        records = {record.name: record for record in known.boards} if known else {}
        self._workers = [
            Worker(board, shared, _fresh(records.get(board.name), board)) for board in boards
        ]
        self._running = {worker.name for worker in self._workers}

    def __enter__(self) -> _SeveralRun:
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack:
            self._end()

    def work_off(self) -> None:
        """Run until every image has its result, or no board is left."""
        if self._journal is not None:
            self._journal.update_settings(self._job.settings)
        self._start_feeders()
        for worker in self._workers:
            worker.start()
        with _resumable_if(self._job, lambda: self._journal is not None):
            while self._running and self._error is None:
                self._step(_POLL_S)
                self._finish()
            self._step(0)
            if self._error is not None:
                raise self._error
            if not self._work.answered_all:
                raise self._none_left()

    def _start_feeders(self) -> None:
        items, lock = iter(self._items), threading.Lock()
        left = [FEEDERS]
        make = partial(
            prepare,
            input=input_of(self._job.manifest),
            engine=self._job.engine,
            compress=self._job.settings.compress,
        )

        def feed() -> None:
            try:
                for item in _shared(items, lock):
                    ready = make(item)
                    if isinstance(ready, Unusable):
                        self._post(partial(self._unusable, bad_row(ready)))
                    elif not self._work.add(ready):
                        return
                with lock:
                    left[0] -= 1
                    if left[0] == 0:
                        self._work.complete()
            except BaseException as error:
                self._post(partial(self._fail, error))

        for _ in range(FEEDERS):
            threading.Thread(target=feed, name="mcuzoo-feed", daemon=True).start()

    def _step(self, wait_s: float) -> None:
        """Make the calls that are waiting, then commit what they have brought."""
        try:
            if wait_s:
                self._calls.get(timeout=wait_s)()
            while True:
                self._calls.get_nowait()()
        except queue.Empty:
            pass
        self._commit()

    def _commit(self) -> None:
        if self._journal is None or not (self._rows or self._others or self._records):
            return
        # Taken off first: what a Ctrl-C interrupts is rolled back, and run again by --resume.
        rows, self._rows = self._rows, []
        others, self._others = self._others, []
        records, self._records = self._records, {}
        self._journal.record_all(rows, records.values(), others, self._elapsed_s())
        for row in rows:
            self._observer.image(row)

    def _elapsed_s(self) -> float:
        now = 0.0 if self._begun is None else time.monotonic() - self._begun
        return self._before_s + now

    def _finish(self) -> None:
        """When all images have a result, end the boards that are still at something else."""
        if not self._work.answered_all:
            return
        now = time.monotonic()
        self._deadline = self._deadline or now + GRACE_S + self._work.patience_s
        for worker in self._workers:
            # Without an image it is taking stock of its line, unless it is not even there.
            idle = worker.serving and not self._work.has_image(worker.name)
            busy = idle or self._work.comparing(worker.name)
            if worker.name in self._running and (not busy or now > self._deadline):
                self._note_overdue(worker)
                worker.stop.set()

    def _note_overdue(self, worker: Worker) -> None:
        waited_s = self._work.has_had_an_image_for(worker.name)
        if waited_s > self._work.patience_s and not worker.stop.is_set:
            self._overdue[worker.name] = (
                f"It had not answered for {waited_s:.0f} s when the run ended."
            )

    def _end(self) -> None:
        """Stop all threads, and keep what they have reported until now."""
        self._work.end()
        for worker in self._workers:
            worker.stop.set()
        deadline = time.monotonic() + _JOIN_S
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        for worker in self._workers:
            if worker.name in self._running and worker.name in self._overdue:
                self._records[worker.name] = self._last_record(worker.record)
        if self._journal is not None:  # else nothing was begun, and is not now
            self._step(0)

    def _last_record(self, record: BoardRecord) -> BoardRecord:
        return replace(record, retired=record.retired or self._overdue.get(record.name))

    def _none_left(self) -> McuzooError:
        errors = [worker.error for worker in self._workers if worker.error is not None]
        if len(errors) == len(self._workers) == 1:
            return errors[0]
        kinds = {type(error) for error in errors}
        kind = kinds.pop() if len(kinds) == 1 else RigError
        reasons = [f"{one.name}: {one.record.retired or 'it ended'}" for one in self._workers]
        hint = errors[0].hint if errors else "mcuzoo ports shows each port."
        return kind(f"No board is left. {' '.join(reasons)}", hint)

    # What the workers report, in their threads.

    def _post(self, call: Callable[[], None]) -> None:
        self._calls.put(call)

    def met(self, record: BoardRecord, hello: Hello) -> None:
        self._post(partial(self._met, record, hello, time.monotonic()))

    def answered(self, row: Row, record: BoardRecord) -> None:
        self._post(partial(self._answered, row, record))

    def answered_too(self, other: OtherResult, record: BoardRecord) -> None:
        self._post(partial(self._answered_too, other, record))

    def wrong_layer(self, wrong: WrongLayer) -> None:
        self._post(partial(self._wrong_layer, wrong))

    def trouble(self, board: str, text: str) -> None:
        self._post(partial(self._observer.trouble, f"{board}: {text}"))

    def log(self, board: str, line: DeviceLog) -> None:
        self._post(partial(self._observer.log, replace(line, text=f"{board}: {line.text}")))

    def note(self, board: str, text: str) -> None:
        self._post(partial(self._observer.note, f"{board}: {text}"))

    def retired(self, record: BoardRecord) -> None:
        self._post(partial(self._retired, record))

    def ended(self, board: str, record: BoardRecord, error: BaseException | None) -> None:
        self._post(partial(self._ended, board, record, error))

    # The same in the thread of the run.

    def _met(self, record: BoardRecord, hello: Hello, now: float) -> None:
        if self._journal is None:
            job = self._job
            journal = begin_journal(job.out, new_meta(job, hello), job.data_set.items)
            self._journal = self._stack.enter_context(journal)
        if self._begun is None:
            self._begun = now
            total = len(self._job.data_set.items)
            self._observer.started(hello, total, total - len(self._items))
        self._records[record.name] = record
        kind = f"{hello.board}{agent_note(hello.agent)}, build {hello.build_id[:8]}"
        self._observer.note(f"{record.name}: {kind}")

    def _answered(self, row: Row, record: BoardRecord) -> None:
        self._rows.append(row)
        self._records[record.name] = record

    def _answered_too(self, other: OtherResult, record: BoardRecord) -> None:
        self._others.append(other)
        self._records[record.name] = record

    def _unusable(self, row: Row) -> None:
        self._rows.append(row)

    def _wrong_layer(self, wrong: WrongLayer) -> None:
        assert self._journal is not None
        self._journal.record_wrong_layer(wrong)

    def _retired(self, record: BoardRecord) -> None:
        self._records[record.name] = record
        self._observer.note(f"{record.name}: retired: {record.retired}")

    def _ended(self, board: str, record: BoardRecord, error: BaseException | None) -> None:
        self._running.discard(board)
        self._records[board] = self._last_record(record)
        if error is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error


@contextmanager
def _resumable_if(job: Job, begun: Callable[[], bool]) -> Iterator[None]:
    """As `resumable`, if the run has `begun`."""
    try:
        yield
    except (KeyboardInterrupt, McuzooError):
        if not begun():
            raise
        with resumable(job):
            raise


def _shared(items: Iterator[Item], lock: threading.Lock) -> Iterator[Item]:
    """The next item each time, for several threads that share `items`."""
    while True:
        with lock:
            item = next(items, None)
        if item is None:
            return
        yield item


def _fresh(record: BoardRecord | None, board: BoardOfRun) -> BoardRecord:
    """The record of a board that takes part (again)."""
    return BoardRecord(board.name, "") if record is None else replace(record, retired=None)


def _known_firmware(known: RunMeta | None) -> SameFirmware:
    firmware = SameFirmware()
    if known is not None:
        firmware.check("the run before", known.board)
        for record in known.boards:
            if record.facts is not None:
                firmware.check(record.name, record.facts)
    return firmware
