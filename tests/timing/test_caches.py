"""Caches and the branch predictor against the same thing written step by step."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.timing.branches import Predictor
from mcuzoo.timing.caches import Cache

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


@given(st.lists(st.lists(st.booleans(), max_size=30), max_size=5))
def test_a_branch_has_a_counter_of_two_bits(parts: list[list[bool]]) -> None:
    predictor, counter, expected, counted = Predictor(2), 1, 0, 0
    for taken in parts:
        counted += predictor.wrong(7, np.array(taken, bool))
        for one in taken:
            expected += (counter >= 2) is not one
            counter = min(3, counter + 1) if one else max(0, counter - 1)
    assert counted == expected
