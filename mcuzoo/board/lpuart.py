"""The baud rates of the i.MX RT's LPUART: clock / (oversampling * divisor)."""

from __future__ import annotations

OVERSAMPLING = range(4, 33)
DIVISORS = range(1, 8192)
MAX_BAUD_ERROR = 0.02
"""Ten bits tolerate about 4 % between both ends; half of that is the board's."""
BITS_PER_BYTE = 10
"""A byte on an asynchronous line: start bit, eight data bits, stop bit."""


def makes(clock_hz: int, baud: int) -> bool:
    """Whether dividing the clock gives `baud` within MAX_BAUD_ERROR."""
    if not 0 < baud <= clock_hz // OVERSAMPLING[0]:
        return False
    return abs(closest_baud(clock_hz, baud) - baud) <= baud * MAX_BAUD_ERROR


def closest_baud(clock_hz: int, baud: int) -> int:
    """The rate nearest to `baud`, in whole hertz, as `mz_lpuart_closest_rate` finds it."""
    rates = (_closest(clock_hz, baud, oversampling) for oversampling in OVERSAMPLING)
    return min(rates, key=lambda rate: abs(rate - baud))


def _closest(clock_hz: int, baud: int, oversampling: int) -> int:
    step = baud * oversampling
    divisor = (clock_hz + step // 2) // step
    return clock_hz // (oversampling * min(max(divisor, DIVISORS[0]), DIVISORS[-1]))
