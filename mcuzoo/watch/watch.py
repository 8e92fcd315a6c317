"""Answer pictures as they come: each goes to the board as soon as it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import DataSet
from mcuzoo.data.preprocess import input_of, preprocessing_warnings, seen_pixels
from mcuzoo.errors import McuzooError, UsageError, command
from mcuzoo.extras import IMAGES, require_packages
from mcuzoo.link.codes import Feature
from mcuzoo.link.counts import agent_note
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.quoting import printable
from mcuzoo.run.connected_board import ConnectedBoard
from mcuzoo.run.feed import Prepared, Unusable, prepare
from mcuzoo.run.job import Job, model_name
from mcuzoo.run.journal import Journal, begin_journal, require_no_run
from mcuzoo.run.layer_finder import LayerFinder, one_turn
from mcuzoo.run.open_board import (
    Chosen,
    Classification,
    board_answer,
    choose,
    classification,
    connected,
    with_classes,
)
from mcuzoo.run.project import emulated_port
from mcuzoo.run.record import Row, Settings, WrongLayer
from mcuzoo.run.runner import (
    BOARD_LOST,
    LOST_IN_A_ROW,
    bad_row,
    compared,
    infer_or_lose,
    new_meta,
)
from mcuzoo.watch.arrival import Arrival, Source
from mcuzoo.watch.camera import CameraSource
from mcuzoo.watch.feed import Feed
from mcuzoo.watch.folder import FolderSource
from mcuzoo.watch.options import WatchOptions

Say = Callable[[str], None]


@dataclass(frozen=True)
class Seen:
    """A picture, and what became of it.

    row: as in the journal of a run. seconds: from when it was first seen as it is to its answer.
    tensor: int8, the input of the model. pixels: uint8 [H, W, 3] (red, green, blue) or [H, W, 1],
    as the network sees it. tensor and pixels are None for what is no picture, found if the board
    gave no answer: row.error says why.
    """

    row: Row
    seconds: float
    tensor: NDArray[np.int8] | None = None
    pixels: NDArray[np.uint8] | None = None
    found: Classification | None = None


def watch(
    target: str | PathLike[str] | None = None,
    options: WatchOptions = WatchOptions(),
    say: Say = lambda text: None,
) -> Generator[Seen, None, None]:
    """Let a board answer each picture that comes into a folder or from a camera.

    target: a port, or a built project, which is emulated; None: options.port. An emulated board
    counts its first inference. `say` gets warnings, troubles, and what happens to files. The board
    is met when the first picture is asked for, and let go when the generator is closed or ends:
    with `once`, or at the end of a video.

    Raises UsageError, InputError, ProjectError, ModelError, MissingExtraError at once; then, from
    the generator, the errors of the link, when the board cannot be reached or answers nothing
    LOST_IN_A_ROW times, and InputError for a camera that gives no more.
    """
    port = options.port if target is None else target
    if port is None:
        raise UsageError(
            "No port: --port was not given and MCUZOO_PORT is not set.",
            f"A device such as {SOME_PORT}, or emulator://PROJECT.",
        )
    if (options.folder is None) == (options.camera is None):
        raise UsageError(
            "What is to be watched? Name either a folder or a camera.",
            "--folder DIR, or --camera 0.",
        )
    for flag, given, wanted in (
        ("--existing", options.existing, "--folder"),
        ("--every", options.every is not None, "--camera"),
    ):
        if given and (options.folder is None) == (wanted == "--folder"):
            raise UsageError(f"{flag} works only with {wanted}.", f"Leave {flag} out.")
    require_packages(IMAGES, "This command")
    if options.out is not None:
        require_no_run(options.out)
        if options.folder is not None and options.out.resolve() == options.folder.resolve():
            raise UsageError("--out is the folder that is watched.", "Name another --out.")
    chosen = choose(emulated_port(port), options.of_board, say)
    pictures = input_of(chosen.manifest)
    require_packages(pictures.packages, "This command")
    model = chosen.manifest.model
    for warning in preprocessing_warnings(pictures, model.name, model.sha256):
        say(f"warning: {warning}")
    return _Watch(chosen, options, _source(options, say), say).answers()


def _source(options: WatchOptions, say: Say) -> Source:
    if options.folder is not None:
        return FolderSource(options.folder, options.existing, options.once, say)
    assert options.camera is not None
    return CameraSource(options.camera, options.once, options.every or 0.0)


class _Watch:
    """One watch, from the first meeting of the board on."""

    def __init__(self, chosen: Chosen, options: WatchOptions, source: Source, say: Say) -> None:
        self._chosen = chosen
        self._options = options
        self._source = source
        self._say = say

    def answers(self) -> Generator[Seen, None, None]:
        with ExitStack() as stack:
            chosen = self._chosen
            board = stack.enter_context(connected(chosen, self._options.of_board, self._say))
            journal = stack.enter_context(self._journal(board))
            compress = board.hello.has(Feature.CODEC)
            # Without the host's engine: that runs while the board does.
            make = partial(prepare, input=input_of(chosen.manifest), engine=None, compress=compress)
            project = chosen.subject.project
            tell = partial(self._tell, journal)
            finder = LayerFinder(board, chosen.engine, tell, one_turn(None), project)
            host = stack.enter_context(ThreadPoolExecutor(1, "mcuzoo-host"))
            feed = stack.enter_context(Feed(self._source, make))
            self._greet(board)
            lost_in_a_row = 0
            for arrival, following in feed.with_next():
                ready = arrival.ready
                seen, error = self._answer(board, arrival, following, host)
                if journal is not None:
                    journal.add([ready.item])
                    journal.record(seen.row, board.state)
                yield seen
                if seen.row.reference_difference and isinstance(ready, Prepared):
                    finder.find(ready)
                if isinstance(ready, Prepared):
                    lost_in_a_row = 0 if error is None else lost_in_a_row + 1
                if error is not None and (
                    lost_in_a_row == LOST_IN_A_ROW or isinstance(error, BOARD_LOST)
                ):
                    raise error
            board.take_stock()

    def _answer(
        self,
        board: ConnectedBoard,
        arrival: Arrival,
        following: Arrival | None,
        host: ThreadPoolExecutor,
    ) -> tuple[Seen, McuzooError | None]:
        ready, engine = arrival.ready, self._chosen.engine
        begun = time.perf_counter()
        if isinstance(ready, Unusable):
            return Seen(_timed(bad_row(ready), begun), time.perf_counter() - arrival.since), None
        ready = replace(ready, item=replace(ready.item, sha256=ready.sha256))
        expected = None if engine is None else host.submit(engine.run, ready.tensor)
        ahead = None if following is None else following.ready
        row, error = infer_or_lose(self._chosen.manifest, board, ready, ahead)
        found = None
        if row.output is not None:
            found = self._classified(board, row, expected)
            reference = found.answer.expected
            if reference is not None:
                row = compared(row, row.output, reference, self._chosen.manifest)
        pixels = seen_pixels(input_of(self._chosen.manifest), ready.tensor)
        took = time.perf_counter() - arrival.since
        return Seen(_timed(row, begun), took, ready.tensor, pixels, found), error

    def _classified(
        self, board: ConnectedBoard, row: Row, expected: Future[NDArray[np.int8]] | None
    ) -> Classification:
        assert row.output is not None
        host = None if expected is None else expected.result().reshape(-1)
        answer = board_answer(row.output, host, row.cycles, board.hello)
        answer = with_classes(answer, self._chosen.manifest)
        return classification(answer, self._chosen.manifest, self._chosen.classes)

    def _greet(self, board: ConnectedBoard) -> None:
        hello = board.hello
        what = self._options.camera or str(self._options.folder)
        self._say(
            printable(
                f"{hello.board}{agent_note(hello.agent)}, build {hello.build_id[:8]}; "
                f"watching {what}"
            )
        )

    def _tell(self, journal: Journal | None, wrong: WrongLayer) -> None:
        self._say(f"unequal: {printable(wrong.file)}: {wrong.verdict}")
        if journal is not None:
            journal.record_wrong_layer(wrong)

    @contextmanager
    def _journal(self, board: ConnectedBoard) -> Iterator[Journal | None]:
        """A journal without images yet, in the folder that the user named."""
        if self._options.out is None:
            yield None
            return
        with begin_journal(self._options.out, new_meta(self._job(), board.hello), ()) as journal:
            try:
                yield journal
            finally:
                journal.keep_link(board.state)
                if board.stack is not None:
                    journal.note_stack(board.stack)
                look = command("mcuzoo", "report", self._options.out)
                self._say(f"The answers are kept: {look}")

    def _job(self) -> Job:
        """The run that a watch is to its journal: of the folder's pictures, without labels."""
        options, chosen = self._options, self._chosen
        assert options.out is not None
        where = options.camera if options.folder is None else str(options.folder.resolve())
        settings = Settings(
            project=str(chosen.subject.project),
            port=chosen.line.port,
            baud=chosen.line.baud,
            data_set=str(where),
            labels=None if options.labels is None else str(options.labels.resolve()),
            limit=None,
            reference=chosen.engine is not None,
            min_top1=None,
            strict=False,
            upload=model_name(options.upload),
            max_baud=chosen.line.max_baud,
        )
        return Job(
            manifest=chosen.manifest,
            classes=chosen.classes,
            data_set=DataSet(Path(settings.data_set), ()),
            engine=chosen.engine,
            settings=settings,
            out=options.out,
            resume=False,
        )


def _timed(row: Row, begun: float) -> Row:
    return replace(row, seconds=time.perf_counter() - begun)
