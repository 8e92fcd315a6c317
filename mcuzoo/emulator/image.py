"""A firmware image as it lies in flash, from a .bin or an .elf file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuzoo.board.model import Board
from mcuzoo.errors import EmulatorError, InputError

_ELF_MAGIC = b"\x7fELF"
_ARM = "EM_ARM"
_SHF_ALLOC = 2


@dataclass(frozen=True)
class FlashImage:
    """`content` stands `offset` bytes after the start of the flash."""

    offset: int
    content: bytes

    def word(self, offset: int) -> int | None:
        """The word at `offset` from the start of the flash; None outside the image."""
        start = offset - self.offset
        if start < 0 or start + 4 > len(self.content):
            return None
        return int.from_bytes(self.content[start : start + 4], "little")


def load_image(board: Board, source: bytes | Path) -> FlashImage:
    """The image in a file, or in bytes that are a file's content.

    Raises InputError when the file cannot be read, EmulatorError when it does not fit the flash.
    """
    if isinstance(source, Path):
        try:
            raw = source.read_bytes()
        except OSError as error:
            raise InputError(
                f"{source} cannot be read: {error.strerror}.",
                "mcuzoo build PROJECT makes an image.",
            ) from error
    else:
        raw = source
    if raw.startswith(_ELF_MAGIC):
        image = _from_elf(board, raw)
    else:
        image = FlashImage(board.boot.image_offset, raw)
    size = board.flash_region.size
    if image.offset + len(image.content) > size:
        raise EmulatorError(
            f"The image ends {image.offset + len(image.content)} bytes into the flash, "
            f"which has {size}.",
            "Build for this board, or pass the right --board.",
        )
    return image


def _from_elf(board: Board, raw: bytes) -> FlashImage:
    """What objcopy would take and a flash tool program: sections with content, where they load."""
    import io

    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    flash = board.flash_region
    try:
        elf = ELFFile(io.BytesIO(raw))
        machine = elf["e_machine"]
        sections = list(_loaded_sections(elf))
    except (ELFError, ValueError, OverflowError) as error:
        raise EmulatorError(f"The ELF file is damaged: {error}.", "Build it again.") from error
    if machine != _ARM:
        raise EmulatorError(
            f"The ELF file is for {machine}, not for Arm.", "mcuzoo build PROJECT makes an image."
        )
    inside = [
        (address - flash.base, data)
        for address, data in sections
        if flash.base <= address and address + len(data) <= flash.end
    ]
    if not inside:
        raise EmulatorError(
            f"The ELF file has nothing for the flash at {flash.base:#010x}.",
            f"It is not linked for {board.name}.",
        )
    start = min(offset for offset, _ in inside)
    end = max(offset + len(data) for offset, data in inside)
    content = bytearray(b"\xff" * (end - start))
    for offset, data in inside:
        content[offset - start : offset - start + len(data)] = data
    return FlashImage(start, bytes(content))


def _loaded_sections(elf: Any) -> Iterator[tuple[int, bytes]]:
    """Load address and content. Segments alone will not do: they may take in the ELF header."""
    segments = list(elf.iter_segments("PT_LOAD"))
    for section in elf.iter_sections():
        if not section["sh_flags"] & _SHF_ALLOC or not section["sh_size"]:
            continue
        if section["sh_type"] == "SHT_NOBITS":
            continue
        data = bytes(section.data())
        if len(data) != section["sh_size"]:
            raise ValueError(f"it ends within section {section.name}")
        for segment in segments:
            inside = section["sh_offset"] - segment["p_offset"]
            if inside >= 0 and inside + len(data) <= segment["p_filesz"]:
                yield int(segment["p_paddr"]) + inside, data
                break
