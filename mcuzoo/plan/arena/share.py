"""Which buffers may share bytes although both are alive: an output over its own input."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcuzoo.lowering.alignment import align_up
from mcuzoo.plan.arena.lifetimes import Life


@dataclass(frozen=True)
class Share:
    """Buffer `output` may lie over buffer `input` in the step that writes one and reads the other.

    Sound when input offset - output offset >= before, in bytes (see lowering.call.Overlap).
    """

    input: int
    output: int
    before: int

    def holds_at(self, step: int, lives: dict[int, Life]) -> bool:
        """Does the input end at `step`, where the output begins? Else both are needed whole."""
        return lives[self.input].last_step == step == lives[self.output].first_step


def effective(shares: Iterable[Share], lives: Iterable[Life]) -> tuple[Share, ...]:
    """The shares whose input nobody reads once its output is there."""
    by_buffer = {life.buffer: life for life in lives}
    return tuple(
        share for share in shares if share.holds_at(by_buffer[share.output].first_step, by_buffer)
    )


class Clearances:
    """How far apart two buffers must begin, depending on which one is the lower."""

    def __init__(
        self, lives: Iterable[Life], shares: Iterable[Share] = (), alignment: int = 1
    ) -> None:
        lives = tuple(lives)
        self._alignment = alignment
        self._sizes = {life.buffer: align_up(life.bytes, alignment) for life in lives}
        self._before = {
            (share.output, share.input): align_up(max(share.before, 0), alignment)
            for share in effective(shares, lives)
        }

    def size(self, life: Life) -> int:
        """Bytes of `life`, rounded up to the alignment."""
        return self._sizes[life.buffer]

    def between(self, low: Life, high: Life) -> int:
        """The least that `high` must begin above `low`, for lives that overlap in time."""
        size = self._sizes[low.buffer]
        return min(size, self._before.get((low.buffer, high.buffer), size))
