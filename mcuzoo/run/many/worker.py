"""The thread of one board: it gets its board, takes images, and gives the board up if need be."""

from __future__ import annotations

import threading
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from mcuzoo.engines.engine import Engine
from mcuzoo.errors import McuzooError, ProtocolError, RigError, WrongFirmwareError
from mcuzoo.link.channel import DeviceLog
from mcuzoo.link.hello import Hello
from mcuzoo.link.state import LinkState
from mcuzoo.run.connected_board import (
    BoardGoneError,
    ConnectedBoard,
    OpenSession,
    board_facts,
    check_firmware,
)
from mcuzoo.run.layer_finder import LayerFinder
from mcuzoo.run.many.source import BoardOfRun
from mcuzoo.run.many.stop import Stop, StoppablePorts, Stopped
from mcuzoo.run.many.work import Task, Work
from mcuzoo.run.record import BoardFacts, BoardRecord, OtherResult, Row, Status, WrongLayer
from mcuzoo.run.runner import LOST_IN_A_ROW, infer, row_of
from mcuzoo.run.sessions import Line, Watcher, sessions


class Report(Protocol):
    """Takes what a worker has to say, in the worker's thread. A record is the board as of then."""

    def met(self, record: BoardRecord, hello: Hello) -> None: ...
    def answered(self, row: Row, record: BoardRecord) -> None: ...
    def answered_too(self, other: OtherResult, record: BoardRecord) -> None: ...
    def wrong_layer(self, wrong: WrongLayer) -> None: ...
    def trouble(self, board: str, text: str) -> None: ...
    def log(self, board: str, line: DeviceLog) -> None: ...
    def note(self, board: str, text: str) -> None: ...
    def retired(self, record: BoardRecord) -> None: ...
    def ended(self, board: str, record: BoardRecord, error: BaseException | None) -> None: ...


class SameFirmware:
    """All boards of a kind in one run have the same firmware: the first that answers says which."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, BoardFacts]] = {}
        self._lock = threading.Lock()

    def check(self, name: str, facts: BoardFacts) -> None:
        """Raises WrongFirmwareError if it is another one."""
        with self._lock:
            first, known = self._known.setdefault(facts.board, (name, facts))
        for fact in ("build_id", "model_sha256", "runtime", "toolchain", "delegate"):
            then, now = getattr(known, fact), getattr(facts, fact)
            if then != now:
                raise WrongFirmwareError(
                    f"{first} has the {fact} {then}, {name} has {now}: a run needs the same "
                    "firmware on all its boards of a kind.",
                    "Flash the same build to both, then go on with --resume.",
                )


@dataclass(frozen=True)
class Shared:
    """What the workers of a run share. engine: the host's, to find a wrong layer. work: the images
    of the run. report: who is told of results. firmware: what all boards must run. layer_turn: held
    by the one board that looks for a wrong layer. project: what the boards run."""

    work: Work
    report: Report
    engine: Engine | None
    firmware: SameFirmware
    layer_turn: threading.Lock
    project: Path


@dataclass
class Worker:
    """A board of a run, and its thread.

    record: what is known of the board, also by earlier sessions of the run. error: why it was
    retired. serving: it is connected, and takes images. shared: with the other workers. stop: set
    when it shall take no more images. _lost_in_a_row: how often it was lost without an answer in
    between. _met: it has answered in this run.
    """

    board: BoardOfRun
    shared: Shared
    record: BoardRecord
    stop: Stop = field(default_factory=Stop)
    _thread: threading.Thread = field(init=False)
    error: McuzooError | None = None
    serving: bool = False
    _lost_in_a_row: int = 0
    _met: bool = False

    def __post_init__(self) -> None:
        # A daemon: what does not look at `stop` in time must not keep the program from its end.
        self._thread = threading.Thread(
            target=self._run, name=f"mcuzoo-{self.board.name}", daemon=True
        )

    @property
    def name(self) -> str:
        return self.board.name

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._work_on()
        except Stopped:
            pass
        except BaseException as other:
            error = other
        finally:
            with suppress(Exception):
                self.board.source.release()
            self.shared.report.ended(self.name, self.record, error)

    def _work_on(self) -> None:
        source = self.board.source
        try:
            line: Line | None = source.acquire(self.stop)
        except (RigError, ProtocolError) as error:
            self._retire(error, error.message)
            return
        open_session: OpenSession | None = None
        while line is not None:
            # The same sessions for the same port: they know the USB device under another name, too.
            if open_session is None or not self._met or line.port != self.record.port:
                open_session = self._sessions(line)
            self.record = replace(self.record, port=line.port)
            try:
                self._connected(open_session)
            except (RigError, ProtocolError) as error:
                line = self._lost(error)
            else:
                return

    def _sessions(self, line: Line) -> OpenSession:
        watcher = _BoardWatcher(self.name, self.shared.report)
        make_ports = partial(StoppablePorts, self.stop)
        return sessions(line, self.board.upload, watcher, make_ports=make_ports)

    def _connected(self, open_session: OpenSession) -> None:
        """Take images until there are none; raises RigError or ProtocolError: the board is lost."""
        report = self.shared.report
        with ConnectedBoard(
            open_session,
            self._check,
            lambda text: report.trouble(self.name, text),
            sleep=self.stop.sleep,
            state=self.record.link or LinkState(),
        ) as board:
            self.record = replace(self.record, facts=board_facts(board.hello))
            self._met = True
            report.met(self._snapshot(board), board.hello)
            finder = LayerFinder(
                board,
                self.shared.engine,
                report.wrong_layer,
                self.shared.layer_turn,
                self.shared.project,
            )
            self.serving = True
            try:
                while (task := self._next()) is not None:
                    self._one(board, task, finder)
                board.take_stock()
            finally:
                self.serving = False
                self._snapshot(board)

    def _next(self) -> Task | None:
        """The next image. Raises the reason why the board may not be used any more."""
        gone = self.board.source.gone()
        if gone is not None:
            raise gone
        return self.shared.work.take(self.name)

    def _check(self, hello: Hello) -> None:
        check_firmware(hello, self.board.manifest)
        self.shared.firmware.check(self.name, board_facts(hello))

    def _one(self, board: ConnectedBoard, task: Task, finder: LayerFinder) -> None:
        work, report = self.shared.work, self.shared.report
        begun = time.perf_counter()
        try:
            following = work.following(self.name)
            row, error = infer(self.board.manifest, board, task.ready, following)
        except (BoardGoneError, WrongFirmwareError) as gone:
            self._unanswered(board, task, gone, None)
            raise
        seconds = time.perf_counter() - begun
        row = replace(row, seconds=seconds, board=self.name)
        if error is not None:
            self._unanswered(board, task, error, row)
            self._lost_in_a_row += 1
            if self._lost_in_a_row >= LOST_IN_A_ROW:
                self._lost_in_a_row = 0
                raise error
            return
        self._lost_in_a_row = 0
        wrong = bool(row.reference_difference)
        if work.answered(self.name, task, seconds, wrong):
            report.answered(row, self._snapshot(board))
        else:
            assert row.output is not None
            crc32 = zlib.crc32(row.output.tobytes())
            other = OtherResult(row.index, self.name, crc32, row.reference_difference)
            report.answered_too(other, self._snapshot(board))
        if wrong:
            finder.find(task.ready)

    def _unanswered(
        self, board: ConnectedBoard, task: Task, error: McuzooError, row: Row | None
    ) -> None:
        """Back to the queue; or into the journal as lost, with `row`, when it was tried enough."""
        given_up = self.shared.work.failed(self.name, task, lost=row is None)
        if given_up:
            row = row or replace(
                row_of(task.ready.item), status=Status.LOST, error=error.message, board=self.name
            )
            self.shared.report.answered(row, self._snapshot(board))

    def _lost(self, error: McuzooError) -> Line | None:
        """Bring the board back, if that can be."""
        report = self.shared.report
        if isinstance(error, WrongFirmwareError):
            self._retire(error, error.message)
            return None
        report.trouble(self.name, f"lost: {error.message}")
        try:
            line = self.board.source.lost(error, self.stop)
        except (RigError, ProtocolError) as failed:
            self._retire(error, f"{error.message} Then: {failed.message}")
            return None
        if line is None:
            self._retire(error, error.message)
            return None
        self.record = replace(self.record, recoveries=self.record.recoveries + 1)
        report.note(self.name, "switched off and on, or brought back otherwise; trying it again")
        return line

    def _retire(self, error: McuzooError, reason: str) -> None:
        self.error = error
        self.record = replace(self.record, retired=reason)
        self.shared.work.retire(self.name)
        self.shared.report.retired(self.record)

    def _snapshot(self, board: ConnectedBoard) -> BoardRecord:
        # A copy: the session goes on changing its state.
        self.record = replace(
            self.record, link=replace(board.state), stack=board.stack or self.record.stack
        )
        return self.record


class _BoardWatcher(Watcher):
    """Hands on the events of one board's line, with its name."""

    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report

    def trouble(self, text: str) -> None:
        self._report.trouble(self._name, text)

    def log(self, line: DeviceLog) -> None:
        self._report.log(self._name, line)

    def uploading(self, arrived: int, total: int) -> None:
        if arrived == total:
            self._report.note(self._name, f"the model has arrived, {total:,} bytes")
