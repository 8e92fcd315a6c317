"""What the emulator has to model of a board beyond its memories."""

from __future__ import annotations

from mcuzoo.board.base import Address, Fact, Size, Table, Text, Word


class Window(Fact):
    """Addresses that the emulated chip decodes; anything else faults."""

    name: Text
    base: Address
    size: Size


class Register(Fact):
    """A register that reads something other than what was written.

    reset: its value when the boot ROM has done its work. always_set: bits that read 1 whatever
    was written (locked, stable, done).
    """

    name: Text
    addr: Address
    reset: Word = 0
    always_set: Word = 0


class Emulation(Table):
    windows: tuple[Window, ...] = ()
    registers: tuple[Register, ...] = ()
