"""The board's own CPU beside its delegate: the same images once more, on another engine of the same
session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from mcuzoo.data.preprocess import input_of
from mcuzoo.errors import ProtocolError, RigError, UsageError
from mcuzoo.link.codes import Feature
from mcuzoo.run.connected_board import ConnectedBoard
from mcuzoo.run.feed import Prepared, prepare, prepared_ahead, with_next
from mcuzoo.run.job import Job
from mcuzoo.run.journal import Journal, read_run
from mcuzoo.run.options import NO_CPU
from mcuzoo.run.record import Row, RunMeta, Status
from mcuzoo.run.score import answer_at, difference

CPU_ENGINES = ("builtin", "xnnpack", "none")
"""TFLite's kernels: optimized ones, XNNPACK's, reference kernels."""
REFERENCE = "reference"
"""TFLite's reference kernels where they round otherwise than TFLM's: the board's CPU itself."""


def cpu_is_left(meta: RunMeta, rows: Sequence[Row]) -> bool:
    """Whether a run has begun to ask the board's CPU, and has not ended."""
    asked = [row.cpu_top1 is not None for row in rows if row.status is Status.DONE]
    return bool(meta.delegates) and any(asked) and not all(asked)


def select_delegate(board: ConnectedBoard, delegate: str) -> None:
    """Bring a board that computes otherwise back to `delegate`, if it offers that."""
    if delegate and board.hello.delegate != delegate and delegate in board.engines:
        board.select(delegate)


def cpu_engine(board: ConnectedBoard, wanted: str | None) -> str | None:
    """The engine to compare with; None: none. wanted: by the user. Raises UsageError for one that
    the board does not offer."""
    delegate = board.hello.delegate
    if wanted == NO_CPU or not delegate or (wanted is None and delegate == REFERENCE):
        return None
    offers = board.engines
    if wanted is not None and wanted not in offers:
        have = f"has {', '.join(offers)}" if offers else "has no choice of engines"
        raise UsageError(
            f"--board-cpu {wanted}: the agent {have}.", "docs/linux.md says how to start it."
        )
    known = [one for one in CPU_ENGINES if one in offers and one != delegate]
    return wanted or next(iter(known), None)


def ask_cpu(
    job: Job,
    board: ConnectedBoard,
    journal: Journal,
    note: Callable[[str], None],
) -> None:
    """Run the images that have an answer on the board's CPU as well, where it offers that, and keep
    how far the two are apart. A run that is resumed goes on with the engine that it has begun with.
    note: is told what happens.

    A board that fails at that is reported, and does not spoil the run: its images are done. Raises
    UsageError for an engine that the board does not offer.
    """
    if not board.hello.has(Feature.ENGINES):
        return
    meta, rows = read_run(job.out)
    left = {row.index: row for row in rows if row.status is Status.DONE and row.cpu_top1 is None}
    if not left:
        return
    begun = meta.cpu_engine
    delegate, wanted = board.hello.delegate, job.settings.board_cpu
    engine = cpu_engine(board, wanted if begun is None or wanted == NO_CPU else begun)
    if engine is None:
        return
    note(f"{len(left):,} images once more, on the board's CPU ({engine}); --board-cpu no: not")
    journal.note_cpu_engine(engine)
    try:
        board.select(engine)
        _ask(job, board, journal, left)
        board.select(delegate)
    except (RigError, ProtocolError) as error:
        note(f"The board's CPU is not compared with {delegate}: {error.message}")


def _ask(job: Job, board: ConnectedBoard, journal: Journal, left: dict[int, Row]) -> None:
    items = [item for item in job.data_set.items if item.index in left]
    make = partial(prepare, input=input_of(job.manifest), engine=None)
    with closing(prepared_ahead(items, make)) as feed:
        for ready, following in with_next(feed):
            if not isinstance(ready, Prepared):
                continue
            ahead = following.tensor if isinstance(following, Prepared) else None
            row = left[ready.item.index]
            output = board.infer(row.index, ready.tensor, ahead).output
            assert row.output is not None
            top1 = answer_at(job.manifest.output, output).top1
            journal.record_cpu(row.index, top1, difference(row.output, output))
