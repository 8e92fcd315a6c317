"""Many hands: a thread each, which works itself or has a process work for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from queue import SimpleQueue

from mcuzoo.data.item import Item
from mcuzoo.run.feed import in_order
from mcuzoo.run.record import Row

Hand = Callable[[Sequence[Item]], list[Row]]
OpenHand = Callable[[], AbstractContextManager[Hand]]
Crew = Callable[[Sequence[Item]], Future[list[Row]]]

_AHEAD = 2


@contextmanager
def crew_of(hands: int, open_hand: OpenHand) -> Iterator[Crew]:
    """`hands` of them, opened at the same time and all ready when the block begins.

    Raises what opening one raises; the others are closed again.
    """
    with ExitStack() as stack:
        opening: list[tuple[AbstractContextManager[Hand], Future[Hand]]] = []
        stack.callback(_close, opening)
        with ThreadPoolExecutor(hands) as openers:
            for _ in range(hands):
                context = open_hand()
                opening.append((context, openers.submit(context.__enter__)))
        idle: SimpleQueue[Hand] = SimpleQueue()
        for _, opened in opening:
            idle.put(opened.result())
        pool = stack.enter_context(ThreadPoolExecutor(hands, "mcuzoo-evaluate"))

        def work(chunk: Sequence[Item]) -> list[Row]:
            hand = idle.get()
            try:
                return hand(chunk)
            finally:
                idle.put(hand)

        try:
            yield lambda chunk: pool.submit(work, chunk)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _close(opening: Sequence[tuple[AbstractContextManager[Hand], Future[Hand]]]) -> None:
    """Close those that were opened; an interruption may come while the others still open."""
    with ExitStack() as stack:
        for context, opened in opening:
            if not opened.cancel() and opened.exception() is None:
                stack.push(context.__exit__)


def findings(
    crew: Crew, items: Sequence[Item], hands: int, chunk: int
) -> Generator[Row, None, None]:
    """What each item says, in order; `chunk` items go to a hand at a time, few are waiting."""
    chunks = (items[at : at + chunk] for at in range(0, len(items), chunk))
    for rows in in_order(crew, chunks, _AHEAD * hands):
        yield from rows
