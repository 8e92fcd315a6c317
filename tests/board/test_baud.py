"""A baud rate for a board's console: what the UART's clock can give, and how far off it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.board.baud import baud_text, possible, with_baud
from mcuzoo.board.load import list_boards, load_board
from mcuzoo.board.lpuart import MAX_BAUD_ERROR, closest_baud
from mcuzoo.errors import UsageError


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
@pytest.mark.parametrize("baud", [9600, 115200, 460800, 921600, 2_000_000])
def test_rates_in_use_are_possible(board, baud: int) -> None:  # type: ignore[no-untyped-def]
    other = with_baud(board, baud)
    assert other.console.baud == baud
    assert other.files == board.files
    assert board.console.baud == 115_200
    text = baud_text(other.console)
    assert text.startswith(f"{baud} baud") and ("% off" in text) == (
        closest_baud(board.console.clock_hz, baud) != baud
    )


@pytest.mark.parametrize("baud", [50, 17_000_000, 10_000_000_000])
def test_others_are_refused_with_the_error(baud: int) -> None:
    with pytest.raises(
        UsageError, match=r"the closest that it gives is \d+, \d+\.\d\d % off"
    ) as no:
        with_baud(load_board("rt1170"), baud)
    assert no.value.hint.startswith("--baud 9600 " if baud == 50 else "--baud 3000000 ")


CONSOLE = load_board("rt1050").console


@given(st.integers(1, 30_000_000))
def test_what_is_accepted_is_close_enough(baud: int) -> None:
    given_hz = closest_baud(CONSOLE.clock_hz, baud)
    assert possible(CONSOLE, baud) == (abs(given_hz - baud) <= MAX_BAUD_ERROR * baud) or (
        baud > CONSOLE.max_baud
    )
