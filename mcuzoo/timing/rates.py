"""Measured rates of a board's memories: a file of `mcuzoo calibrate`, and the board that has them.

The file is TOML and comes from anybody: it is bounded, and holds numbers and words alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from mcuzoo.board.base import Flag, Hertz, Identifier, Label, Size, Table
from mcuzoo.board.memory import ReadSpeed
from mcuzoo.board.model import Board
from mcuzoo.board.rated import RatesOf
from mcuzoo.errors import InputError
from mcuzoo.untrusted import parse_toml, read_text

MAX_BYTES = 64 << 10
_HINT = "mcuzoo calibrate --port P --board B -o FILE writes such a file; see docs/calibrate.md."
LEAST_CYCLES, MOST_CYCLES = 0.25, 100_000
"""Of a line."""
_MAX_HERTZ = 0xFFFF_FFFF

LineCycles = Annotated[float, Field(strict=True, ge=LEAST_CYCLES, le=MOST_CYCLES)]
WaitCycles = Annotated[float, Field(strict=True, ge=0, le=MOST_CYCLES)]
Factor = Annotated[float, Field(strict=True, ge=0.1, le=10)]
Date = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
BuildId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class RegionRates(Table):
    """What a line of the data cache takes out of a memory, in core cycles.

    line_cycles: when it follows the one before. wait_cycles: more, where it does not, and before
    the first of every `run_bytes`; None: of every line.
    """

    line_cycles: LineCycles
    wait_cycles: WaitCycles = 0.0
    run_bytes: Size | None = None


class Rates(Table):
    """The rates that were measured on one board.

    rates: the version of the file. board: its id. serial: of its debug probe or adapter, "" where
    it is not known. date: YYYY-MM-DD. emulated: no board, but an emulated one. build_id, mcuzoo,
    toolchain: the firmware that measured, and what made it. core_clock_hz, line_bytes: of the core
    and its data cache. regions: by name, those that were measured. kernels: measured / modelled
    core cycles, by class of kernels.
    """

    rates: Literal[1]
    board: Identifier
    serial: Label | Literal[""] = ""
    date: Date
    emulated: Flag
    build_id: BuildId
    mcuzoo: Label
    toolchain: Label
    core_clock_hz: Hertz
    line_bytes: Annotated[int, Field(strict=True, ge=4, le=1024)]
    regions: Annotated[dict[Identifier, RegionRates], Field(max_length=32)]
    kernels: Annotated[dict[Identifier, Factor], Field(max_length=64)] = Field(default_factory=dict)

    @property
    def origin(self) -> RatesOf:
        return RatesOf(
            self.board,
            self.date,
            self.build_id,
            self.serial,
            self.emulated,
            tuple(self.kernels.items()),
        )


def read_rates(path: Path) -> Rates:
    """The rates in the file at `path`. Raises InputError."""
    try:
        table = parse_toml(read_text(path, MAX_BYTES), MAX_BYTES)
        return Rates.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        said = f"{where}: {first['msg'].removeprefix('Value error, ')}"
        raise InputError(f"{path} is no file of measured rates: {said}.", _HINT) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as measured rates: {error}.", _HINT) from None


def rates_text(rates: Rates, comments: Mapping[str, str] = {}) -> str:
    """The rates as a TOML file. comments: one line behind a region, by its name."""
    what = "an emulated board: no measurement" if rates.emulated else "a board"
    lines = [
        f"# Rates of {what}, by mcuzoo calibrate. docs/calibrate.md says who reads this file.",
        f"rates = {rates.rates}",
        *(
            f"{key} = {_quoted(getattr(rates, key))}"
            for key in ("board", "serial", "date", "build_id", "mcuzoo", "toolchain")
        ),
        f"emulated = {str(rates.emulated).lower()}",
        f"core_clock_hz = {rates.core_clock_hz}",
        f"line_bytes = {rates.line_bytes}",
        "",
        "# Core cycles of a line of the data cache that follows the one before, and how many more",
        "# it takes where it does not, and before the first of each run.",
        "[regions]",
    ]
    for name, region in rates.regions.items():
        run = "" if region.run_bytes is None else f", run_bytes = {region.run_bytes}"
        comment = f"  # {comments[name]}" if name in comments else ""
        lines.append(
            f"{name} = {{ line_cycles = {region.line_cycles:.3f}, "
            f"wait_cycles = {region.wait_cycles:.3f}{run} }}{comment}"
        )
    if rates.kernels:
        lines += ["", "# Measured / modelled core cycles, without waits for memory.", "[kernels]"]
        lines += [f"{name} = {factor:.4f}" for name, factor in rates.kernels.items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """`text`, which can be printed, as a string of TOML."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def with_rates(board: Board, rates: Rates) -> Board:
    """`board` with the memories that were measured reading as fast as they did.

    Regions that were not measured stay as the board file says. Raises InputError where the rates
    are another board's, or of another clock.
    """
    if rates.board != board.id:
        raise InputError(
            f"The rates are those of {rates.board}, and the board is {board.id}.",
            f"mcuzoo calibrate --board {board.id} measures it.",
        )
    core = board.core
    if (rates.core_clock_hz, rates.line_bytes) != (core.clock_hz, core.dcache_line_bytes):
        raise InputError(
            f"The rates were measured at {rates.core_clock_hz:,} Hz with lines of "
            f"{rates.line_bytes} bytes; {board.id} has {core.clock_hz:,} Hz and "
            f"{core.dcache_line_bytes}.",
            f"mcuzoo calibrate --board {board.id} measures it again.",
        )
    cached = {region.name for region in board.regions if region.cacheable}
    unknown = sorted(set(rates.regions) - cached)
    if unknown:
        raise InputError(
            f"The rates have {unknown[0]!r}, and {board.id} has no cached memory of that name.",
            f"mcuzoo calibrate --board {board.id} measures it again.",
        )
    origin = rates.origin
    regions = tuple(
        region.model_copy(update={"read": _read_speed(rates, rates.regions[region.name], origin)})
        if region.name in rates.regions
        else region
        for region in board.regions
    )
    return board.model_copy(update={"regions": regions}).rated(origin)


def rated(board: Board, file: Path | None) -> Board:
    """`board` with the rates in `file`, or as it is without one. Raises InputError."""
    return board if file is None else with_rates(board, read_rates(file))


def _read_speed(rates: Rates, region: RegionRates, origin: RatesOf) -> ReadSpeed:
    """As a bus whose clock is so fast that its whole clocks say the cycles to better than 1 %."""
    bits = next(
        bits
        for bits in (1 << power for power in range(17))
        if _bus_hertz(rates, region, bits) <= _MAX_HERTZ
    )
    clock_hz = _bus_hertz(rates, region, bits)
    per_clock = rates.core_clock_hz / clock_hz
    return ReadSpeed(
        clock_hz=clock_hz,
        bits_per_clock=bits,
        wait_clocks=min(1 << 16, round(region.wait_cycles / per_clock)),
        run_bytes=region.run_bytes,
        source=origin.origin,
    )


def _bus_hertz(rates: Rates, region: RegionRates, bits: int) -> int:
    """The clock of a bus of `bits` that gives a line in the cycles that it takes."""
    return max(1, round(rates.core_clock_hz * rates.line_bytes * 8 / bits / region.line_cycles))
