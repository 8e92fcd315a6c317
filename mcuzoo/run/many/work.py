"""The images of a run on several boards: who takes which, and what becomes of it.

An image that a board cannot answer goes to another one. When no image is left, an idle board takes
those that others have had for too long: the first result counts. Some images go to more than one
board, to see whether a result depends on the board: the first ones, and some of those whose result
was unlike the host's.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from mcuzoo.run.feed import Prepared

MOST_FAILURES = 3
"""An image is given up after so many boards, or one so often, could not answer it."""

RECHECKS = 3
"""So many wrong results of a board are tried on another board as well."""

LEAST_PATIENCE_S = 1.0
_COPIES = 3  # boards that have one image at the same time
_POLL_S = 0.1


@dataclass(eq=False)
class Task:
    """An image to run. failed_on: boards that could not answer it; failures: how often that
    happened. running: boards that have it now, and since when. seen: boards that have had it.
    answered: its result is in the journal, or it was given up. ready: the image. common: every
    board runs it. recheck: it was answered wrong, and another board shall run it."""

    ready: Prepared
    common: bool = False
    failed_on: set[str] = field(default_factory=set)
    failures: int = 0
    running: dict[str, float] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    answered: bool = False
    recheck: bool = False


class Work:
    """The queue. For any number of threads: those that add images, and one per board.

    boards: the names of the boards. ahead: so many prepared images wait at most. common: images, by
    index, that go to every board.
    """

    def __init__(
        self,
        boards: Sequence[str],
        ahead: int,
        common: Collection[int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changed = threading.Condition()
        self._live = set(boards)
        self._ahead = ahead
        self._common = common
        self._clock = clock
        self._waiting: deque[Task] = deque()
        self._reserved: dict[str, Task] = {}
        self._open: dict[int, Task] = {}
        self._shared: list[Task] = []
        self._now: dict[str, Task] = {}
        self._rechecked: dict[str, int] = {}
        self._slowest_s = 0.0
        self._complete = False
        self._over = False

    def add(self, ready: Prepared) -> bool:
        """Add an image; waits while enough of them are waiting. False: the run is over."""
        with self._changed:
            while len(self._waiting) >= self._ahead and not self._over:
                self._changed.wait(_POLL_S)
            if self._over:
                return False
            task = Task(ready, common=ready.item.index in self._common)
            self._open[ready.item.index] = task
            self._waiting.append(task)
            if task.common:
                self._shared.append(task)
            self._changed.notify_all()
            return True

    def complete(self) -> None:
        """No more images will be added."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    def end(self) -> None:
        """The run is over: nobody gets an image any more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def take(self, board: str) -> Task | None:
        """The next image for `board`; waits for one. None: there is nothing left to do for it."""
        with self._changed:
            while not self._over:
                task = self._pick(board)
                if task is not None:
                    self._unqueue(task)
                    task.running[board] = self._clock()
                    task.seen.add(board)
                    self._now[board] = task
                    return task
                if self._complete and not self._open:
                    break
                self._changed.wait(_POLL_S)
            return None

    def following(self, board: str) -> Prepared | None:
        """The image that `board` will most probably get next, so that it can be sent ahead: it is
        kept for it, but others may still take it when they have nothing else. None: not known."""
        with self._changed:
            task = self._to_compare(board) or self._reserved.get(board)
            if task is None:
                task = self._from_queue(board)
                if task is not None:
                    self._unqueue(task)
                    self._reserved[board] = task
            return None if task is None else task.ready

    def answered(self, board: str, task: Task, seconds: float, wrong: bool) -> bool:
        """`board` has a result, after `seconds`. wrong: another board should try the image, too.
        Whether it is the first result of the image."""
        with self._changed:
            task.running.pop(board, None)
            self._now.pop(board, None)
            self._slowest_s = max(self._slowest_s, seconds)
            known = self._rechecked.get(board, 0)
            if wrong and known < RECHECKS and not task.common and not task.recheck:
                self._rechecked[board] = known + 1
                task.recheck = True
                self._shared.append(task)
            return self._close(task)

    def failed(self, board: str, task: Task, lost: bool) -> bool:
        """`board` could not answer. lost: and it is at fault, not the image. Whether the image is
        given up now."""
        with self._changed:
            task.running.pop(board, None)
            self._now.pop(board, None)
            if task.answered:
                return False
            task.failures += 1
            if not lost:
                task.failed_on.add(board)
            if task.failures >= MOST_FAILURES:
                return self._close(task)
            if not task.running and task not in self._waiting:
                self._waiting.appendleft(task)
            self._changed.notify_all()
            return False

    def retire(self, board: str) -> bool:
        """`board` takes no more images. Whether others are left that do."""
        with self._changed:
            self._live.discard(board)
            kept = self._reserved.pop(board, None)
            if kept is not None:
                self._waiting.appendleft(kept)
            self._changed.notify_all()
            return bool(self._live)

    @property
    def answered_all(self) -> bool:
        """Whether every image has a result, or was given up."""
        with self._changed:
            return self._complete and not self._open

    def comparing(self, board: str) -> bool:
        """Whether `board` has an image now whose results are to be compared."""
        with self._changed:
            return self._now.get(board) in self._shared

    def has_image(self, board: str) -> bool:
        with self._changed:
            return board in self._now

    def has_had_an_image_for(self, board: str) -> float:
        """Seconds; 0 if it has none."""
        with self._changed:
            task = self._now.get(board)
            return 0.0 if task is None else self._clock() - task.running[board]

    @property
    def patience_s(self) -> float:
        """How long a board may have an image before an idle one takes it, too."""
        return max(LEAST_PATIENCE_S, 2 * self._slowest_s)

    def _close(self, task: Task) -> bool:
        first, task.answered = not task.answered, True
        self._open.pop(task.ready.item.index, None)
        self._unqueue(task)
        return first

    def _unqueue(self, task: Task) -> None:
        """Nobody else gets `task` from the queue."""
        if task in self._waiting:
            self._waiting.remove(task)
        for board in [board for board, kept in self._reserved.items() if kept is task]:
            del self._reserved[board]
        self._changed.notify_all()

    def _pick(self, board: str) -> Task | None:
        return (
            self._to_compare(board)
            or self._reserved.get(board)
            or self._from_queue(board)
            or (self._from_others(board) if self._complete else None)
        )

    def _to_compare(self, board: str) -> Task | None:
        for task in self._shared:
            enough = task.recheck and (task.running or len(task.seen) > 1)
            if board not in task.seen and not enough:
                return task
        return None

    def _from_queue(self, board: str) -> Task | None:
        for task in self._waiting:
            if board not in task.failed_on or self._live <= task.failed_on:
                return task
        return None

    def _from_others(self, board: str) -> Task | None:
        for task in self._reserved.values():
            if board not in task.failed_on:
                return task
        limit = self._clock() - self.patience_s
        late = [
            task
            for task in self._open.values()
            if task.running
            and board not in task.running
            and board not in task.failed_on
            and len(task.running) < _COPIES
            and max(task.running.values()) < limit
        ]
        return min(late, key=lambda task: min(task.running.values()), default=None)
