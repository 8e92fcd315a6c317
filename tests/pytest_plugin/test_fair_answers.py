"""Answers are equal byte for byte, or where a delegate computed one of them, by their class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from helpers.fake_board import HELLO, MANIFEST

from mcuzoo.data.labels import Classes
from mcuzoo.pytest_plugin.failures import compared, which_broke
from mcuzoo.pytest_plugin.leased import HOST, Asked
from mcuzoo.run.open_board import Answer, board_answer, classification, with_classes
from mcuzoo.run.record import Row

RIGHT = np.array([1, 9, 3, 0, 0, 0], np.int8)
OFF = np.array([1, 7, 5, 0, 0, 0], np.int8)
FLIP = np.array([1, 7, 9, 0, 0, 0], np.int8)


def board(output: Any, delegate: str) -> Answer:
    given = board_answer(output, RIGHT, 5, replace(HELLO, delegate=delegate))
    return with_classes(replace(given, image="a.png", by="b1"), MANIFEST)


def host() -> Answer:
    return with_classes(Answer(RIGHT, None, None, "", 0, image="a.png", by=HOST), MANIFEST)


def test_kernels_of_ours_are_held_to_the_byte() -> None:
    assert board(RIGHT, "") == host() and board(RIGHT, "").agrees
    assert board(OFF, "") != host() and board(OFF, "").agrees is False


def test_a_delegate_is_held_to_the_class() -> None:
    for same in (RIGHT, OFF):
        assert board(same, "ethosu") == host() == board(same, "ethosu")
        assert board(same, "ethosu").agrees
    assert board(OFF, "ethosu").equal is False
    assert board(FLIP, "ethosu") != host() and board(FLIP, "ethosu").agrees is False
    nothing = replace(board(OFF, "ethosu"), expected=None, expected_top1=None)
    assert nothing.agrees is None


def test_classifications_are_equal_as_their_answers() -> None:
    classes = Classes(6, ("a", "b", "c", "d", "e", "f"))

    def seen(answer: Answer) -> Any:
        return classification(answer, MANIFEST, classes)

    assert seen(board(OFF, "vx")) == seen(host()) != seen(board(FLIP, "vx"))
    assert seen(board(OFF, "")) != seen(host()) == seen(board(RIGHT, ""))
    told = compared("==", seen(board(FLIP, "vx")), seen(host()), Path("/"))
    assert told is not None and told[-1].startswith("broke     the delegate: vx computes by")
    told = compared("==", seen(board(OFF, "")), seen(host()), Path("/"))
    assert told is not None and told[-1] == "broke     the firmware"


def test_what_a_failing_test_blames() -> None:
    def blamed(output: Any, delegate: str) -> str:
        row = Row(0, "a.png", None, None)
        leased: Any = type("Leased", (), {"name": "b1", "asked": []})()
        leased.asked.append(Asked("a.png", "", row, board(output, delegate)))
        bench: Any = type("Bench", (), {"runs": []})()
        return which_broke(bench, leased, None)

    assert blamed(OFF, "").startswith("the firmware")
    assert blamed(FLIP, "ethosu").startswith("the delegate: ethosu")
    assert blamed(OFF, "ethosu").endswith("the host's, class for class")
    assert blamed(RIGHT, "").endswith("the host's, byte for byte")
