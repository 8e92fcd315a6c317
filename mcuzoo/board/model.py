"""A board, as `boards/*.toml` and its chip's `boards/chips/*.toml` describe it together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from mcuzoo.board.base import (
    Address,
    Count,
    DeviceName,
    Fact,
    Hertz,
    Identifier,
    Label,
    Size,
    Token,
    is_one_of,
)
from mcuzoo.board.boot import Boot, Download
from mcuzoo.board.emulation import Emulation
from mcuzoo.board.lpuart import MAX_BAUD_ERROR, OVERSAMPLING, closest_baud
from mcuzoo.board.memory import Flash, Join, PeripheralWindow, Region, RegionKind, joined
from mcuzoo.board.rated import RatesOf
from mcuzoo.board.sdk import Sdk
from mcuzoo.board.startup import Startup


class Core(Fact):
    """The core that runs the model. icache_bytes and dcache_bytes are the level-1 caches, of which
    the latter is filled by lines of dcache_line_bytes."""

    name: Token
    fpu: Literal["fpv5-d16", "fpv5-sp-d16"]
    clock_hz: Hertz
    mpu_regions: Count
    icache_bytes: Size
    dcache_bytes: Size
    dcache_line_bytes: Size = 32


class Console(Fact):
    """The UART that the host talks to. clock_hz: what feeds its baud rate generator."""

    name: Label
    base: Address
    irq: Annotated[int, Field(strict=True, ge=0, lt=240)]
    clock_hz: Hertz
    baud: Hertz
    tx_pin: Label
    rx_pin: Label

    @property
    def max_baud(self) -> int:
        """Highest baud rate that the divider gives, oversampling as little as an LPUART can.

        What the firmware keeps up with may be less: 3 Mbaud were tried, in simulated time.
        """
        return self.clock_hz // OVERSAMPLING[0]

    @field_validator("baud")
    @classmethod
    def _within_clock(cls, baud: int, info: ValidationInfo) -> int:
        clock_hz = info.data.get("clock_hz")
        if clock_hz is None:
            return baud
        if baud > clock_hz // OVERSAMPLING[0]:
            raise ValueError(f"is above clock_hz / 4 = {clock_hz // OVERSAMPLING[0]}")
        closest = closest_baud(clock_hz, baud)
        if abs(closest - baud) > baud * MAX_BAUD_ERROR:
            raise ValueError(
                f"cannot be made of clock_hz: the closest is {closest}, "
                f"more than {MAX_BAUD_ERROR:.0%} off"
            )
        return baud


class Board(Fact):
    """One board and the core of it that is used.

    id: what --board takes. chip: the name of the chip's file. part: what is printed on the chip.
    sdk_board, sdk_core_id: names in NXP's MCUXpresso SDK; sdk: what else an application that is
    built in it has to know, None where the SDK has no such board. spsdk_family, pyocd_target,
    jlink_device, linkserver_device: names in those tools; None where a tool does not know the chip.
    download: None where the serial-download mode is not described.
    """

    id: Identifier
    name: Label
    chip: Identifier
    part: Label
    aliases: tuple[Identifier, ...] = ()
    sdk_board: Token
    sdk_core_id: Token
    spsdk_family: Token
    pyocd_target: Token | None = None
    jlink_device: Token | None = None
    linkserver_device: DeviceName | None = None
    core: Core
    regions: tuple[Region, ...]
    joins: tuple[Join, ...] = ()
    peripherals: tuple[PeripheralWindow, ...]
    flash: Flash
    boot: Boot
    download: Download | None = None
    console: Console
    startup: Startup
    sdk: Sdk | None = None
    emulator: Emulation
    _files: dict[str, str] = PrivateAttr(default_factory=dict)
    _rates: RatesOf | None = PrivateAttr(default=None)

    @property
    def files(self) -> dict[str, str]:
        """The files that it was read from, text by name: `board.toml`, and `chips/*.toml` beside
        it; empty when there were none."""
        return dict(self._files)

    def model_post_init(self, context: Any) -> None:
        """Takes `files` from the context of the validation."""
        self._files = dict((context or {}).get("files", {}))

    @property
    def rates(self) -> RatesOf | None:
        """Where the read speeds of its regions were measured; None: they are computed from clocks
        and bus widths."""
        return self._rates

    def rated(self, rates: RatesOf | None) -> Board:
        """The same board, whose read speeds are from `rates`."""
        board = self.model_copy()
        board._rates = rates
        return board

    def with_sdram(self) -> Board:
        """The board as it is once `startup.sdram` has been done; itself when there is none."""
        if not self.startup.sdram:
            return self
        regions = tuple(
            region.model_copy(update={"initialized": True})
            if region.kind is RegionKind.SDRAM
            else region
            for region in self.regions
        )
        return self.model_copy(update={"regions": regions})

    def started_for(self, names: Iterable[str | None]) -> Board:
        """The board as a firmware starts it that has something in the memories `names`."""
        named = set(names)
        off = (region.name for region in self.regions_of(RegionKind.SDRAM))
        return self.with_sdram() if not named.isdisjoint(off) else self

    @property
    def memories(self) -> tuple[Region, ...]:
        """Where something may be placed: the regions, joined ones as one, in their order."""
        found: dict[str, Region] = {}
        for region in self.regions:
            join = next((one for one in self.joins if region.name in one.regions), None)
            memory = region if join is None else self._joined(join)
            found.setdefault(memory.name, memory)
        return tuple(found.values())

    def apart(self, names: Iterable[str | None]) -> Board:
        """The board without the joins of which `names` has a single part: who names a part means
        that part alone."""
        named = set(names)
        joins = tuple(join for join in self.joins if named.isdisjoint(join.regions))
        return self if joins == self.joins else self.model_copy(update={"joins": joins})

    def region(self, name: str) -> Region:
        """The region called `name`, or the memory of several; KeyError when there is none."""
        for region in self.regions:
            if region.name == name:
                return region
        for join in self.joins:
            if join.name == name:
                return self._joined(join)
        raise KeyError(name)

    def _joined(self, join: Join) -> Region:
        return joined(join, [self.region(name) for name in join.regions])

    def regions_of(self, kind: RegionKind | str) -> tuple[Region, ...]:
        return tuple(region for region in self.regions if region.kind == RegionKind(kind))

    @property
    def flash_region(self) -> Region:
        return self.region(self.flash.region)

    @property
    def known_as(self) -> tuple[str, ...]:
        """The names of the board; see is_called."""
        own = (self.id, self.name, self.part, self.sdk_board, self.spsdk_family, self.pyocd_target)
        return tuple(dict.fromkeys(name for name in (*own, *self.aliases) if name))

    def is_called(self, name: str) -> bool:
        """Whether `name` means this board, in any case and with anything between its words.

        Such as "rt1170", "MIMXRT1170-EVKB", "evkbmimxrt1170" or "i.MX RT1170 EVKB".
        """
        return is_one_of(name, self.known_as)
