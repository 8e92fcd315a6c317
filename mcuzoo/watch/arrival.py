"""What comes to be answered, and the source that it comes from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from mcuzoo.data.images import Item
from mcuzoo.run.feed import Prepared, Unusable

Prepare = Callable[[Item], Prepared | Unusable]
"""Makes the input tensor of a picture, or says why that cannot be."""


@dataclass(frozen=True)
class Arrival:
    """A picture that is there. ready: its tensor, or why it is no picture. since: when it was first
    seen as it is now, as time.perf_counter() says."""

    ready: Prepared | Unusable
    since: float


class Source(Protocol):
    """Where pictures come from. live: what is not taken at once is out of date."""

    @property
    def live(self) -> bool: ...

    def arrivals(
        self, prepare: Prepare, wanted: threading.Event, stop: threading.Event
    ) -> Generator[Arrival, None, None]:
        """The pictures, one after the other, until there are no more or `stop` is set. It runs in a
        thread of its own. wanted: somebody waits for a picture.

        Raises InputError if it cannot be read any more, and what `prepare` raises.
        """
        ...
