"""When a stack is called nearly used up."""

from __future__ import annotations

import pytest

from mcuzoo.link.counts import StackUse, stack_use


@pytest.mark.parametrize("used", [0, 980, 7372])
def test_enough_is_left(used: int) -> None:
    assert StackUse(8192, used).warning is None


def test_little_is_left() -> None:
    assert StackUse(8192, 7500).warning == "The stack's 8,192 bytes were used up to the last 692."


def test_nothing_is_left() -> None:
    assert (
        StackUse(8192, 8192).warning
        == "The stack's 8,192 bytes were used up to the last one, and perhaps beyond it."
    )


def test_a_board_that_does_not_know() -> None:
    assert stack_use(0, 0) is None
    assert stack_use(8192, 100) == StackUse(8192, 100)
