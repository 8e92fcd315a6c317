"""Run every image on the model, or on two, and count.

Results are kept in the cache until the end. After a crash or Ctrl-C the same command resumes the
evaluation if models, engines, preprocessing and images are the same.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo import __version__
from mcuzoo.data.images import DataSet, Item
from mcuzoo.errors import DataSetError, McuzooError, ProtocolError, RigError, UsageError
from mcuzoo.evaluate.engines import (
    EMULATOR,
    BoardEngine,
    LineFacts,
    Runs,
    Say,
    Subject,
    board_engine,
    emulated_project,
    host_engine,
)
from mcuzoo.evaluate.request import Plan
from mcuzoo.evaluate.result import BadImage, DataFacts, Evaluation, ModelFacts
from mcuzoo.evaluate.worker import Worker, Workers, open_workers, process_worker, rows_of, run_item
from mcuzoo.files import GrowingOutput, cannot_write
from mcuzoo.run.journal import JOURNAL_NAME, Journal, RunLock, create_rows, recorded
from mcuzoo.run.record import Row
from mcuzoo.run.runner import sigterm_interrupts
from mcuzoo.run.tally import Tally
from mcuzoo.zoo.find import cache_folder

_OLD_NAME = "findings.jsonl"
# A kill of the process loses nothing; a wait for the disk would take longer than an image.
_SYNC = "OFF"


class OutputFile:
    """int8 [N, outputs], float32 for a float model: the images that could be run, in order.

    Use as a context manager; without `finish` nothing is left. Raises InputError when it cannot
    be written.
    """

    def __init__(self, path: Path, images: int, subject: Subject) -> None:
        self._path = path
        self._dtype = np.dtype(np.float32 if subject.kind == "float32" else np.int8)
        self._outputs = subject.outputs
        self._rows = 0
        self._output = GrowingOutput(path)
        self._reserved = self._header(images)
        self._output.file.write(self._reserved)

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._output.__exit__()

    def add(self, output: NDArray[Any]) -> None:
        """Append one image's scores."""
        try:
            self._output.file.write(np.ascontiguousarray(output, dtype=self._dtype).tobytes())
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._rows += 1

    def finish(self) -> None:
        """Write how many there are and give the file its name."""
        header = self._header(self._rows)
        try:
            self._output.file.seek(0)
            self._output.file.write(header)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._output.publish()

    def _header(self, rows: int) -> bytes:
        """The .npy header. Its length does not depend on `rows`: numpy pads it."""
        from io import BytesIO

        header = BytesIO()
        np.lib.format.write_array_header_1_0(
            header,
            {
                "shape": (rows, self._outputs),
                "fortran_order": False,
                "descr": np.lib.format.dtype_to_descr(self._dtype),
            },
        )
        return header.getvalue()


@dataclass(frozen=True)
class SavedRows:
    """The journal of an evaluation; `rows` are those of an earlier session."""

    journal: Journal
    rows: tuple[Row, ...]
    folder: Path

    @property
    def seconds(self) -> float:
        """The seconds that these rows took."""
        return sum(row.seconds or 0.0 for row in self.rows)

    def forget(self) -> None:
        """Delete the saved rows, because the evaluation has ended."""
        self.journal.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def journal_of(plan: Plan, resume: bool, say: Callable[[str], None]) -> Iterator[SavedRows | None]:
    """The journal of `plan`; with `resume` it has what an earlier session found.

    Yields None, with a message to `say`, if the cache cannot be written or another process runs the
    same evaluation; with `resume` these raise UsageError.
    """
    folder = cache_folder().parent / "evaluations" / identity(plan)[:16]
    if resume and (folder / _OLD_NAME).exists():
        raise UsageError(
            "An older mcuzoo started this evaluation; this one cannot read its journal.",
            "The same command without --resume starts with the first image.",
        )
    with ExitStack() as stack:
        try:
            journal = stack.enter_context(_opened(folder, plan, resume))
        except (OSError, sqlite3.Error) as error:
            why = error.strerror if isinstance(error, OSError) else error
            say(f"an interruption would lose the results: {folder}: {why}")
            yield None
            return
        except UsageError:
            if resume:
                raise UsageError(
                    "Another mcuzoo process runs this evaluation.", "Wait for it, or end it."
                ) from None
            say("an interruption would lose the results: another process runs the same evaluation")
            yield None
            return
        kept = tuple(takewhile(lambda row: row.status.final, journal.rows)) if resume else ()
        if resume and not kept:
            say("nothing to resume: starting with the first image")
        elif resume:
            say(f"{len(kept)} of {len(plan.data_set.items)} images are done already")
        yield SavedRows(journal, kept, folder)


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
    steps = sorted(asdict(subject.preprocessing).items())
    return subject.model.sha256, subject.engine, where, steps


def _opened(folder: Path, plan: Plan, resume: bool) -> Journal:
    """Open the journal, empty without `resume`. Raises UsageError when another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (resume and (folder / JOURNAL_NAME).is_file()):
        with RunLock(folder):
            create_rows(folder, (), plan.data_set.items, _SYNC)
    return Journal(folder, _SYNC)


Boards = dict[int, BoardEngine]
"""The board of each subject that has one, by the subject's place."""

INTERRUPTED = 130
_CHUNK = 4
"""Images that a process gets at a time; a board gets one."""


def evaluate(
    plan: Plan,
    say: Say = lambda text: None,
    on_row: Callable[[Row], None] = lambda row: None,
    *,
    resume: bool = False,
    show: int | None = None,
) -> Evaluation:
    """Run the images of `plan`, by as many workers as it says, and give the figures.

    What each image gives is kept in the cache until the end; `resume` goes on from there. show: so
    many predictions are in the result; None: all of a few, else the worst misses.

    Images that cannot be read are counted and named in the result. `say` is told what takes
    long, `on_row` what each image gave. Raises DataSetError when no image can be used or the
    answers say that the labels are in another order, and what the engines raise: ModelError,
    MissingExtraError, ToolchainError, FitError, RigError, ProtocolError. Where images have been
    run by then, Ctrl-C, SIGTERM, RigError and ProtocolError become an EvaluationStoppedError that
    has their figures.
    """
    task, items = plan.task, plan.data_set.items
    tally, bad = Tally(task.first.classes, show), list[BadImage]()
    boards: Boards = {}
    with sigterm_interrupts(), ExitStack() as stack:
        writer = None
        if plan.outputs is not None:
            writer = stack.enter_context(OutputFile(plan.outputs, len(items), task.first))
        kept = stack.enter_context(journal_of(plan, resume, say))
        workers, chunk = stack.enter_context(_workers(plan, say, boards)), _chunk(task.subjects)

        def take(row: Row) -> None:
            if row.error is None:
                tally.add(row)
            else:
                bad.append(BadImage(row.index, row.file, row.error))
            if writer is not None and row.output is not None:
                writer.add(row.output)
            on_row(row)

        begun = time.perf_counter()
        try:
            rest: Sequence[Item] = items
            if kept is not None:
                begun -= kept.seconds
                rest = items[len(kept.rows) :]
                for row in kept.rows:
                    take(row)
            journal = None if kept is None else kept.journal
            with closing(rows_of(workers, rest, plan.jobs, chunk)) as found:
                for row in recorded(found, journal):
                    take(row)
                for place, board in boards.items():
                    if plan.task.subjects[place].engine != EMULATOR:
                        board.take_stock()
        except (KeyboardInterrupt, RigError, ProtocolError) as cause:
            if not tally.images:
                raise
            partial = _result(plan, tally, bad, time.perf_counter() - begun, boards)
            raise EvaluationStoppedError(partial, cause, kept is not None) from cause
        seconds = time.perf_counter() - begun
        if not tally.images:
            raise DataSetError(
                f"None of the images could be used. The first: {bad[0].error}",
                "Check what --data points to.",
            )
        if writer is not None:
            writer.finish()
        if kept is not None:
            kept.forget()
    tally.refuse_wrong_order(plan.class_names)
    return _result(plan, tally, bad, seconds, boards)


def _result(
    plan: Plan,
    tally: Tally,
    bad: Sequence[BadImage],
    seconds: float,
    boards: Boards,
) -> Evaluation:
    task = plan.task
    return Evaluation(
        tool_version=__version__,
        images=len(plan.data_set.items),
        model=_facts(plan, 0, boards),
        data=_data_facts(plan.data_set, tally.digest),
        preprocessing=task.first.preprocessing,
        n=tally.images,
        scores=tally.scores,
        per_class=tally.per_class(plan.class_names),
        confusion=tally.confusion,
        bad=tuple(bad),
        jobs=plan.jobs,
        seconds=seconds,
        class_names=plan.class_names,
        shown=tally.shown(plan.class_names),
        against=None if task.second is None else _facts(plan, 1, boards),
        comparison=None if task.second is None else tally.versus,
        recipe_source=plan.sources[0].recipe_source,
        label_mapping=plan.data_set.mapping,
        turned=tally.turned,
        clipped=tally.clipped,
        output=task.first.form.note,
        line=_line(plan, 0, boards),
        against_line=None if task.second is None else _line(plan, 1, boards),
        exposure=plan.exposure,
    )


class EvaluationStoppedError(McuzooError):
    """An evaluation ended before its last image; `partial` has the figures until then."""

    def __init__(self, partial: Evaluation, cause: BaseException, kept: bool) -> None:
        done = partial.n + len(partial.bad)
        why, hint, self.code = "Interrupted.", "The figures are of these alone.", INTERRUPTED
        if isinstance(cause, McuzooError):
            why, hint, self.code = cause.message, cause.hint, cause.exit_code
        if kept:
            hint += " They are kept: the same command with --resume goes on."
        super().__init__(f"{why} {done} of {partial.images} images were done.", hint)
        self.partial = partial


def engine_name(subject: Subject, board: str) -> str:
    """The engine's name in results: "emulator rt1170" for the emulated board."""
    return f"{EMULATOR} {board}" if subject.engine == EMULATOR else subject.engine


def _facts(plan: Plan, place: int, boards: Boards) -> ModelFacts:
    subject = plan.task.subjects[place]
    return ModelFacts(
        plan.sources[place].name,
        subject.model.sha256,
        subject.kind,
        engine_name(subject, plan.board),
        boards[place].board if place in boards else None,
        boards[place].delegate if place in boards else "",
    )


def _line(plan: Plan, place: int, boards: Boards) -> LineFacts | None:
    """Of the board at a port; of emulated boards there may be many, and none has a line."""
    emulated = plan.task.subjects[place].engine == EMULATOR
    return None if emulated or place not in boards else boards[place].line


def _data_facts(data_set: DataSet, digest: str) -> DataFacts:
    return DataFacts(
        source=str(data_set.source),
        format=data_set.format,
        split=data_set.split,
        name=data_set.name,
        digest=digest,
    )


def _chunk(subjects: Sequence[Subject]) -> int:
    return _CHUNK if all(subject.on_host for subject in subjects) else 1


@contextmanager
def _workers(plan: Plan, say: Say, boards: Boards) -> Iterator[Workers]:
    """The workers of `plan`; `boards` gets what each board says of itself, by subject."""
    subjects = plan.task.subjects
    with ExitStack() as stack:
        if all(subject.on_host for subject in subjects):
            engines = [host_engine(subject) for subject in subjects]

            def open_worker() -> AbstractContextManager[Worker]:
                alone = plan.jobs == 1
                return nullcontext(_worker(plan, engines)) if alone else process_worker(plan.task)

            yield stack.enter_context(open_workers(plan.jobs, open_worker))
            return
        ports = [
            stack.enter_context(emulated_project(source, plan.board, say))
            if subject.engine == EMULATOR
            else subject.engine
            for subject, source in zip(subjects, plan.sources, strict=True)
        ]
        yield stack.enter_context(
            open_workers(plan.jobs, lambda: _board_worker(plan, ports, say, boards))
        )


@contextmanager
def _board_worker(plan: Plan, ports: Sequence[str], say: Say, boards: Boards) -> Iterator[Worker]:
    with ExitStack() as stack:
        engines: list[Runs] = []
        for place, (subject, port) in enumerate(zip(plan.task.subjects, ports, strict=True)):
            if subject.on_host:
                engines.append(host_engine(subject))
                continue
            engine = stack.enter_context(board_engine(subject, port, plan.baud, plan.board, say))
            boards[place] = engine
            engines.append(engine)
        yield _worker(plan, engines)


def _worker(plan: Plan, engines: Sequence[Runs]) -> Worker:
    return lambda chunk: [run_item(plan.task, engines, item) for item in chunk]
