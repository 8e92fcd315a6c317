"""When the console's LPUART waits for the host: only where the firmware has nothing else to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers.memory_console import MemoryConsole

from mcuzoo.board.model import Board
from mcuzoo.emulator.lpuart import Lpuart, Transmitter
from mcuzoo.emulator.lpuart_registers import (
    BAUD,
    CTRL,
    CTRL_RE,
    CTRL_RIE,
    CTRL_TE,
    DATA,
    FIFO,
    PATIENCE,
    STAT,
    WATER,
    Surroundings,
)


class Waits(MemoryConsole):
    """Counts how often the board waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    def receive(self, timeout_s: float) -> bytes:
        self.waits += timeout_s > 0
        return super().receive(0.0)


@pytest.fixture
def console() -> Waits:
    return Waits()


@pytest.fixture
def uart(console: Waits, rt1050: Board) -> Iterator[Lpuart]:
    around = Surroundings(
        check_needs=lambda: None,
        attention=lambda: False,
        wait_s=lambda: 1.0,
        waited=lambda: None,
        listen=lambda on: None,
        say=lambda text: None,
    )
    transmitter = Transmitter(console)
    place = rt1050.console
    yield Lpuart(place.base, place.clock_hz, place.baud, console, transmitter, around)
    transmitter.close()


def test_an_idle_driver_waits(uart: Lpuart, console: Waits) -> None:
    uart.write(CTRL, 4, CTRL_RE | CTRL_TE)
    for _ in range(PATIENCE):
        uart.read(STAT, 4)
    assert console.waits == 1


def test_settings_are_no_question_for_bytes(uart: Lpuart, console: Waits) -> None:
    uart.write(CTRL, 4, CTRL_RE | CTRL_TE)
    for _ in range(PATIENCE):
        uart.read(CTRL, 4)
        uart.read(BAUD, 4)
    assert console.waits == 0


def test_who_is_told_of_bytes_does_not_wait_for_them(uart: Lpuart, console: Waits) -> None:
    """NXP's driver reads STAT, FIFO and WATER for whatever it wants to know: a firmware that has an
    answer to send must not wait for the next request before it."""
    uart.write(CTRL, 4, CTRL_RE | CTRL_TE | CTRL_RIE)
    for _ in range(PATIENCE):
        for register in (STAT, FIFO, WATER):
            uart.read(register, 4)
    uart.write(DATA, 4, 0x55)
    assert console.waits == 0
