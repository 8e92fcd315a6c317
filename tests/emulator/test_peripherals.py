"""Declared registers, and the console's UART, without a core around them."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.memory_console import MemoryConsole

from mcuzoo.board.emulation import Register, Window
from mcuzoo.emulator.engine import UndeclaredAccess
from mcuzoo.emulator.lpuart import Lpuart, Transmitter
from mcuzoo.emulator.lpuart_registers import Surroundings
from mcuzoo.emulator.peripherals import Peripheral


def peripheral(*registers: dict[str, Any]) -> Peripheral:
    tables = tuple(Register.model_validate(register) for register in registers)
    window = Window(name="W", base=0x40000000, size=0x1000, registers=tables, source="test")
    return Peripheral(window)


def test_storage_and_read_only_bits() -> None:
    device = peripheral({"name": "A", "offset": 8, "reset": 0x12345678, "writable": 0x0000FFFF})
    assert device.read(8, 4) == 0x12345678
    device.write(8, 4, 0xAABBCCDD)
    assert device.read(8, 4) == 0x1234CCDD
    device.write(9, 1, 0xEE)
    assert device.read(8, 2) == 0xEEDD
    assert device.read(11, 1) == 0x12


def test_aliases_set_clear_and_toggle() -> None:
    device = peripheral(
        {"name": "A", "offset": 0, "reset": 0xF0, "writable": 0xFF, "set_clear_toggle": True}
    )
    device.write(4, 4, 0x10F)
    assert device.read(0, 4) == 0xFF
    device.write(8, 4, 0x0F)
    assert device.read(4, 4) == 0xF0
    device.write(12, 4, 0xFF)
    assert [device.read(offset, 4) for offset in (0, 4, 8, 12)] == [0x0F] * 4


def test_bits_that_follow() -> None:
    device = peripheral(
        {"name": "CTRL", "offset": 0},
        {
            "name": "STATUS",
            "offset": 4,
            "reset": 0x80,
            "writable": 0,
            "follows": [
                {"mask": 0x1, "register": "CTRL", "of": 0x6, "equals": 0x2},
                {"mask": 0x80, "register": "CTRL", "of": 0x8},
            ],
        },
    )
    assert device.read(4, 4) == 0
    device.write(0, 4, 0x2)
    assert device.read(4, 4) == 1
    device.write(0, 4, 0xE)
    assert device.read(4, 4) == 0x80


def test_lock_keeps_what_is_written() -> None:
    device = peripheral({"name": "A", "offset": 0, "locked_by": 0x8000_0000})
    device.write(0, 4, 0x1234)
    device.write(0, 4, 0x8000_5678)
    device.write(0, 4, 0)
    assert device.read(0, 4) == 0x8000_5678


def test_flags_are_raised_and_cleared_by_ones() -> None:
    device = peripheral(
        {"name": "FLAGS", "offset": 0, "writable": 0, "clear_on_one": 0x3},
        {"name": "COMMAND", "offset": 4, "raises": [{"register": "FLAGS", "mask": 0x7}]},
    )
    device.write(4, 4, 99)
    assert device.read(0, 4) == 7
    device.write(0, 4, 0x5)
    assert device.read(0, 4) == 6


def test_arrays_follow_their_own_index() -> None:
    device = peripheral(
        {"name": "GATE#", "offset": 0, "count": 4, "stride": 8},
        {
            "name": "GATE#_ON",
            "offset": 4,
            "count": 4,
            "stride": 8,
            "writable": 0,
            "follows": [{"mask": 1, "register": "GATE#", "of": 1}],
        },
    )
    device.write(16, 4, 1)
    assert [device.read(4 + 8 * index, 4) for index in range(4)] == [0, 0, 1, 0]
    assert device.value("GATE2_ON") == 1


@pytest.mark.parametrize(("offset", "size"), [(4, 4), (0, 4), (1, 2), (3, 1), (0xFFC, 4)])
def test_outside_of_any_register(offset: int, size: int) -> None:
    device = peripheral({"name": "A", "offset": 0, "bits": 16})
    with pytest.raises(UndeclaredAccess):
        device.read(offset, size)
    with pytest.raises(UndeclaredAccess):
        device.write(offset, size, 0)


BAUD, STAT, CTRL, DATA, FIFO, WATER, GLOBAL = 0x10, 0x14, 0x18, 0x1C, 0x28, 0x2C, 0x08
TDRE, TC, RDRF = 1 << 23, 1 << 22, 1 << 21
TE, RE = 1 << 19, 1 << 18


class Uart:
    """An LPUART at 24 MHz in front of a console; `said` collects its warnings."""

    def __init__(self) -> None:
        self.console = MemoryConsole()
        self.transmitter = Transmitter(self.console)
        self.said: list[str] = []
        around = Surroundings(
            check_needs=lambda: None,
            attention=lambda: False,
            wait_s=lambda: 0.0,
            waited=lambda: None,
            listen=lambda _: None,
            say=self.said.append,
        )
        self.device = Lpuart(0, 24_000_000, 115_200, self.console, self.transmitter, around)

    def on(self, fifo: int = 0x88, baud: int = 15 << 24 | 13) -> Lpuart:
        self.device.write(BAUD, 4, baud)
        self.device.write(FIFO, 4, fifo)
        self.device.write(CTRL, 4, TE | RE)
        return self.device

    def poll(self) -> int:
        """STAT, read often enough for the device to ask the console."""
        return [self.device.read(STAT, 4) for _ in range(20)][-1]


@pytest.fixture
def uart() -> Any:
    uart = Uart()
    yield uart
    uart.transmitter.close()


def test_uart_receives(uart: Uart) -> None:
    device = uart.on()
    assert uart.poll() == TDRE | TC
    uart.console.type(b"abcdef")
    assert uart.poll() == TDRE | TC | RDRF
    assert device.read(WATER, 4) >> 24 & 7 == 4  # as many as the FIFO holds
    assert bytes(device.read(DATA, 4) for _ in range(4)) == b"abcd"
    assert device.read(WATER, 4) >> 24 & 7 == 2
    assert bytes(device.read(DATA, 1) for _ in range(2)) == b"ef"
    assert device.read(STAT, 4) == TDRE | TC
    assert device.unread() == 0


def test_uart_without_fifo_holds_one_byte(uart: Uart) -> None:
    device = uart.on(fifo=0)
    uart.console.type(b"xy")
    assert uart.poll() & RDRF
    assert device.read(WATER, 4) >> 24 & 7 == 1


def test_uart_watermark(uart: Uart) -> None:
    device = uart.on()
    device.write(WATER, 4, 2 << 16)
    uart.console.type(b"ab")
    assert not uart.poll() & RDRF
    uart.console.type(b"c")
    assert uart.poll() & RDRF
    assert bytes(device.read(DATA, 4) for _ in range(3)) == b"abc"


def test_uart_underflow_is_reported_and_cleared(uart: Uart) -> None:
    device = uart.on()
    assert device.read(DATA, 4) == 1 << 12
    assert device.read(FIFO, 4) == 0x00C10011 | 0x88
    device.write(FIFO, 4, 0x88 | 1 << 16)
    assert device.read(FIFO, 4) == 0x00C00011 | 0x88


def test_uart_flush_empties_the_fifo(uart: Uart) -> None:
    device = uart.on()
    uart.console.type(b"abcdef")
    assert uart.poll() & RDRF
    device.write(FIFO, 4, 0x88 | 1 << 14)
    assert device.read(DATA, 4) == ord("e")


def test_uart_sends_when_it_is_on(uart: Uart) -> None:
    uart.device.write(DATA, 4, ord("-"))
    device = uart.on()
    for byte in b"sent":
        device.write(DATA, 4, byte)
    assert uart.console.read(4) == b"sent"
    device.write(GLOBAL, 4, 2)
    assert device.read(CTRL, 4) == 0
    device.write(DATA, 4, ord("-"))
    uart.transmitter.flush()
    device.write(GLOBAL, 4, 0)
    uart.on().write(DATA, 4, ord("."))
    assert uart.console.read(1) == b"."


def test_uart_does_not_receive_while_it_is_off(uart: Uart) -> None:
    uart.console.type(b"early")
    assert uart.poll() == TDRE | TC
    device = uart.on()
    assert uart.poll() & RDRF
    assert bytes(device.read(DATA, 4) for _ in range(5)) == b"early"


@pytest.mark.parametrize("word", [15 << 24 | 26, 15 << 24, 4 << 24 | 13])
def test_uart_wrong_baud_rate_is_said(uart: Uart, word: int) -> None:
    uart.on(baud=word)
    assert len(uart.said) == 1
    assert "115200" in uart.said[0]


@pytest.mark.parametrize("word", [15 << 24 | 13, 30 << 24 | 1 << 17 | 7, 3 << 24 | 52])
def test_uart_right_baud_rates(uart: Uart, word: int) -> None:
    """Within 3 percent: 115,385; 110,599 is not; see the parameters."""
    uart.on(baud=word)
    divisor = ((word >> 24 & 31) + 1) * (word & 0x1FFF)
    assert bool(uart.said) == (abs(24e6 / divisor - 115200) > 3456)
