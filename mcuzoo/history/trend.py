"""Runs over time, by model and board, from their journals alone: what they found, what it cost, and
what of it changed when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from os import PathLike
from pathlib import Path

from mcuzoo.errors import InputError, UsageError, did_you_mean
from mcuzoo.history.changes import Compared, compare_metas, differing
from mcuzoo.history.figures import RunFigures, read_figures
from mcuzoo.history.folders import run_folders
from mcuzoo.history.options import HistoryOptions
from mcuzoo.options import typed_words
from mcuzoo.quoting import printable
from mcuzoo.run.verdict import Broke

_NAMED = 8
"""So many models, and boards, are named in a hint."""


@dataclass(frozen=True)
class Point:
    """A run in its series. changed: what differs from the run before it; of the first one nothing
    is known."""

    run: RunFigures
    changed: tuple[Compared, ...] = ()


@dataclass(frozen=True)
class Series:
    """The runs of one model on one kind of board (agent: "silicon", "emulator", ...) by one
    arithmetic (delegate: "": the host's), the oldest first; there is at least one."""

    model: str
    board: str
    agent: str
    delegate: str
    points: tuple[Point, ...]

    @property
    def newest(self) -> RunFigures:
        return self.points[-1].run

    @property
    def finished(self) -> tuple[RunFigures, ...]:
        """The runs that tried all of their images."""
        return tuple(point.run for point in self.points if point.run.finished)

    @property
    def broken_since(self) -> tuple[Broke, Point, RunFigures | None] | None:
        """If the newest finished run did not pass: what broke, the first run of those in a row that
        broke the same, and the one before it, None if there is none. None if it passed."""
        points = [point for point in self.points if point.run.finished]
        if not points or (broke := points[-1].run.verdict.broke) is None:
            return None
        at = len(points) - 1
        while at and points[at - 1].run.verdict.broke is broke:
            at -= 1
        return broke, points[at], points[at - 1].run if at else None


@dataclass(frozen=True)
class Unusable:
    """A folder whose journal cannot be used, and why.

    reason: a sentence.
    """

    folder: Path
    reason: str


@dataclass(frozen=True)
class History:
    """series: those that fail now first, then by their newest run. unusable: damaged journals."""

    series: tuple[Series, ...]
    unusable: tuple[Unusable, ...]

    @property
    def runs(self) -> int:
        return sum(len(one.points) for one in self.series)


def history(
    runs: Sequence[str | PathLike[str]], options: HistoryOptions = HistoryOptions()
) -> History:
    """All runs in the folders `runs`, or below, over time.

    A damaged journal is listed, not raised. Raises InputError where there is no run at all,
    UsageError for a day that is none, and where no run is of the model and the board.
    """
    since = _day(options.since)
    kinds: set[tuple[str, str]] = set()
    found: dict[tuple[str, str, str, str], list[RunFigures]] = defaultdict(list)
    unusable = []
    for folder in run_folders(runs):
        try:
            run = read_figures(folder)
        except InputError as error:
            unusable.append(Unusable(folder, error.message))
            continue
        board = run.meta.board
        kinds.add((run.meta.model, board.board))
        if _is_of(options, run.meta.model, board.board) and (
            since is None or run.started.date() >= since
        ):
            delegate = ", ".join(run.meta.delegates)
            found[run.meta.model, board.board, board.kind, delegate].append(run)
    if kinds and not any(_is_of(options, *kind) for kind in kinds):
        raise _no_such_run(options, kinds)
    series = [Series(*key, _points(of_key)) for key, of_key in found.items()]
    series.sort(
        key=lambda one: (
            one.broken_since is None,
            -one.newest.started.timestamp(),
            (one.model, one.board, one.agent, one.delegate),
        )
    )
    return History(tuple(series), tuple(unusable))


def _is_of(options: HistoryOptions, model: str, board: str) -> bool:
    return options.model in (None, model) and options.board in (None, board)


def _no_such_run(options: HistoryOptions, kinds: Collection[tuple[str, str]]) -> UsageError:
    models, boards = ({*names} for names in zip(*kinds, strict=True))
    chosen = " ".join(" ".join(words) for words in typed_words(options, without=("since",)))
    guess = ""
    for name, known in ((options.model, models), (options.board, boards)):
        if name is not None and name not in known:
            guess += did_you_mean(name, sorted(known))
    there = f"Models: {_few(models)}; boards: {_few(boards)}."
    return UsageError(f"{chosen}: there is no such run.", f"{guess}{there}")


def _few(names: Collection[str]) -> str:
    """Some names for a hint."""
    shown = sorted(names)[:_NAMED]
    return ", ".join((*map(printable, shown), *(["..."] if len(names) > _NAMED else [])))


def _points(runs: Sequence[RunFigures]) -> tuple[Point, ...]:
    ordered = sorted(runs, key=lambda run: (run.started, str(run.folder)))
    found = [Point(ordered[0])]
    for before, run in pairwise(ordered):
        found.append(Point(run, differing(compare_metas(before.meta, run.meta))))
    return tuple(found)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text} is no day.", "Write it as 2026-11-29.") from None
