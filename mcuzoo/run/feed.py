"""Prepare images ahead of the board: read, decode, preprocess, and run the host reference."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import Item
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.engines.engine import Engine
from mcuzoo.errors import DataSetError
from mcuzoo.link.sent_input import encode_ahead

_AHEAD = 4
Asked = TypeVar("Asked")
Given = TypeVar("Given")


@dataclass(frozen=True)
class Prepared:
    """An image ready for the board: int8 [H, W, C], and the expected int8 [outputs] if asked.

    `sha256` is that of the picture's content, as it was read. turned: by its EXIF orientation.
    clipped: the share of its values, 0 to 1, that int8 could not take. item: of the data set.
    tensor: int8, what is sent. reference: None if nothing is compared.
    """

    item: Item
    tensor: NDArray[np.int8]
    reference: NDArray[np.int8] | None
    sha256: str
    turned: bool = False
    clipped: float = 0.0


@dataclass(frozen=True)
class Unusable:
    """An image that cannot be prepared, and why.

    reason: a sentence.
    """

    item: Item
    reason: str


def prepare(
    item: Item, input: PictureInput, engine: Engine | None, compress: bool = False
) -> Prepared | Unusable:
    """Make one image ready. Damaged images come back as Unusable; other errors are raised.

    compress: encode it for the line already here, so that no board waits for that.
    """
    try:
        content = item.picture.read()
        sha256 = hashlib.sha256(content).hexdigest()
        if item.sha256 not in (None, sha256):
            return Unusable(item, f"{item.picture.place} has changed: its SHA-256 is {sha256}.")
        decoded = input.decoded(item.picture, content)
        made = input.quantized(decoded.pixels)
    except DataSetError as error:
        return Unusable(item, error.message)
    if compress:
        encode_ahead(made.tensor)
    expected = None if engine is None else engine.run(made.tensor)
    return Prepared(item, made.tensor, expected, sha256, decoded.turned, made.clipped)


def prepared_ahead(
    items: Iterable[Item], make: Callable[[Item], Prepared | Unusable]
) -> Generator[Prepared | Unusable, None, None]:
    """`make` of every item in order, a few ahead in a thread of its own.

    Close the iterator (or exhaust it) to end the thread; an error of `make` is raised here.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="mcuzoo-feed") as pool:
        try:
            yield from in_order(lambda item: pool.submit(make, item), items, _AHEAD)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def with_next(items: Iterable[Given]) -> Generator[tuple[Given, Given | None], None, None]:
    """Each item and the one after it; None after the last."""
    waiting: list[Given] = []
    for item in items:
        if waiting:
            yield waiting.pop(), item
        waiting.append(item)
    if waiting:
        yield waiting.pop(), None


def in_order(
    submit: Callable[[Asked], Future[Given]], questions: Iterable[Asked], ahead: int
) -> Generator[Given, None, None]:
    """Yield the result of `submit` for each question, in order; `ahead` more are under way."""
    waiting: deque[Future[Given]] = deque()
    for question in questions:
        waiting.append(submit(question))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
