"""Caches and the branch predictor against the same thing written step by step."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.timing.branches import Predictor
from mcuzoo.timing.caches import Cache
from mcuzoo.timing.rules import cortex_m7

LINES = st.lists(st.integers(0, 40), max_size=200)


@given(LINES)
def test_reads_fetch_what_the_ways_do_not_hold(lines: list[int]) -> None:
    cache, sets = Cache(4 * 2 * 32, 32, 2), {number: list[int]() for number in range(4)}
    expected = []
    for line in lines:
        held = sets[line % 4]
        if line in held:
            held.remove(line)
        else:
            expected.append(line)
            del held[: len(held) - 1]
        held.append(line)
    assert cache.reads(lines) == expected


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=200))
def test_changed_lines_are_written_back_when_they_go(accesses: list[tuple[int, bool]]) -> None:
    cache = Cache(2 * 2 * 32, 32, 2)
    fetched, back = cache.accesses([2 * line + write for line, write in accesses])
    written = {line for line, write in accesses if write}
    assert set(back) <= written
    assert set(fetched) == {line for line, _ in accesses}
    assert len(back) <= len(fetched)


_EVENTS = st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=40)


@given(st.lists(_EVENTS, max_size=4), st.sampled_from((0, 1, 4)))
def test_a_branch_has_counters_of_two_bits(
    parts: list[list[tuple[int, bool]]], history: int
) -> None:
    """One for each way of the branches before it, in however many parts they are counted."""
    predictor, expected, counted = Predictor(2, history), 0, 0
    counters: dict[tuple[int, tuple[bool, ...]], int] = {}
    before: tuple[bool, ...] = (False,) * history
    for part in parts:
        branches = np.array([branch for branch, _ in part], np.int64)
        counted += predictor.wrong(branches, np.array([taken for _, taken in part], bool))
        for branch, taken in part:
            counter = counters.get((branch, before), 1)
            expected += (counter >= 2) is not taken
            counters[branch, before] = min(3, counter + 1) if taken else max(0, counter - 1)
            before = (*before, taken)[1:] if history else ()
    assert counted == expected


def test_a_loop_of_few_rounds_is_foreseen() -> None:
    predictor = Predictor(2, cortex_m7().branches.history_bits)
    loop = np.array([True] * 13 + [False])
    counts = [predictor.wrong(np.full(loop.size, 7), loop) for _ in range(6)]
    assert counts[0] and not counts[-1]
