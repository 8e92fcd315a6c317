"""Workers that run images at the same time, as threads or as processes. A process is
`python -m mcuzoo.evaluate.worker`; it reads and writes pickles on its pipes.

multiprocessing would run the caller's main module again in every child.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import Item
from mcuzoo.data.output_form import Cell
from mcuzoo.errors import McuzooError, ModelError
from mcuzoo.evaluate.engines import Runs, Subject, host_engine
from mcuzoo.processes import apart
from mcuzoo.run.feed import Prepared, Unusable, in_order, prepare
from mcuzoo.run.record import Row, Status
from mcuzoo.run.score import Answer, answer, difference


@dataclass(frozen=True)
class Task:
    """What to run each image on: one subject or two. keep_outputs: in the row. Picklable."""

    first: Subject
    second: Subject | None = None
    keep_outputs: bool = False

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def comparable(self) -> bool:
        """Whether the two outputs have the same scale: both subjects run the same model."""
        return self.second is not None and self.first.model.sha256 == self.second.model.sha256


def run_item(task: Task, engines: Sequence[Runs], item: Item) -> Row:
    """Run one image. Raises ModelError when an engine gives scores that are no numbers."""
    first = _prepared(task.first, item)
    if isinstance(first, Unusable):
        return _bad(item, first.reason)
    output = _scores(task.first, engines[0], first)
    found = _answer(task.first, output, item)
    row = Row(
        item.index,
        item.file,
        item.label,
        first.sha256,
        Status.DONE,
        output=output if task.keep_outputs else None,
        top1=found.top1,
        score=found.score,
        cells=_cells(task.first, output),
        rank=found.rank,
        turned=first.turned,
        clipped=first.clipped,
    )
    if task.second is None:
        return row
    same = task.first.pictures.essence == task.second.pictures.essence
    second = first if same else _prepared(task.second, item)
    if isinstance(second, Unusable):
        return _bad(item, second.reason)
    other = _scores(task.second, engines[1], second)
    comparable = task.comparable and output.dtype == other.dtype == np.int8
    return replace(
        row,
        second=_answer(task.second, other, item),
        reference_difference=difference(output, other) if comparable else None,
    )


def _bad(item: Item, reason: str) -> Row:
    return Row(item.index, item.file, item.label, item.sha256, Status.BAD_IMAGE, error=reason)


def _prepared(subject: Subject, item: Item) -> Prepared | Unusable:
    return prepare(item, subject.pictures, None)


def _scores(subject: Subject, engine: Runs, prepared: Prepared) -> NDArray[Any]:
    output = engine.run(prepared.tensor).reshape(-1)
    if output.dtype.kind == "f" and not np.isfinite(output).all():
        raise ModelError(
            f"{subject.model.name} on {subject.engine} gives scores that are no numbers for "
            f"{prepared.item.file}.",
            "Convert or quantize the model again.",
        )
    return output


def _cells(subject: Subject, output: NDArray[Any]) -> tuple[Cell, ...]:
    return tuple(subject.form.cells(output, subject.output_scale, subject.output_zero_point))


def _answer(subject: Subject, output: NDArray[Any], item: Item) -> Answer:
    ends = subject.output_scale, subject.output_zero_point
    return answer(output, item.label, *ends, subject.form)


Worker = Callable[[Sequence[Item]], list[Row]]
OpenWorker = Callable[[], AbstractContextManager[Worker]]
Workers = Callable[[Sequence[Item]], Future[list[Row]]]

_AHEAD = 2


@contextmanager
def open_workers(count: int, open_worker: OpenWorker) -> Iterator[Workers]:
    """Open `count` workers at the same time; all are ready when the block begins.

    If opening one raises an error, the others are closed and the error is raised.
    """
    with ExitStack() as stack:
        opening: list[tuple[AbstractContextManager[Worker], Future[Worker]]] = []
        stack.callback(_close, opening)
        with ThreadPoolExecutor(count) as openers:
            for _ in range(count):
                context = open_worker()
                opening.append((context, openers.submit(context.__enter__)))
        idle: SimpleQueue[Worker] = SimpleQueue()
        for _, opened in opening:
            idle.put(opened.result())
        pool = stack.enter_context(ThreadPoolExecutor(count, "mcuzoo-evaluate"))

        def work(chunk: Sequence[Item]) -> list[Row]:
            worker = idle.get()
            try:
                return worker(chunk)
            finally:
                idle.put(worker)

        try:
            yield lambda chunk: pool.submit(work, chunk)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _close(opening: Sequence[tuple[AbstractContextManager[Worker], Future[Worker]]]) -> None:
    """Close those that were opened; an interruption may come while the others still open."""
    with ExitStack() as stack:
        for context, opened in opening:
            if not opened.cancel() and opened.exception() is None:
                stack.push(context.__exit__)


def rows_of(
    workers: Workers, items: Sequence[Item], count: int, chunk: int
) -> Generator[Row, None, None]:
    """Yield the row of each item, in order. A worker gets `chunk` items at a time."""
    chunks = (items[at : at + chunk] for at in range(0, len(items), chunk))
    for rows in in_order(workers, chunks, _AHEAD * count):
        yield from rows


_TAIL_BYTES = 2000


class WorkerDiedError(McuzooError):
    """A worker process ended by itself: out of memory, or a crash in an engine."""


@contextmanager
def process_worker(task: Task) -> Iterator[Worker]:
    """A process with engines of its own, ready when the block begins.

    Raises WorkerDiedError, and the errors of setting up the engines.
    """
    with tempfile.TemporaryFile() as error_output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mcuzoo.evaluate.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=error_output,
            # This process handles Ctrl-C; a worker ends when its pipe ends.
            **apart(),
        )
        assert process.stdin is not None and process.stdout is not None

        def ask(question: object) -> Any:
            assert process.stdin is not None and process.stdout is not None
            try:
                pickle.dump(question, process.stdin)
                process.stdin.flush()
                answer = pickle.load(process.stdout)
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                raise _died(process, error_output) from error
            if isinstance(answer, BaseException):
                raise answer
            return answer

        def worker(chunk: Sequence[Item]) -> list[Row]:
            found: list[Row] = ask(chunk)
            return found

        try:
            ask(task)
            yield worker
        finally:
            process.terminate()
            process.stdin.close()
            process.stdout.close()
            process.wait()


def _died(process: subprocess.Popen[bytes], error_output: IO[bytes]) -> WorkerDiedError:
    code = process.wait()
    error_output.seek(max(0, error_output.seek(0, os.SEEK_END) - _TAIL_BYTES))
    words = error_output.read().decode(errors="replace").strip().splitlines()
    return WorkerDiedError(
        f"A worker process ended with {code}" + (f": {words[-1]}" if words else "."),
        "--jobs 1 works in this process and shows more.",
    )


def main() -> None:
    """Answer a task once and chunks of items until there are no more."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # engines that print would break the pickles
    task: Task | None = None
    engines: list[Any] = []
    while True:
        try:
            question = pickle.load(questions)
        except EOFError:
            return
        answer: object = None
        try:
            if task is None:
                task = question
                engines = [host_engine(subject) for subject in question.subjects]
            else:
                answer = [run_item(task, engines, item) for item in question]
        except Exception as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
