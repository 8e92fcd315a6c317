"""Which rates are tried: those that both ends make within 2 %."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.board.load import list_boards
from mcuzoo.board.lpuart import closest_baud
from mcuzoo.link.rates import RATES, BoardRates, candidates

CLOCKS = sorted({board.console.clock_hz for board in list_boards()})


@given(
    clock_hz=st.one_of(st.sampled_from(CLOCKS), st.integers(1_000_000, 250_000_000)),
    default=st.sampled_from([9600, 115_200, 921_600]),
    max_baud=st.integers(1200, 20_000_000),
    failed=st.one_of(st.just(0), st.sampled_from(RATES)),
)
def test_what_is_tried(clock_hz: int, default: int, max_baud: int, failed: int) -> None:
    tried = candidates(BoardRates(clock_hz, default), max_baud, failed)
    assert tried == sorted(tried, reverse=True)
    for baud in tried:
        assert default < baud <= max_baud and baud <= clock_hz / 4
        assert not failed or baud < failed
        assert abs(closest_baud(clock_hz, baud) - baud) <= 0.02 * baud


def test_the_boards_rates() -> None:
    """80 and 24 MHz: 3 Mbaud is 1.2 % off on the one and exact on the other."""
    for clock_hz in CLOCKS:
        assert candidates(BoardRates(clock_hz, 115_200), 3_000_000)[0] == 3_000_000


def test_a_board_that_does_not_say_its_clock() -> None:
    assert candidates(BoardRates(0, 115_200), 1_000_000) == [1_000_000, 921_600, 460_800, 230_400]


def test_a_rate_of_ones_own() -> None:
    assert candidates(BoardRates(24_000_000, 115_200), 2_400_000)[0] == 2_400_000
