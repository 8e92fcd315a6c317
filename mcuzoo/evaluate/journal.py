"""What an evaluation has found so far, kept in the cache until it ends: a line of JSON per image.

An evaluation that is typed again after a crash or Ctrl-C is the same when models, engines,
preprocessing and images are. The findings are in the order of the data set, so what is kept is how
far it got.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from mcuzoo import __version__
from mcuzoo.data.item import Item
from mcuzoo.errors import InputError, UsageError
from mcuzoo.evaluate.finding import Answer, Finding
from mcuzoo.evaluate.request import Plan
from mcuzoo.evaluate.subject import EMULATOR, Subject
from mcuzoo.run.lock import RunLock
from mcuzoo.untrusted import parse_json
from mcuzoo.zoo.places import cache_folder

FILE_NAME = "findings.jsonl"


class Journal:
    """Findings of one plan. `kept` are those of an earlier session, which took `seconds`."""

    def __init__(self, folder: Path, kept: tuple[Finding, ...], seconds: float) -> None:
        self.kept = kept
        self.seconds = seconds
        self._folder = folder
        self._file = (folder / FILE_NAME).open("a", encoding="utf-8")

    def add(self, finding: Finding, seconds: float) -> None:
        """Keep what the next image gave; `seconds` since the evaluation began, all sessions.

        Raises InputError when the disk says no.
        """
        try:
            self._file.write(json.dumps(_encoded(finding, seconds)) + "\n")
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"{self._folder} cannot be written: {error.strerror}.",
                "Make room; the same command with --resume goes on.",
            ) from error

    def close(self) -> None:
        self._file.close()

    def forget(self) -> None:
        """The evaluation has ended: nothing is to be resumed."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def journal_of(plan: Plan, resume: bool, talk: Callable[[str], None]) -> Iterator[Journal | None]:
    """The journal of `plan`; with `resume` it has what an earlier session found.

    None, with a word to `talk`, where the cache cannot be written or another process is at the same
    evaluation; with `resume` that raises UsageError.
    """
    folder = cache_folder().parent / "evaluations" / identity(plan)[:16]
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(RunLock(folder))
            journal = _opened(folder, plan, resume)
        except OSError as error:
            talk(f"an interruption would lose what was found: {folder}: {error.strerror}")
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
        stack.callback(journal.close)
        if resume and not journal.kept:
            talk("nothing to resume: starting with the first image")
        elif resume:
            talk(f"{len(journal.kept)} of {len(plan.data_set.items)} images are done already")
        yield journal


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
    """Without what was kept, unless `resume`; and without what a crash left half written."""
    path = folder / FILE_NAME
    kept: list[Finding] = []
    seconds = 0.0
    whole = 0
    if resume and path.is_file():
        for item, line in zip(plan.data_set.items, _lines(path), strict=False):
            try:
                finding, seconds = _decoded(item, parse_json(line))
            except (ValueError, KeyError, TypeError):
                break
            kept.append(finding)
            whole += len(line)
    with path.open("ab") as file:
        file.truncate(whole)
    return Journal(folder, tuple(kept), seconds)


def _lines(path: Path) -> Iterator[bytes]:
    """The whole ones."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _encoded(finding: Finding, seconds: float) -> dict[str, Any]:
    output = finding.output
    return {
        "index": finding.item.index,
        "sha256": finding.item.sha256,
        "error": finding.error,
        "first": finding.first and asdict(finding.first),
        "second": finding.second and asdict(finding.second),
        "distance": finding.distance,
        "output": None
        if output is None
        else [output.dtype.str, base64.b64encode(output.tobytes()).decode()],
        "seconds": seconds,
    }


def _decoded(item: Item, said: dict[str, Any]) -> tuple[Finding, float]:
    """Raises ValueError, KeyError or TypeError where `said` is no finding of `item`."""
    if said["index"] != item.index:
        raise ValueError(f"image {said['index']} in the place of {item.index}")
    first, second, output = said["first"], said["second"], said["output"]
    finding = Finding(
        item=item if said["sha256"] is None else replace(item, sha256=said["sha256"]),
        error=said["error"],
        first=None if first is None else Answer(**first),
        second=None if second is None else Answer(**second),
        distance=said["distance"],
        output=None
        if output is None
        else np.frombuffer(base64.b64decode(output[1]), np.dtype(output[0])),
    )
    return finding, float(said["seconds"])


def left(items: Sequence[Item], journal: Journal | None) -> Sequence[Item]:
    """The images that nothing is known of yet."""
    return items if journal is None else items[len(journal.kept) :]
