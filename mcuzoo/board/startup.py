"""Start-up as data: what has to be written where before main, and what has to be waited for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mcuzoo.board.base import Address, Fact, Table, Text, Word


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


class BitsStep(Table):
    """reg |= mask (set) or reg &= ~mask (clear)"""

    do: Literal["set", "clear"]
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


Step = Annotated[WriteStep | BitsStep | MaskedStep | DelayStep, Field(discriminator="do")]


class Stage(Fact):
    """Steps that belong together, in order; skipped unless every condition of `when` holds."""

    name: Text
    when: tuple[Condition, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class Startup(Table):
    clocks: tuple[Stage, ...] = ()
    pins: tuple[Stage, ...] = ()
