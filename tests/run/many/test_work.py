"""The queue of a run on several boards: who gets which image, and when it is given up."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.data.images import FilePicture, Item
from mcuzoo.run.feed import Prepared
from mcuzoo.run.many.work import MOST_FAILURES, RECHECKS, Task, Work


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def image(index: int) -> Prepared:
    item = Item(index, f"{index}.png", FilePicture(Path(f"{index}.png")), None)
    return Prepared(item, np.full((1,), index % 100, np.int8), None, "ab" * 32)


def work_of(boards: str, images: int, common: int = 0, clock: Clock | None = None) -> Work:
    work = Work(list(boards), ahead=images + 1, common=range(common), clock=clock or Clock())
    for index in range(images):
        assert work.add(image(index))
    work.complete()
    return work


def taken(work: Work, board: str) -> Task:
    task = work.take(board)
    assert task is not None
    return task


def index_of(task: Task) -> int:
    return task.ready.item.index


def test_images_go_out_in_order_and_once() -> None:
    work = work_of("ab", 4)
    got = [(board, taken(work, board)) for board in "abab"]
    assert [index_of(task) for _, task in got] == [0, 1, 2, 3]
    assert all(work.answered(board, task, 0.1, wrong=False) for board, task in got)
    assert work.answered_all and work.take("a") is None and work.take("b") is None


def test_a_failed_image_goes_to_another_board() -> None:
    work = work_of("ab", 2)
    first = taken(work, "a")
    assert not work.failed("a", first, lost=False)
    second = taken(work, "a")
    assert index_of(second) == 1  # not the one that it could not answer
    assert taken(work, "b") is first


def test_the_only_board_tries_again_until_it_is_given_up() -> None:
    work = work_of("a", 1)
    for attempt in range(1, MOST_FAILURES + 1):
        given_up = work.failed("a", taken(work, "a"), lost=False)
        assert given_up is (attempt == MOST_FAILURES)
    assert work.answered_all and work.take("a") is None


def test_an_image_that_kills_boards_is_given_up_too() -> None:
    work = work_of("abcd", 1)
    ups = []
    for board in "abc":
        ups.append(work.failed(board, taken(work, board), lost=True))
        assert work.retire(board)
    assert ups == [False, False, True]


def test_a_retired_board_leaves_what_was_kept_for_it() -> None:
    work = work_of("ab", 2)
    first = taken(work, "a")
    kept = work.following("a")
    assert kept is not None and kept.item.index == 1
    assert work.retire("a")
    work.failed("a", first, lost=True)
    assert sorted(index_of(taken(work, "b")) for _ in range(2)) == [0, 1]
    assert not work.retire("b")


def test_what_is_kept_for_a_busy_board_may_be_taken() -> None:
    work = work_of("ab", 2)
    taken(work, "a")
    assert work.following("a") is work.following("a") is not None
    other = taken(work, "b")
    assert index_of(other) == 1 and work.following("a") is None


def test_the_following_image_is_the_next_one() -> None:
    work = work_of("ab", 5, common=1)
    for board in "ab":
        assert index_of(taken(work, board)) == 0
        following = work.following(board)
        assert following is not None
        assert taken(work, board).ready is following


def test_a_late_image_goes_to_an_idle_board_and_the_first_result_counts() -> None:
    clock = Clock()
    work = work_of("ab", 2, clock=clock)
    late, other = taken(work, "a"), taken(work, "b")
    assert work.answered("b", other, 0.2, wrong=False)
    clock.now = work.patience_s + 0.01
    assert taken(work, "b") is late
    assert work.answered("b", late, 0.2, wrong=False)
    assert work.answered_all and work.has_had_an_image_for("a") > work.patience_s
    assert not work.comparing("a")
    assert not work.answered("a", late, 9.0, wrong=False)  # too late


def test_common_images_go_to_every_board() -> None:
    work = work_of("abc", 3, common=1)
    tasks = [taken(work, board) for board in "abc"]
    assert [index_of(task) for task in tasks] == [0, 0, 0]
    assert [work.answered(board, tasks[0], 0.1, wrong=False) for board in "abc"] == [
        True, False, False,
    ]  # fmt: skip
    assert sorted(index_of(taken(work, board)) for board in "ab") == [1, 2]


def test_wrong_results_are_tried_once_on_another_board() -> None:
    work = work_of("ab", RECHECKS + 2)
    for _ in range(RECHECKS + 1):
        assert work.answered("a", taken(work, "a"), 0.1, wrong=True)
    for number in range(RECHECKS):
        again = taken(work, "b")
        assert index_of(again) == number and work.comparing("b")
        assert not work.answered("b", again, 0.1, wrong=True)
    assert index_of(taken(work, "b")) == RECHECKS + 1


def test_ended_work_gives_nothing_and_takes_nothing() -> None:
    work = Work(["a"], ahead=1, common=())
    assert work.add(image(0))
    waiting = threading.Thread(target=lambda: added.append(work.add(image(1))))
    added: list[bool] = []
    waiting.start()
    work.end()
    waiting.join(10)
    assert added == [False] and work.take("a") is None and not work.has_image("a")


@pytest.mark.parametrize("common", [0, 3])
@given(seed=st.integers(0, 10**6), boards=st.integers(1, 5), images=st.integers(1, 30))
def test_nothing_is_lost_or_answered_twice(
    common: int, seed: int, boards: int, images: int
) -> None:
    """Whatever boards do, in whatever order: each image has one first result or is given up."""
    chance = random.Random(seed)
    clock = Clock()
    names = [f"b{number}" for number in range(boards)]
    work = Work(names, images + 1, range(common), clock)
    for index in range(images):
        work.add(image(index))
    work.complete()
    at_work: dict[str, Task] = {}
    closed: list[int] = []
    live = set(names)
    for _ in range(2000):
        if work.answered_all:
            break
        clock.now += chance.random()
        name = chance.choice(sorted(live))
        if name not in at_work:
            task = work._pick(name)  # take() would wait
            if task is None:
                continue
            at_work[name] = taken(work, name)
            work.following(name)
            continue
        task = at_work.pop(name)
        fate = chance.random()
        if fate < 0.8:
            if work.answered(name, task, 0.1, wrong=fate < 0.1):
                closed.append(index_of(task))
        elif work.failed(name, task, lost=fate > 0.95):
            closed.append(index_of(task))
        elif fate > 0.95 and len(live) > 1:
            live.discard(name)
            assert work.retire(name)
    assert work.answered_all
    assert sorted(closed) == list(range(images))
