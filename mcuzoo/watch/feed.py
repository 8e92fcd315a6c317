"""A source that is watched by a thread of its own, while a board works."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Generator

from mcuzoo.watch.arrival import Arrival, Prepare, Source

_AHEAD = 4
_POLL_S = 0.2
_END_S = 2.0


class Feed:
    """The pictures of a source. Use as a context manager; the thread runs as long as the block."""

    def __init__(self, source: Source, prepare: Prepare) -> None:
        self._source = source
        self._prepare = prepare
        self._queue: queue.Queue[Arrival | BaseException | None] = queue.Queue(
            1 if source.live else _AHEAD
        )
        self._wanted = threading.Event()
        self._stop = threading.Event()
        # A daemon: a stream may keep it waiting, and must not keep the program from its end.
        self._thread = threading.Thread(target=self._run, name="mcuzoo-watch", daemon=True)

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_END_S)

    def with_next(self) -> Generator[tuple[Arrival, Arrival | None], None, None]:
        """Each picture, and the one after it, if that is there already.

        Raises what the source raised, after the pictures that came before.
        """
        waiting: deque[Arrival | BaseException | None] = deque()
        while True:
            first = waiting.popleft() if waiting else self._next()
            if isinstance(first, BaseException):
                raise first
            if first is None:
                return
            try:
                waiting.append(self._queue.get_nowait())
            except queue.Empty:
                yield first, None
            else:
                following = waiting[0]
                yield first, following if isinstance(following, Arrival) else None

    def _next(self) -> Arrival | BaseException | None:
        self._wanted.set()
        while True:
            try:  # not without a limit: on Windows Ctrl-C would not end it
                return self._queue.get(timeout=_POLL_S)
            except queue.Empty:
                continue

    def _run(self) -> None:
        end: BaseException | None = None
        try:
            for arrival in self._source.arrivals(self._prepare, self._wanted, self._stop):
                if not self._put(arrival):
                    return
        except BaseException as error:
            end = error
        self._put(end)

    def _put(self, what: Arrival | BaseException | None) -> bool:
        """False: nobody takes it any more."""
        while not self._stop.is_set():
            try:
                self._queue.put(what, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False
