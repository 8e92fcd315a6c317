"""A board, as `boards/*.toml` describes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from mcuzoo.board.base import Address, Count, Fact, Hertz, Identifier, Size, Text
from mcuzoo.board.boot import Boot
from mcuzoo.board.emulation import Emulation
from mcuzoo.board.memory import Flash, PeripheralWindow, Region, RegionKind
from mcuzoo.board.startup import Startup


class Core(Fact):
    """The core that runs the model. icache_bytes and dcache_bytes are the level-1 caches."""

    name: Text
    fpu: Text
    clock_hz: Hertz
    mpu_regions: Count
    icache_bytes: Size
    dcache_bytes: Size


class Console(Fact):
    """The UART that the host talks to. clock_hz: what feeds its baud rate generator."""

    name: Text
    base: Address
    irq: Annotated[int, Field(strict=True, ge=0, lt=240)]
    clock_hz: Hertz
    baud: Hertz
    tx_pin: Text
    rx_pin: Text

    @property
    def max_baud(self) -> int:
        """Highest baud rate: an LPUART oversamples at least four times."""
        return self.clock_hz // 4

    @field_validator("baud")
    @classmethod
    def _within_clock(cls, baud: int, info: object) -> int:
        clock_hz = getattr(info, "data", {}).get("clock_hz")
        if clock_hz is not None and baud > clock_hz // 4:
            raise ValueError(f"is above clock_hz / 4 = {clock_hz // 4}")
        return baud


class Board(Fact):
    """One board and the core of it that is used.

    id: what --board takes. sdk_board, sdk_core_id: names in NXP's MCUXpresso SDK.
    spsdk_family, pyocd_target: names in those tools.
    """

    id: Identifier
    name: Text
    chip: Text
    aliases: tuple[Identifier, ...] = ()
    sdk_board: Text
    sdk_core_id: Text
    spsdk_family: Text
    pyocd_target: Text
    core: Core
    regions: tuple[Region, ...]
    peripherals: tuple[PeripheralWindow, ...]
    flash: Flash
    boot: Boot
    console: Console
    startup: Startup
    emulator: Emulation

    def region(self, name: str) -> Region:
        """The region called `name`; KeyError when there is none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(name)

    def regions_of(self, kind: RegionKind | str) -> tuple[Region, ...]:
        return tuple(region for region in self.regions if region.kind == RegionKind(kind))

    @property
    def flash_region(self) -> Region:
        return self.region(self.flash.region)

    @property
    def known_as(self) -> tuple[str, ...]:
        """Every name that `--board` accepts."""
        return (self.id, *self.aliases)
