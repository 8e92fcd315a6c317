"""The sections of an ELF file, and how much of each memory region they take on the board."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuzoo.board.memory import symbol_of
from mcuzoo.errors import InputError
from mcuzoo.project.manifest import PlanEntry, RegionUse, TargetEntry

_ALLOCATED = 0x2
_EXECUTABLE = 0x4


@dataclass(frozen=True)
class Section:
    """A section at run time (`address`, `size_bytes`) and in flash (`load_address`, `content`).

    A section without content (.bss, stack, arena) is not loaded. executable: it holds code.
    """

    name: str
    address: int
    size_bytes: int
    load_address: int
    content: bytes
    executable: bool

    @property
    def end(self) -> int:
        return self.address + self.size_bytes

    @property
    def load_end(self) -> int:
        return self.load_address + len(self.content)


def read_sections(elf: Path) -> tuple[Section, ...]:
    """All allocated sections that are not empty, by address. Raises InputError for no ELF file."""
    with _parsed(elf) as parsed:
        segments = [segment for segment in parsed.iter_segments() if segment["p_type"] == "PT_LOAD"]
        sections = [
            _section(section, segments)
            for section in parsed.iter_sections()
            if section["sh_flags"] & _ALLOCATED and section["sh_size"] > 0
        ]
    return tuple(sorted(sections, key=lambda section: section.address))


def read_symbols(elf: Path, names: Collection[str]) -> dict[str, int]:
    """The values of the symbols `names`, as far as the ELF defines them."""
    return {name: value for name, (value, _) in _symbols(elf, names).items()}


def read_functions(elf: Path, names: Collection[str]) -> dict[str, tuple[int, int]]:
    """The address range [first, end) of each of the Thumb functions `names` that the ELF has."""
    return {
        name: (value & ~1, (value & ~1) + size)
        for name, (value, size) in _symbols(elf, names).items()
    }


@contextmanager
def _parsed(elf: Path) -> Iterator[Any]:
    """The parsed ELF file at `elf`. Raises InputError for any error of the parser."""
    from elftools.common.exceptions import ELFError
    from elftools.construct import ConstructError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as file:
            yield ELFFile(file)
    except (ELFError, ConstructError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise InputError(f"{elf} is no sound ELF file: {error}", "Build it again.") from error


def _symbols(elf: Path, names: Collection[str]) -> dict[str, tuple[int, int]]:
    """Value and size."""
    from elftools.elf.sections import SymbolTableSection

    with _parsed(elf) as parsed:
        table = parsed.get_section_by_name(".symtab")
        symbols = table.iter_symbols() if isinstance(table, SymbolTableSection) else ()
        return {
            symbol.name: (int(symbol["st_value"]), int(symbol["st_size"]))
            for symbol in symbols
            if symbol.name in names
        }


def _section(section: Any, segments: list[Any]) -> Section:
    loaded = section["sh_type"] != "SHT_NOBITS"
    address = int(section["sh_addr"])
    return Section(
        name=section.name,
        address=address,
        size_bytes=int(section["sh_size"]),
        load_address=address + _load_shift(address, segments),
        content=bytes(section.data()) if loaded else b"",
        executable=bool(section["sh_flags"] & _EXECUTABLE),
    )


def _load_shift(address: int, segments: list[Any]) -> int:
    """Load address minus run address, from the segment that holds `address`."""
    for segment in segments:
        start = int(segment["p_vaddr"])
        if start <= address < start + int(segment["p_memsz"]):
            return int(segment["p_paddr"]) - start
    return 0


CODE_SYMBOLS = ("mz_weights_start", "mz_weights_end")
"""The symbols of the linker script that code_bytes needs."""

_WEIGHTS = "mz_weights"


def region_uses(sections: Iterable[Section], target: TargetEntry) -> tuple[RegionUse, ...]:
    """Every region of the board, in its order. Flash counts up to its last byte, with the gaps."""
    sections = tuple(sections)
    uses = []
    for memory in target.memory:
        end = memory.base + memory.size_bytes
        if memory.region == target.flash_region:
            ends = [
                s.load_end for s in sections if s.content and memory.base <= s.load_address < end
            ]
            used = max(ends, default=memory.base) - memory.base
        else:
            # A section may lie in two regions that are side by side.
            used = sum(
                max(0, min(end, section.end) - max(memory.base, section.address))
                for section in sections
            )
        uses.append(RegionUse(memory.region, used, memory.size_bytes))
    return tuple(uses)


def beyond_plan(plan: PlanEntry, uses: Iterable[RegionUse]) -> tuple[str, ...]:
    """Messages about memories of which a build takes more than planned, because of code added after
    the export or a wrong estimate."""
    planned = {use.region: use.used_bytes for use in plan.regions}
    return tuple(
        f"{use.region}: {use.used_bytes:,} bytes used, {planned.get(use.region, 0):,} planned."
        for use in uses
        if use.used_bytes > planned.get(use.region, 0)
    )


def linked_constant_bytes(elf: Path, plan: PlanEntry) -> int:
    """Bytes of the model's linked constants: see constant_bytes."""
    names = [f"{name}_{end}" for name in _weights_names(plan) for end in ("start", "end")]
    return constant_bytes(read_symbols(elf, names), plan)


def constant_bytes(symbols: Mapping[str, int], plan: PlanEntry) -> int:
    """Bytes of the model's constants between the symbols of their sections; the planned bytes if
    not all of them have a section of their own."""
    sizes = [
        symbols.get(f"{name}_end", 0) - symbols.get(f"{name}_start", 0)
        for name in _weights_names(plan)
    ]
    return sum(sizes) if all(sizes) else plan.constant_bytes


def _weights_names(plan: PlanEntry) -> list[str]:
    regions = {entry.region for entry in plan.constants} or {plan.weights_region}
    return [
        _WEIGHTS if region == plan.weights_region else f"{_WEIGHTS}_{symbol_of(region)}"
        for region in sorted(regions)
    ]


def code_bytes(
    sections: Iterable[Section], symbols: Mapping[str, int], unmarked_constants: int = 0
) -> int:
    """Bytes of machine code with its own tables, without the model's constants that are among it.

    unmarked_constants: bytes of constants among the code that no symbol delimits.
    """
    start, end = (symbols.get(name, 0) for name in CODE_SYMBOLS)
    code = [section for section in sections if section.executable]
    # Address 0 may be the code's own.
    inside = end > start and any(section.address <= start < section.end for section in code)
    taken = end - start if inside else unmarked_constants
    # Constants that nothing refers to are not linked, so they are not subtracted.
    total = sum(section.size_bytes for section in code)
    return total - taken if total > taken else total
