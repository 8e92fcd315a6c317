"""Peripherals as the board file declares them: registers that hold, lock, follow and report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mcuzoo.board.emulation import Instance, Register, Window
from mcuzoo.board.model import Board
from mcuzoo.emulator.engine import Access, UndeclaredAccess


class _Role(Enum):
    VALUE = 0
    SET = 4
    CLEAR = 8
    TOGGLE = 12


@dataclass(frozen=True)
class _Cell:
    """What an address refers to: a register, directly or through an alias, from `offset` on."""

    instance: Instance
    register: Register
    role: _Role
    offset: int


class Peripheral:
    """The registers of one window, with the values that the image finds."""

    def __init__(self, window: Window) -> None:
        self._base = window.base
        self._values: dict[str, int] = {}
        self._cells: dict[int, _Cell] = {}
        self._direct: dict[str, _Cell] = {}
        for register in window.registers:
            for instance in register.instances():
                self._values[instance.name] = register.reset
                for role in _Role if register.set_clear_toggle else (_Role.VALUE,):
                    cell = _Cell(instance, register, role, instance.offset + role.value)
                    self._direct.setdefault(instance.name, cell)
                    for byte in range(register.bits // 8):
                        self._cells[cell.offset + byte] = cell

    def value(self, name: str) -> int:
        """What a read of register `name` gives."""
        value, cell = self._values[name], self._direct[name]
        for follow in cell.register.follows:
            followed = self._values[follow.to(cell.instance.index)]
            holds = followed & follow.of == follow.wanted
            value = value | follow.mask if holds else value & ~follow.mask
        return value

    def read(self, offset: int, size: int) -> int:
        cell = self._cells.get(offset)
        if cell is None or self._cells.get(offset + size - 1) is not cell:
            raise UndeclaredAccess(Access(self._base + offset, size, write=False))
        shift = 8 * (offset - cell.offset)
        return self.value(cell.instance.name) >> shift & (1 << 8 * size) - 1

    def write(self, offset: int, size: int, value: int) -> None:
        cell = self._cells.get(offset)
        if cell is None or self._cells.get(offset + size - 1) is not cell:
            raise UndeclaredAccess(Access(self._base + offset, size, write=True, value=value))
        register, name, shift = cell.register, cell.instance.name, 8 * (offset - cell.offset)
        written = (1 << 8 * size) - 1 << shift
        value <<= shift
        old = self._values[name]
        if old & register.locked_by:
            return
        if cell.role is _Role.SET:
            new = old | value
        elif cell.role is _Role.CLEAR:
            new = old & ~value
        elif cell.role is _Role.TOGGLE:
            new = old ^ value
        else:
            new = old & ~written | value & written
        changed = register.writable & ~register.clear_on_one
        new = old & ~changed | new & changed
        if cell.role is _Role.VALUE:
            new &= ~(value & register.clear_on_one)
        self._values[name] = new
        for effect in register.raises:
            self._values[effect.to(cell.instance.index)] |= effect.mask


def nearest_register(board: Board, address: int) -> str:
    """The declared register closest to `address`, for messages."""
    known = [
        (window.base + instance.offset, f"{window.name}.{instance.name}")
        for window in board.emulator.windows
        for register in window.registers
        for instance in register.instances()
    ]
    known.append((board.console.base, board.console.name))
    at, name = min(known, key=lambda entry: abs(entry[0] - address))
    return f"{name} at {at:#010x}"
