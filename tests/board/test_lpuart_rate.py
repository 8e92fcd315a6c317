"""The firmware's choice of baud rate divisors, compiled for this machine."""

from __future__ import annotations

import ctypes

import pytest
from helpers.host_firmware import shared_library
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.board.load import list_boards
from mcuzoo.board.lpuart import MAX_BAUD_ERROR, closest_baud
from mcuzoo.board.model import Board
from mcuzoo.resources import firmware_dir

CLOCKS_HZ = st.sampled_from([24_000_000, 80_000_000, 240_000_000])
MAX_DIVISOR = 8191


class Rate(ctypes.Structure):
    _fields_ = (("oversampling", ctypes.c_uint32), ("divisor", ctypes.c_uint32))


class Lpuart:
    def __init__(self, library: ctypes.CDLL) -> None:
        self._closest = library.mz_lpuart_closest_rate
        self._closest.argtypes = (ctypes.c_uint32, ctypes.c_uint32)
        self._closest.restype = Rate

    def closest(self, clock_hz: int, baud: int) -> tuple[int, int]:
        rate = self._closest(clock_hz, baud)
        return rate.oversampling, rate.divisor


@pytest.fixture(scope="module")
def lpuart(tmp_path_factory: pytest.TempPathFactory) -> Lpuart:
    library = tmp_path_factory.mktemp("lpuart") / "lpuart.so"
    source = firmware_dir() / "port" / "console" / "mz_lpuart_rate.c"
    return Lpuart(shared_library(library, [source]))


def best_error(clock_hz: int, baud: int) -> int:
    """The smallest error of any pair of divisors, tried one by one near the right product."""
    errors = []
    for oversampling in range(4, 33):
        near = clock_hz // (oversampling * baud)
        for divisor in range(max(1, near - 1), min(MAX_DIVISOR, near + 2) + 1):
            errors.append(abs(clock_hz // (oversampling * divisor) - baud))
    return min(errors)


@given(clock_hz=CLOCKS_HZ, baud=st.integers(9600, 6_000_000))
def test_rate_is_within_a_hertz_of_the_best(lpuart: Lpuart, clock_hz: int, baud: int) -> None:
    oversampling, divisor = lpuart.closest(clock_hz, baud)
    assert 4 <= oversampling <= 32
    assert 1 <= divisor <= MAX_DIVISOR
    error = abs(clock_hz // (oversampling * divisor) - baud)
    assert error <= best_error(clock_hz, baud) * 1.01 + 1


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
@pytest.mark.parametrize("baud", [115_200, 921_600, 3_000_000])
def test_usual_rates_are_close_enough(lpuart: Lpuart, board: Board, baud: int) -> None:
    oversampling, divisor = lpuart.closest(board.console.clock_hz, baud)
    assert abs(board.console.clock_hz / (oversampling * divisor) / baud - 1) < MAX_BAUD_ERROR


@given(clock_hz=CLOCKS_HZ, baud=st.integers(50, 6_000_000))
def test_board_files_are_checked_by_what_the_firmware_does(
    lpuart: Lpuart, clock_hz: int, baud: int
) -> None:
    oversampling, divisor = lpuart.closest(clock_hz, baud)
    made = clock_hz // (oversampling * divisor)
    assert abs(closest_baud(clock_hz, baud) - baud) == abs(made - baud)


def test_highest_rate(lpuart: Lpuart) -> None:
    assert lpuart.closest(24_000_000, 6_000_000) == (4, 1)
