"""The smallest arena: found, with few trials when it was expected, with some more when not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.measure.arena import STEP_BYTES, smallest_working


class Arena:
    """Works from `steps` whole steps up, and in sizes between where alignment happens to fit."""

    def __init__(self, steps: int, needed: list[int]) -> None:
        self.steps = steps
        self.needed = needed
        self.tried: list[int] = []

    def works(self, size: int) -> bool:
        assert size > 0
        self.tried.append(size)
        return size >= self.steps * STEP_BYTES - STEP_BYTES + self.needed[size % STEP_BYTES]

    @property
    def smallest(self) -> int:
        sizes = range(1, self.steps * STEP_BYTES + 1)
        return next(size for size in sizes[-STEP_BYTES:] if self.works(size))


def arenas() -> st.SearchStrategy[Arena]:
    between = st.lists(st.integers(1, STEP_BYTES), min_size=STEP_BYTES - 1, max_size=STEP_BYTES - 1)
    return st.builds(
        lambda steps, needed: Arena(steps, [STEP_BYTES, *needed]), st.integers(1, 20_000), between
    )


@given(arenas(), st.integers(0, 400_000), st.integers(0, 400_000))
def test_whatever_was_expected_the_smallest_is_found(
    arena: Arena, expected: int, spare: int
) -> None:
    most = arena.steps * STEP_BYTES + spare
    assert smallest_working(arena.works, expected, most) == arena.smallest


@given(arenas(), st.integers(0, 400_000), st.integers(1, 100))
def test_too_little_is_none(arena: Arena, expected: int, missing: int) -> None:
    most = max(0, (arena.steps - missing) * STEP_BYTES)
    assert smallest_working(arena.works, expected, most) is None


def test_a_good_expectation_costs_little() -> None:
    arena = Arena(8_334, [STEP_BYTES] * STEP_BYTES)
    assert smallest_working(arena.works, 133_344, 200_000) == 133_344
    assert len(arena.tried) <= 2 + STEP_BYTES


def test_the_only_size_may_be_an_odd_one() -> None:
    assert smallest_working(lambda size: size == 103, 90, 103) == 103
