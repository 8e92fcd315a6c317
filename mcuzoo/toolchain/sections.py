"""The sections of an ELF file that take memory on the board."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuzoo.errors import InputError

_ALLOCATED = 0x2
_EXECUTABLE = 0x4


@dataclass(frozen=True)
class Section:
    """A section at run time (`address`, `size_bytes`) and in flash (`load_address`, `content`).

    A section without content (.bss, stack, arena) is not loaded.
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
    """The values of those of the symbols `names` that the ELF defines."""
    return {name: value for name, (value, _) in _symbols(elf, names).items()}


def read_functions(elf: Path, names: Collection[str]) -> dict[str, tuple[int, int]]:
    """First address and the one behind the last of those of the Thumb functions `names` it has."""
    return {
        name: (value & ~1, (value & ~1) + size)
        for name, (value, size) in _symbols(elf, names).items()
    }


@contextmanager
def _parsed(elf: Path) -> Iterator[Any]:
    """The ELF file at `elf`; whatever a damaged one does to its reader is an InputError."""
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
