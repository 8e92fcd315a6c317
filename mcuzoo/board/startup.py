"""Start-up as data: what has to be written where before main, and what has to be waited for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mcuzoo.board.base import Address, Count, Fact, Flag, Table, Text, Word


class Watchdog(Fact):
    """A watchdog to switch off right after reset.

    kind: "wdog" (16-bit registers; power_down: it also has a power-down counter) or "rtwdog"
    (32-bit registers behind an unlock sequence).
    """

    name: Text
    kind: Literal["wdog", "rtwdog"]
    base: Address
    power_down: Flag = False


class Condition(Table):
    """True when `reg & mask == value`."""

    reg: Text
    addr: Address
    mask: Word
    value: Word


class WriteStep(Table):
    """reg = value"""

    do: Literal["write"]
    reg: Text
    addr: Address
    value: Word
    why: Text | None = None


class FillStep(Table):
    """`count` registers in a row = value"""

    do: Literal["fill"]
    reg: Text
    addr: Address
    count: Count
    value: Word
    why: Text | None = None


class BitsStep(Table):
    """reg |= mask (set), reg &= ~mask (clear) or reg ^= mask (toggle)"""

    do: Literal["set", "clear", "toggle"]
    reg: Text
    addr: Address
    mask: Word
    why: Text | None = None


class MaskedStep(Table):
    """reg = (reg & ~mask) | value (modify), or wait until reg & mask == value (wait)"""

    do: Literal["modify", "wait"]
    reg: Text
    addr: Address
    mask: Word
    value: Word
    why: Text | None = None


class DelayStep(Table):
    """Let at least `us` microseconds pass."""

    do: Literal["delay"]
    us: Annotated[int, Field(strict=True, gt=0, le=10_000)]
    why: Text | None = None


Step = Annotated[
    WriteStep | FillStep | BitsStep | MaskedStep | DelayStep, Field(discriminator="do")
]


class Stage(Fact):
    """Steps that belong together, in order.

    They are taken when all conditions of `when` hold and none of `unless` does, as read when the
    stage begins.
    """

    name: Text
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class Startup(Table):
    """What happens before main, in the order watchdogs, clocks, pins.

    sdram: what follows where a firmware uses the SDRAM; without it no firmware can.
    """

    watchdogs: tuple[Watchdog, ...] = ()
    clocks: tuple[Stage, ...] = ()
    pins: tuple[Stage, ...] = ()
    sdram: tuple[Stage, ...] = ()
