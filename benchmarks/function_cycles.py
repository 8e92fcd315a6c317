"""Modelled cycles of a function of assembler or C, whoever wrote it: compiled, run, counted.

It runs in unicorn's Cortex-M7, at the addresses of an RT1050; what it executes goes through
mcuzoo's own cycle model, mcuzoo.timing, with the caches and memories of whatever chip is asked for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcuzoo.board.load import load_board
from mcuzoo.board.memory import ReadSpeed, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.errors import ToolchainError
from mcuzoo.timing.cycles import Cycles
from mcuzoo.timing.meter import CycleMeter
from mcuzoo.toolchain.sizes import read_sections, read_symbols

BOARD = "rt1050"
"""Its addresses are used."""

PLACES = {"itcm": 0x0, "dtcm": 0x2000_0000, "ram": 0x2020_0000, "flash": 0x6000_0000}
"""Where code, constants and data may lie: in memory as fast as the core, or behind the caches."""

_BYTES = 0x20_0000
_STACK_BYTES = 0x8000
_CALLS = 8
_MOST_INSTRUCTIONS = 300_000_000
_FLAGS = (
    "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-ffunction-sections",
    "-fno-math-errno", "-w", "-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs",
    "-Wl,--unresolved-symbols=ignore-all", "-Wl,--gc-sections",
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A call of `function` with up to four `arguments`. memory: bytes that are put there first."""

    function: str
    arguments: Sequence[int] = ()
    memory: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """Keys of PLACES: where the code lies, its constants, and the data with the stack."""

    code: str = "itcm"
    constants: str = "dtcm"
    data: str = "dtcm"

    @property
    def scratch(self) -> int:
        """First address of what calls may use."""
        return PLACES[self.data] + _BYTES // 2


def chip_like(silicon: Mapping[str, object]) -> Board:
    """The board with clock, caches and memories of another chip.

    silicon: clock_hz, icache_bytes, dcache_bytes; `flash` and `ram` as a region's `read`.
    """
    board = load_board(BOARD)
    speeds = {
        RegionKind.FLASH: ReadSpeed.model_validate(silicon["flash"]),
        RegionKind.OCRAM: ReadSpeed.model_validate(silicon["ram"]),
    }
    regions = tuple(
        region.model_copy(update={"read": speeds[region.kind], "size": max(region.size, _BYTES)})
        if region.kind in speeds
        else region
        for region in board.regions
    )
    core = board.core.model_copy(
        update={key: silicon[key] for key in ("clock_hz", "icache_bytes", "dcache_bytes")}
    )
    return board.model_copy(update={"core": core, "regions": regions})


def compiled(
    sources: Sequence[Path],
    folder: Path,
    layout: Layout,
    roots: Iterable[str],
    flags: Sequence[str] = ("-O2",),
) -> Path:
    """An ELF file of `sources`, with what the functions `roots` need. Raises ToolchainError."""
    script, elf = folder / "function.ld", folder / "function.elf"
    script.write_text(_script(layout))
    c_files = [str(source) for source in sources if source.suffix == ".c"]
    assembler = [str(source) for source in sources if source.suffix != ".c"]
    command = [
        "arm-none-eabi-gcc", *_FLAGS, *flags, *(f"-Wl,-u,{root}" for root in roots), "-T",
        str(script), "-o", str(elf), *c_files,
        *(["-x", "assembler-with-cpp", *assembler, "-x", "none"] if assembler else []), "-lm",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except OSError as error:
        raise ToolchainError(f"{command[0]}: {error}", "Install arm-none-eabi-gcc.") from error
    if done.returncode != 0:
        raise ToolchainError(f"{sources[0].name}: {done.stderr.strip()[-600:]}", "Look at it.")
    return elf


def _script(layout: Layout) -> str:
    """Sections in the order of the places; several in one place follow each other."""
    parts = {
        "code": ".text : { KEEP(*(.text .text.*)) }",
        "constants": ".rodata : { *(.rodata*) *(.eh_frame*) }",
        "data": ".data : { *(.data*) *(.bss*) *(COMMON) . = ALIGN(8); end = .; }",
    }
    lines, used = [], set()
    for name, section in parts.items():
        place = getattr(layout, name)
        if place not in used:
            lines.append(f". = {PLACES[place] + 0x400:#x};")
            used.add(place)
        lines.append(section)
    return "SECTIONS {\n" + "\n".join(lines) + "\n/DISCARD/ : { *(.ARM.*) *(.comment) } }\n"


def modelled_cycles(
    elf: Path, calls: Sequence[Call], layout: Layout, board: Board, rounds: int = _CALLS
) -> Cycles:
    """Of the last of `calls`, in the state that the others leave.

    The last one runs `rounds` times, so that caches and predictors know it.
    Raises ToolchainError when a function is not there or does not return.
    """
    import unicorn
    from unicorn import arm_const

    core: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    core.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
    for start in PLACES.values():
        core.mem_map(start, _BYTES)
    for section in read_sections(elf):
        if section.content:
            core.mem_write(section.address, bytes(section.content))
    back = PLACES["itcm"] + _BYTES - 0x100
    meter = CycleMeter(board, lambda at, size: bytes(core.mem_read(at, size)))

    def on_block(_core: object, address: int, size: int, _data: object) -> None:
        meter.sizes[address] = size
        meter.blocks.append(address)
        if meter.full:
            meter.count()

    def on_read(
        _core: object, _kind: int, address: int, size: int, _value: int, _data: object
    ) -> None:
        meter.accesses.append(address // meter.line_bytes << 1)

    def on_write(
        _core: object, _kind: int, address: int, size: int, _value: int, _data: object
    ) -> None:
        meter.accesses.append(address // meter.line_bytes << 1 | 1)

    core.hook_add(unicorn.UC_HOOK_BLOCK, on_block)
    for first, last in meter.cached:
        core.hook_add(unicorn.UC_HOOK_MEM_READ, on_read, None, first, last)
        core.hook_add(unicorn.UC_HOOK_MEM_WRITE, on_write, None, first, last)
    names = {call.function for call in calls}
    addresses = read_symbols(elf, tuple(names))
    if lacking := sorted(names - set(addresses)):
        raise ToolchainError(f"{elf.name} has no {', '.join(lacking)}.", "Name another function.")
    registers = [getattr(arm_const, f"UC_ARM_REG_R{number}") for number in range(4)]
    spent = Cycles()
    for call in (*calls[:-1], *[calls[-1]] * rounds):
        for address, content in call.memory.items():
            core.mem_write(address, content)
        for register, value in zip(registers, call.arguments, strict=False):
            core.reg_write(register, value)
        core.reg_write(arm_const.UC_ARM_REG_SP, PLACES[layout.data] + _BYTES - _STACK_BYTES)
        core.reg_write(arm_const.UC_ARM_REG_LR, back | 1)
        meter.count()
        before = meter.cycles
        try:
            core.emu_start(addresses[call.function] | 1, back, count=_MOST_INSTRUCTIONS)
        except unicorn.UcError as error:
            at = core.reg_read(arm_const.UC_ARM_REG_PC)
            raise ToolchainError(
                f"{call.function}: {error} at {at:#x}", "Look at its arguments."
            ) from error
        meter.count()
        spent = meter.cycles.plus(before, -1)
    return spent
