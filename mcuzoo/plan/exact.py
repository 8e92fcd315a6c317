"""The best layout of a small graph, by branch and bound.

Some optimal layout can be rebuilt by placing its buffers in order of their offsets, each directly
on top of what is already placed under it, as near as sharing allows: no buffer ends up higher than
it was. So the search goes over orders only, and cuts where the bytes still to come cannot fit under
the best height known.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.lowering.alignment import align_up
from mcuzoo.plan.demand import saving
from mcuzoo.plan.greedy import Offsets
from mcuzoo.plan.lifetimes import Life
from mcuzoo.plan.share import Clearances, Share, effective

MAX_BUFFERS = 64
MAX_TRIES = 30_000


def exact_layout(
    lives: Sequence[Life],
    alignment: int,
    below_bytes: int,
    lower_bound_bytes: int,
    shares: Sequence[Share] = (),
) -> Offsets | None:
    """The lowest layout that needs less than `below_bytes`, or None when there is none.

    Graphs of more than MAX_BUFFERS buffers are not searched, and after MAX_TRIES placements the
    search ends with the best layout met until then: a count, not a time, so that the same model
    gets the same plan everywhere.
    """
    if len(lives) > MAX_BUFFERS:
        return None
    search = _Search(lives, alignment, below_bytes, lower_bound_bytes, shares)
    search.descend(placed=0, floor=0, latest=-1)
    return search.best


class _Search:
    def __init__(
        self,
        lives: Sequence[Life],
        alignment: int,
        below_bytes: int,
        lower_bound_bytes: int,
        shares: Sequence[Share],
    ) -> None:
        self.best: Offsets | None = None
        self.best_bytes = below_bytes
        self.goal_bytes = lower_bound_bytes
        self.tries = 0
        self.lives = tuple(sorted(lives, key=lambda life: (-life.bytes, life.buffer)))
        clearances = Clearances(lives, shares, alignment)
        self.sizes = tuple(clearances.size(life) for life in self.lives)
        # (index, clearance) of every buffer that may not begin too near above this one.
        self.above = tuple(
            tuple(
                (index, clearances.between(low, high))
                for index, high in enumerate(self.lives)
                if high is not low and high.overlaps(low)
            )
            for low in self.lives
        )
        first = min((life.first_step for life in lives), default=0)
        last = max((life.last_step for life in lives), default=0)
        self.spans = tuple(
            range(life.first_step - first, life.last_step - first + 1) for life in self.lives
        )
        self.height = [0] * (last - first + 1)
        self.to_come = [0] * (last - first + 1)
        for size, span in zip(self.sizes, self.spans, strict=True):
            for step in span:
                self.to_come[step] += size
        self.credit = _credits(self.lives, shares, alignment, first, len(self.height))
        self.lowest = [0] * len(self.lives)
        self.offsets: list[int | None] = [None] * len(self.lives)

    def descend(self, placed: int, floor: int, latest: int) -> None:
        """Place one more buffer, not below `floor` where the `latest` one went, in every way
        that may still win."""
        if placed == len(self.lives):
            self.best_bytes = max(self.height, default=0)
            self.best = {
                life.buffer: offset
                for life, offset in zip(self.lives, self.offsets, strict=True)
                if offset is not None
            }
            return
        for offset, index in self._candidates():
            # Buffers side by side at one offset may come in any order: try one order only.
            if (offset, index) > (floor, latest) and not self._done():
                self.tries += 1
                saved = [self.height[step] for step in self.spans[index]], self.lowest.copy()
                self._put(index, offset)
                if self._may_win(offset):
                    self.descend(placed + 1, offset, index)
                self._take_back(index, *saved)

    def _done(self) -> bool:
        return self.best_bytes <= self.goal_bytes or self.tries >= MAX_TRIES

    def _candidates(self) -> list[tuple[int, int]]:
        """Offset and index of every buffer that is still to be placed, lowest first."""
        return sorted(
            (self.lowest[index], index)
            for index, offset in enumerate(self.offsets)
            if offset is None
        )

    def _put(self, index: int, offset: int) -> None:
        self.offsets[index] = offset
        for step in self.spans[index]:
            self.height[step] = max(self.height[step], offset + self.sizes[index])
            self.to_come[step] -= self.sizes[index]
        for other, clearance in self.above[index]:
            self.lowest[other] = max(self.lowest[other], offset + clearance)

    def _take_back(self, index: int, heights: Sequence[int], lowest: list[int]) -> None:
        self.offsets[index] = None
        for step, height in zip(self.spans[index], heights, strict=True):
            self.height[step] = height
            self.to_come[step] += self.sizes[index]
        self.lowest = lowest

    def _may_win(self, floor: int) -> bool:
        """No step needs as much as the best layout: what is to come lies above `floor` too."""
        return all(
            height < self.best_bytes and base + coming - credit < self.best_bytes
            if coming
            else height < self.best_bytes
            for height, coming, credit, base in zip(
                self.height,
                self.to_come,
                self.credit,
                (
                    floor if credit else max(height, floor)
                    for height, credit in zip(self.height, self.credit, strict=True)
                ),
                strict=True,
            )
        )


def _credits(
    lives: Sequence[Life], shares: Sequence[Share], alignment: int, first: int, steps: int
) -> list[int]:
    """The most that sharing may save at each step."""
    sizes = {life.buffer: align_up(life.bytes, alignment) for life in lives}
    starts = {life.buffer: life.first_step for life in lives}
    credit = [0] * steps
    at: dict[int, list[Share]] = {}
    for share in effective(shares, lives):
        at.setdefault(starts[share.output], []).append(share)
    for step, here in at.items():
        credit[step - first] = saving(here, sizes, alignment)
    return credit
