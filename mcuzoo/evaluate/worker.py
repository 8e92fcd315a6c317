"""A process that evaluates: `python -m mcuzoo.evaluate.worker`, pickles in and out by its pipes.

Not multiprocessing, which runs the caller's main module again in every child.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from mcuzoo.data.item import Item
from mcuzoo.errors import McuzooError
from mcuzoo.evaluate.crew import Hand
from mcuzoo.evaluate.finding import Task, find
from mcuzoo.evaluate.subject import host_engine
from mcuzoo.run.record import Row

_TAIL_BYTES = 2000


class WorkerDiedError(McuzooError):
    """A worker process ended by itself: out of memory, or a crash in an engine."""


@contextmanager
def worker(task: Task) -> Iterator[Hand]:
    """A process with engines of its own, ready when the block begins.

    Raises what setting up the engines raises there, and WorkerDiedError.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "mcuzoo.evaluate.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            # Ctrl-C is this process's to handle; a worker ends when its pipe does.
            start_new_session=True,
        )
        assert process.stdin is not None and process.stdout is not None

        def ask(question: object) -> Any:
            assert process.stdin is not None and process.stdout is not None
            try:
                pickle.dump(question, process.stdin)
                process.stdin.flush()
                answer = pickle.load(process.stdout)
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                raise _died(process, said) from error
            if isinstance(answer, BaseException):
                raise answer
            return answer

        def hand(chunk: Sequence[Item]) -> list[Row]:
            found: list[Row] = ask(chunk)
            return found

        try:
            ask(task)
            yield hand
        finally:
            process.terminate()
            process.stdin.close()
            process.stdout.close()
            process.wait()


def _died(process: subprocess.Popen[bytes], said: IO[bytes]) -> WorkerDiedError:
    code = process.wait()
    said.seek(max(0, said.seek(0, os.SEEK_END) - _TAIL_BYTES))
    words = said.read().decode(errors="replace").strip().splitlines()
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
                answer = [find(task, engines, item) for item in question]
        except Exception as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
