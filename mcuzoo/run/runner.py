"""The run itself: send all images to the board, and keep the outputs in the journal.

The first image with a wrong output is profiled, to name the wrong layer.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from types import FrameType
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo import __version__
from mcuzoo.data.images import Item
from mcuzoo.data.preprocess import input_of
from mcuzoo.errors import (
    DataSetError,
    FirmwareError,
    McuzooError,
    ProtocolError,
    RigError,
    UsageError,
    WrongFirmwareError,
    command,
)
from mcuzoo.link.codes import Feature
from mcuzoo.link.hello import Hello
from mcuzoo.link.state import LinkState
from mcuzoo.project.manifest import Manifest
from mcuzoo.run.board_cpu import ask_cpu, cpu_is_left, select_delegate
from mcuzoo.run.connected_board import (
    BoardGoneError,
    ConnectedBoard,
    OpenSession,
    board_facts,
    check_firmware,
)
from mcuzoo.run.feed import Prepared, Unusable, prepare, prepared_ahead, with_next
from mcuzoo.run.job import Job
from mcuzoo.run.journal import Journal, begin_journal, read_run, recorded
from mcuzoo.run.layer_finder import LayerFinder, one_turn
from mcuzoo.run.record import InputFacts, Row, RunMeta, Status
from mcuzoo.run.score import answer_at, difference
from mcuzoo.run.summary import RunSummary, summarize


class RunInterruptedError(McuzooError):
    """The user (or the system) stopped the run; what was finished is kept."""

    exit_code: ClassVar[int] = 130


_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Within the block SIGTERM raises KeyboardInterrupt, and so does SIGHUP, of a terminal that was
    closed, unless it is ignored, as by nohup. Does nothing outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {
        number: signal.signal(number, _interrupt)
        for number in _ENDINGS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


LOST_IN_A_ROW = 3
BOARD_LOST = (BoardGoneError, WrongFirmwareError)
"""Errors after which a board is asked nothing more."""


class Observer(Protocol):
    """Takes the progress of a run, in the thread that runs it."""

    def started(self, hello: Hello, total: int, finished: int) -> None: ...

    def image(self, row: Row) -> None: ...

    def trouble(self, text: str) -> None: ...

    def note(self, text: str) -> None: ...


def run_images(job: Job, open_session: OpenSession, observer: Observer) -> RunSummary:
    """Run the images of `job` that are not finished yet and summarize the whole run.

    Every finished image is in the journal of `job.out` before the next one starts. Images that the
    board does not answer, even after its port was opened again, are recorded as lost; after
    LOST_IN_A_ROW the run stops with the board's error.

    Raises RunInterruptedError on Ctrl-C or SIGTERM; DataSetError when no image can be decoded;
    RigError, ProtocolError (WrongFirmwareError for a board of another project), UsageError or
    InputError, as the board, the run folder or the disk give cause.
    """

    def work(items: Sequence[Item], begun: Begun | None) -> None:
        with ExitStack() as stack:
            check = partial(check_firmware, manifest=job.manifest)
            state = None if begun is None else _state(begun)
            board = stack.enter_context(
                ConnectedBoard(open_session, check, observer.trouble, state=state)
            )
            if begun is None:
                meta = new_meta(job, board.hello)
                journal = stack.enter_context(begin_journal(job.out, meta, job.data_set.items))
            else:
                meta, journal = begun.meta, begun.journal
                select_delegate(board, meta.board.delegate)
                _check_same_board(job, meta, board.hello)
                journal.update_settings(job.settings)
            observer.started(
                board.hello, len(job.data_set.items), len(job.data_set.items) - len(items)
            )
            turn = one_turn(meta.wrong_layer)
            project = Path(job.settings.project)
            finder = LayerFinder(board, job.engine, journal.record_wrong_layer, turn, project)
            with resumable(job), closing(_run(job, board, items, finder)) as rows:
                for row in recorded(rows, journal, lambda: board.state):
                    observer.image(row)
                ask_cpu(job, board, journal, observer.note)
                board.take_stock()
                journal.keep_link(board.state)
                if board.stack is not None:
                    journal.note_stack(board.stack)

    return run_unfinished(job, work)


@dataclass(frozen=True)
class Begun:
    """A run that goes on: its journal, and what stands in it."""

    journal: Journal
    meta: RunMeta
    rows: tuple[Row, ...]


def run_unfinished(job: Job, work: Callable[[Sequence[Item], Begun | None], None]) -> RunSummary:
    """Let `work` run the images of `job` that are not finished yet, if there are any, and summarize
    the whole run. None in place of Begun: the run is new, and `work` begins its journal.

    Raises as run_images.
    """
    with sigterm_interrupts(), ExitStack() as stack:
        begun = None
        items: Sequence[Item] = job.data_set.items
        if job.resume:
            journal = stack.enter_context(Journal(job.out))
            begun = Begun(journal, *read_run(job.out))
            items = unfinished_items(job, begun.meta, begun.rows)
        if begun is None or items or cpu_is_left(begun.meta, begun.rows):
            work(items, begun)
    summary = summarize(*read_run(job.out))
    _refuse_all_bad(summary)
    return summary


def unfinished_items(job: Job, meta: RunMeta, rows: Sequence[Row]) -> list[Item]:
    """What a resumed run has left to do. Raises UsageError if the job is not that of the run."""
    for what, then, now in (
        ("data set", meta.data_set_digest, job.data_set.digest),
        ("model", meta.board.model_sha256, job.manifest.model.sha256),
        ("board", meta.board.board, job.manifest.board),
        ("preprocessing", meta.preprocessing, job.manifest.preprocessing),
    ):
        # Of several boards, which may be of several kinds, one answered first.
        if then != now and not (what == "board" and job.settings.several):
            raise UsageError(
                f"{job.out} was begun with another {what}: then {then}, now {now}.",
                "Go on with the same one, or start a new run without --resume.",
            )
    finished = {row.index for row in rows if row.status.final}
    return [item for item in job.data_set.items if item.index not in finished]


def _state(begun: Begun) -> LinkState:
    """What the run has learnt so far about its board and line.

    A run of before did not keep it, but how long an image took bounds its inference.
    """
    meta = begun.meta
    if meta.link is not None:
        return meta.link
    took = [
        row.seconds for row in begun.rows if row.status is Status.DONE and row.seconds is not None
    ]
    return LinkState(
        model_sha256=meta.board.model_sha256, slowest_inference_s=max(took, default=None)
    )


def _check_same_board(job: Job, meta: RunMeta, hello: Hello) -> None:
    then, now = asdict(meta.board), asdict(board_facts(hello))
    changed = [
        f"{fact} was {then[fact]}, is {now[fact]}"
        for fact in then
        if then[fact] is not None and then[fact] != now[fact]
    ]
    if changed:
        raise WrongFirmwareError(
            f"{job.out} was begun on another board or build: {'; '.join(changed)}.",
            "Go on with the same one, or start a new run without --resume.",
        )


def new_meta(job: Job, hello: Hello) -> RunMeta:
    """What the journal of a new run keeps of it."""
    return RunMeta(
        tool_version=__version__,
        started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        model=job.manifest.model.name,
        classes=job.classes.count,
        class_names=job.classes.names or job.data_set.class_names,
        output_scale=job.manifest.output.scale,
        output_zero_point=job.manifest.output.zero_point,
        output_shape=job.manifest.output.shape,
        preprocessing=job.manifest.preprocessing,
        recipe_source=job.manifest.recipe_source,
        label_mapping=job.data_set.mapping,
        data_set_digest=job.data_set.digest,
        board=board_facts(hello),
        settings=job.settings,
        input=InputFacts(
            job.manifest.input.shape, job.manifest.input.scale, job.manifest.input.zero_point
        ),
        build=job.build_facts(hello.build_id),
    )


def _run(
    job: Job, board: ConnectedBoard, items: Sequence[Item], finder: LayerFinder
) -> Generator[Row, None, None]:
    encodes = job.settings.compress and board.hello.has(Feature.CODEC)
    make = partial(prepare, input=input_of(job.manifest), engine=job.engine, compress=encodes)
    lost_in_a_row = 0
    with closing(prepared_ahead(items, make)) as feed:
        for ready, following in with_next(feed):
            error = None
            if isinstance(ready, Unusable):
                row = bad_row(ready)
            else:
                row, error = infer(job.manifest, board, ready, following)
                lost_in_a_row = 0 if error is None else lost_in_a_row + 1
            yield row
            if row.reference_difference and isinstance(ready, Prepared):
                finder.find(ready)
            if error is not None and lost_in_a_row == LOST_IN_A_ROW:
                raise error


def infer(
    manifest: Manifest,
    board: ConnectedBoard,
    ready: Prepared,
    following: Prepared | Unusable | None = None,
) -> tuple[Row, McuzooError | None]:
    """Run an image on a board: its row, and the error if it got no answer.

    following: what the board gets next, for all that is known; its upload may begin meanwhile.
    Raises BoardGoneError and WrongFirmwareError: the board is lost.
    """
    row = row_of(ready.item)
    ahead = following.tensor if isinstance(following, Prepared) else None
    try:
        inference = board.infer(ready.item.index, ready.tensor, ahead)
    except BOARD_LOST:
        raise
    except FirmwareError as error:
        return replace(row, status=Status.FAULT, error=error.message), error
    except (RigError, ProtocolError) as error:
        return replace(row, status=Status.LOST, error=error.message), error
    found = answer_at(manifest.output, inference.output, row.label)
    row = replace(
        row,
        status=Status.DONE,
        output=inference.output,
        top1=found.top1,
        score=found.score,
        cycles=inference.cycles,
        input_crc32=inference.input_crc32,
        attempts=inference.attempts,
        rank=found.rank,
        turned=ready.turned,
        clipped=ready.clipped,
    )
    if ready.reference is None:
        return row, None
    return compared(row, inference.output, ready.reference.reshape(-1), manifest), None


def infer_or_lose(
    manifest: Manifest,
    board: ConnectedBoard,
    ready: Prepared,
    following: Prepared | Unusable | None = None,
) -> tuple[Row, McuzooError | None]:
    """As infer, but what it raises is returned as well: one of BOARD_LOST."""
    try:
        return infer(manifest, board, ready, following)
    except BOARD_LOST as error:
        return replace(row_of(ready.item), status=Status.LOST, error=error.message), error


def compared(
    row: Row, output: NDArray[np.int8], reference: NDArray[np.int8], manifest: Manifest
) -> Row:
    """The row, with what the host's reference says of the same input. output, reference: int8
    [outputs], of board and host."""
    host = answer_at(manifest.output, reference)
    return replace(row, reference_difference=difference(output, reference), host_top1=host.top1)


def row_of(item: Item) -> Row:
    """The row of an image about which nothing is known yet."""
    return Row(item.index, item.file, item.label, item.sha256)


def bad_row(unusable: Unusable) -> Row:
    """The row of an image that cannot be prepared."""
    return replace(row_of(unusable.item), status=Status.BAD_IMAGE, error=unusable.reason)


@contextmanager
def resumable(job: Job) -> Iterator[None]:
    """If the run is stopped, say how to go on with it."""
    advice = (
        f"Finished images are kept. Go on: {command('mcuzoo', 'run-serial', '--resume', job.out)}"
    )
    try:
        yield
    except KeyboardInterrupt:
        raise RunInterruptedError(f"Interrupted; the run is {job.out}.", advice) from None
    except McuzooError as error:
        error.hint = f"{error.hint} {advice}"
        raise


def _refuse_all_bad(summary: RunSummary) -> None:
    if summary.counts[Status.BAD_IMAGE] == len(summary.rows):
        raise DataSetError(
            f"None of the images could be decoded. The first: {summary.rows[0].error}",
            "Check what --images points to.",
        )
