"""A worker's bench: the project, the board that it has leased, the runs that its tests make."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mcuzoo.config.parameters import parameters_of
from mcuzoo.data.images import DataSet
from mcuzoo.errors import (
    BoardSilentError,
    FirmwareError,
    InterruptedRunError,
    McuzooError,
    ProtocolError,
    RigError,
    UsageError,
    did_you_mean,
)
from mcuzoo.flash.flash import flash
from mcuzoo.flash.options import FlashOptions
from mcuzoo.pytest_plugin.journal import IMAGES_NAME, TestsJournal
from mcuzoo.pytest_plugin.leased import LeasedBoard
from mcuzoo.pytest_plugin.named import Named
from mcuzoo.pytest_plugin.options import ALWAYS, NEVER
from mcuzoo.pytest_plugin.pool import (
    Candidate,
    Lease,
    is_busy,
    is_loss,
)
from mcuzoo.pytest_plugin.shared import Done, Retired
from mcuzoo.run.job import Job, new_run_folder
from mcuzoo.run.many.stop import Stop
from mcuzoo.run.options import RunOptions
from mcuzoo.run.record import BoardRecord
from mcuzoo.run.run import run
from mcuzoo.run.runner import RunInterruptedError
from mcuzoo.run.sessions import Line
from mcuzoo.run.summary import RunSummary

_PLACES = {"port", "rig", "filter", "labgrid", "boards", "lg_wait", "lg_env", "lg_state"}
_NO_PLACE: dict[str, Any] = {
    one.name: one.default for one in fields(RunOptions) if one.name in _PLACES
}
_FIELDS = [one.name for one in fields(RunOptions) if one.name not in _PLACES]
"""What run_images takes."""
_PATHS = {one.name for one in parameters_of(RunOptions) if one.kind is Path}


@dataclass(frozen=True)
class RunOfTest:
    """A run that a test made. summary: None if an error ended it."""

    folder: Path
    summary: RunSummary | None = None


@dataclass
class _Held:
    """The board that this worker has."""

    lease: Lease
    board: LeasedBoard


class Bench:
    """What one worker has. Nothing is opened before a test asks for it; `close` at the end.

    worker: its name, "" if it is the only one.
    """

    def __init__(self, named: Named, worker: str) -> None:
        self.named = named
        self.chosen = named.chosen
        self.shared = named.shared
        self.runs: list[RunOfTest] = []
        self._worker = worker
        self._held: _Held | None = None
        self._in_use = False
        self._records: dict[str, BoardRecord] = {}
        self._lines: dict[str, Line] = {}
        self._tests: Counter[str] = Counter()
        self._folders: list[Path] = []

    @property
    def board(self) -> LeasedBoard | None:
        """The board of the test that runs now; None if it has none."""
        return self._held.board if self._held is not None and self._in_use else None

    def take(self, test: str) -> LeasedBoard:
        """A board that is this worker's, met and, if that was asked for, flashed.

        One that does not answer is retired, and the next one is tried. Raises RigError when none is
        left or free in time, and what flashing raises about a project.
        """
        if self._held is None:
            self._held = self._leased(test)
        self._in_use = True
        self._held.board.begin(test)
        self._tests[self._held.board.name] += 1
        return self._held.board

    def give_back(self, test: str) -> None:
        """The end of a test: a board that it has lost is brought back or retired; others go back if
        another worker may be waiting."""
        self.runs.clear()
        self._in_use = False
        held = self._held
        if held is None:
            return
        if held.board.lost is not None:
            self._held = None
            self._lost(held, held.board.lost, test)
        elif self.named.boards.contended:
            self._held = None
            self._release(held)

    def run_images(self, board: LeasedBoard, test: str, given: dict[str, Any]) -> RunSummary:
        """`mcuzoo.run` on a board of this worker, with a run folder of its own. given: fields of
        RunOptions, in which paths may be texts."""
        wrong = _PLACES & given.keys()
        if wrong:
            raise UsageError(
                f"run_images runs on the board of the test, not on another {sorted(wrong)[0]}.",
                "Say which boards there are by pytest's options.",
            )
        unknown = [name for name in given if name not in _FIELDS]
        if unknown:
            raise UsageError(
                f"run_images: there is no field {unknown[0]!r} in RunOptions.",
                f"{did_you_mean(unknown[0], _FIELDS)}Fields: {', '.join(_FIELDS)}.",
            )
        given = {
            name: Path(value) if name in _PATHS and value is not None else value
            for name, value in given.items()
        }
        if given.get("resume") is None:
            configured = self.chosen.configured or RunOptions()
            options = self._place(board, replace(configured, **_NO_PLACE))
            options = replace(options, project=board.candidate.project)
            given = {"out": self._new_folder(_short(test)), **given}
        else:  # it keeps what it began with
            options = self._place(board, RunOptions())
        options = replace(options, **given)
        folder = Path(options.resume or options.out or "")
        self._folders.append(folder)
        board.disconnect()
        try:
            found = run(None, options, board.messages.append)
        except RunInterruptedError as error:
            raise KeyboardInterrupt(f"{error.message} {error.hint}") from None
        except McuzooError as error:
            self.runs.append(RunOfTest(folder))
            if is_loss(error) and not isinstance(error, FirmwareError):
                board.lose(error)
            raise
        self.runs.append(RunOfTest(found.folder, found.summary))
        return found.summary

    def close(self) -> None:
        """Give the board back, close the journal, and leave word of both."""
        try:
            held, self._held = self._held, None
            if held is not None:
                self._release(held)
        finally:
            folder = self.asked_folder
            if folder is not None:
                self.journal.close()
                self._folders.append(folder)
            kept = tuple(str(one) for one in dict.fromkeys(self._folders))
            self.shared.leave(self._worker, Done(kept, dict(self._tests)))

    @property
    def asked_folder(self) -> Path | None:
        """The folder of the journal; None while there is nothing in it."""
        return self.journal.folder if "journal" in self.__dict__ else None

    @cached_property
    def journal(self) -> TestsJournal:
        """The journal of what tests ask."""
        subject, firmware = self.named.subject, self.named.firmware
        out = self._new_folder("tests")
        source = out.resolve() / IMAGES_NAME
        return TestsJournal(
            Job(
                manifest=subject.manifest,
                classes=firmware.classes,
                data_set=DataSet(source, (), format="manifest"),
                engine=firmware.engine,
                settings=replace(
                    self.named.settings,
                    reference=firmware.engine is not None,
                    data_set=str(source),
                ),
                out=out,
                resume=False,
                upload=subject.upload,
            )
        )

    def _leased(self, test: str) -> _Held:
        deadline = time.monotonic() + self.chosen.wait_s
        first: McuzooError | None = None
        while True:
            try:
                lease = self.named.boards.lease(deadline)
            except (RigError, ProtocolError):
                if first is not None and self.named.boards.alone:
                    raise first from None
                raise
            try:
                return _Held(lease, self._met(lease, test))
            except BaseException as error:
                if not is_loss(error):
                    lease.release()
                    raise
                assert isinstance(error, McuzooError)
                if is_busy(error):
                    self.named.boards.busy(lease.candidate.name)
                else:
                    first = first or error
                    name = lease.candidate.name
                    record = self._records.get(name) or BoardRecord(name, lease.candidate.port)
                    self.journal.keep(replace(record, retired=error.message))
                    self._retire(lease.candidate, error, error.message, test)
                lease.release()

    def _met(self, lease: Lease, test: str) -> LeasedBoard:
        """The board of `lease`, connected, and flashed if that is wanted."""
        candidate = lease.candidate
        name = candidate.name
        line = self._lines.get(name) or candidate.board.source.acquire(Stop())
        when = self.chosen.flash
        may = candidate.probe is not None or self.chosen.via != "auto"
        may = may and when != NEVER and not self.shared.was_flashed(name)

        def connected() -> LeasedBoard:
            record = self._records.get(name) or BoardRecord(name, line.port)
            return LeasedBoard(candidate, line, self.named.firmware, self.journal, record, test)

        if may and when == ALWAYS:
            self._flash(candidate, line)
            return connected()
        try:
            return connected()
        except (BoardSilentError, ProtocolError):
            if not may:
                raise
        self._flash(candidate, line)
        return connected()

    def _flash(self, candidate: Candidate, line: Line) -> None:
        chosen = self.chosen
        self.named.messages.append(f"{candidate.name}: flashing {candidate.project}")
        options = FlashOptions(
            via=chosen.via,
            command=chosen.flash_command,
            probe=candidate.probe,
            port=line.port,
            baud=chosen.baud or candidate.baud,
        )
        try:
            done = flash(candidate.project, options, self.named.messages.append)
        except InterruptedRunError as error:
            raise KeyboardInterrupt(f"{error.message} {error.hint}") from None
        self.shared.flashed(candidate.name, done.build_id)

    def _lost(self, held: _Held, error: McuzooError, test: str) -> None:
        """Bring the board back, by its switch or as its farm does it; else retire it."""
        board, candidate = held.board, held.lease.candidate
        reason, line = error.message, None
        try:
            if isinstance(error, RigError):
                line = candidate.board.source.lost(error, Stop())
        except (RigError, ProtocolError) as failed:
            reason = f"{reason} Then: {failed.message}"
        finally:
            if line is None:
                board.retire(reason)
                self._retire(candidate, error, reason, test)
            else:
                self._lines[candidate.name] = line
                board.recovered()
            self._release(held)

    def _retire(self, candidate: Candidate, error: McuzooError, reason: str, test: str) -> None:
        kind = type(error).__name__
        self.shared.retire(Retired(candidate.name, candidate.port, reason, test, kind, error.hint))

    def _release(self, held: _Held) -> None:
        board = held.board
        try:
            board.disconnect()
            board.keep()
            self._records[board.name] = board.record
        finally:
            held.lease.release()

    def _place(self, board: LeasedBoard, options: RunOptions) -> RunOptions:
        """`options` with where a run finds `board`, as `mcuzoo run-serial --resume` will, too."""
        candidate = board.candidate
        common = replace(options, upload=self.chosen.upload, baud=self.chosen.baud)
        if candidate.rig is not None:
            return replace(common, rig=candidate.rig, filter=(f"name={candidate.name}",))
        baud = None if board.line.max_baud else board.line.baud
        return replace(common, port=board.port, baud=baud, wait_port=board.line.wait_port)

    def _new_folder(self, what: str) -> Path:
        worker = f"-{self._worker}" if self._worker else ""
        return new_run_folder(f"{what}{worker}", self.chosen.runs, self._folders)


def _short(test: str) -> str:
    """The name of a test as part of a folder's."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", test.rpartition("::")[2])[:40].strip("-")
