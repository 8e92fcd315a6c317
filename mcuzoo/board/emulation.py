"""What the emulator has to model of a board beyond its memories, core and console."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mcuzoo.board.base import (
    Address,
    Count,
    Fact,
    Flag,
    Identifier,
    Offset,
    Size,
    Table,
    Text,
    Word,
)

WINDOW_ALIGNMENT = 0x1000
_SCT_BYTES = 16
_INDEX = "#"


class Reference(Table):
    """Another register, by name; # in the name stands for the index of this register."""

    register_name: Annotated[Text, Field(alias="register")]

    def to(self, index: int) -> str:
        """The name of the register referred to, for the register with that index."""
        return self.register_name.replace(_INDEX, str(index))


class Follow(Reference):
    """`mask` reads as ones exactly while `register & of == equals`, whatever was written.

    equals: all bits of `of` when not given. register: a register of the same window.
    """

    mask: Word
    of: Word
    equals: Word | None = None

    @property
    def wanted(self) -> int:
        return self.of if self.equals is None else self.equals


class Raise(Reference):
    """Writing the register sets `mask` in another `register` of the same window."""

    mask: Word


@dataclass(frozen=True)
class Instance:
    """One of the registers that a table describes: the index-th, `offset` bytes into its window.
    name: of the register."""

    name: str
    index: int
    offset: int


class Register(Table):
    """A register, or `count` alike ones every `stride` bytes with # for the index in `name`.

    reset: the value after the boot ROM, which the image finds. writable: bits that a write changes.
    clear_on_one: bits that are cleared by writing ones. locked_by: while one of these bits is set,
    writes are ignored. set_clear_toggle: aliases at +4, +8, +12 set, clear and toggle bits.
    """

    name: Text
    offset: Offset
    bits: Literal[8, 16, 32] = 32
    count: Count = 1
    stride: Size = 4
    reset: Word = 0
    writable: Word = 0xFFFF_FFFF
    clear_on_one: Word = 0
    locked_by: Word = 0
    set_clear_toggle: Flag = False
    follows: tuple[Follow, ...] = ()
    raises: tuple[Raise, ...] = ()

    @property
    def bytes(self) -> int:
        """Bytes that one instance takes."""
        return _SCT_BYTES if self.set_clear_toggle else self.bits // 8

    def instances(self) -> Iterator[Instance]:
        for index in range(self.count):
            name = self.name.replace(_INDEX, str(index))
            yield Instance(name, index, self.offset + index * self.stride)

    @model_validator(mode="after")
    def _indexed(self) -> Register:
        if (self.count > 1) != (_INDEX in self.name):
            raise ValueError(f"{self.name}: a name has {_INDEX} exactly when count is above 1")
        return self


class Window(Fact):
    """A peripheral: the registers in it can be accessed, the rest of it cannot."""

    name: Text
    base: Address
    size: Size
    registers: Annotated[tuple[Register, ...], Field(min_length=1)]

    @property
    def end(self) -> int:
        """First address after the window."""
        return self.base + self.size

    @model_validator(mode="after")
    def _consistent(self) -> Window:
        if self.base % WINDOW_ALIGNMENT or self.size % WINDOW_ALIGNMENT:
            raise ValueError(f"window {self.name} is not {WINDOW_ALIGNMENT}-byte aligned")
        spans = sorted(
            (instance.offset, instance.offset + register.bytes, instance.name)
            for register in self.registers
            for instance in register.instances()
        )
        for (_, end, name), (start, _, next_name) in pairwise(spans):
            if start < end:
                raise ValueError(f"registers {name} and {next_name} of {self.name} overlap")
        if spans[-1][1] > self.size:
            raise ValueError(f"register {spans[-1][2]} lies outside window {self.name}")
        names = {name for _, _, name in spans}
        for register in self.registers:
            references: tuple[Reference, ...] = (*register.follows, *register.raises)
            for reference, index in product(references, range(register.count)):
                if reference.to(index) not in names:
                    raise ValueError(
                        f"{register.name} refers to {reference.to(index)!r}, "
                        f"which is no register of {self.name}"
                    )
        return self


class Need(Reference):
    """What must hold before the console can be used: `register & mask == value`.

    register: "WINDOW.NAME". why: what the firmware has forgotten when it does not hold.
    """

    mask: Word
    value: Word
    why: Text
    source: Text


class MemoryNeed(Need):
    """What must hold before the memory `region`, which is off after reset, can be touched."""

    region: Identifier


class Emulation(Table):
    """Peripherals besides the console's UART, and what the console and memories need of them."""

    windows: tuple[Window, ...] = ()
    console_needs: tuple[Need, ...] = ()
    memory_needs: tuple[MemoryNeed, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Emulation:
        for first, second in combinations(self.windows, 2):
            if first.base < second.end and second.base < first.end:
                raise ValueError(f"windows {first.name} and {second.name} overlap")
        names = {
            f"{window.name}.{instance.name}"
            for window in self.windows
            for register in window.registers
            for instance in register.instances()
        }
        for need in (*self.console_needs, *self.memory_needs):
            if need.register_name not in names:
                raise ValueError(f"{need.register_name!r} is no register of any window")
        return self
