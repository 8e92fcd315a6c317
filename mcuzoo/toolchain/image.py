"""What goes into flash: an ELF's loadable sections as .bin and .hex."""

from __future__ import annotations

from pathlib import Path

from mcuzoo.errors import ToolchainError
from mcuzoo.project.manifest import TargetEntry
from mcuzoo.toolchain.sections import Section

ERASED = 0xFF
"""What NOR flash reads where nothing was written."""


def flash_bytes(sections: tuple[Section, ...], target: TargetEntry) -> bytes:
    """The image from `target.image_base` to the last loaded byte, gaps as erased flash.

    Raises ToolchainError when a section would be loaded outside the flash behind image_base.
    """
    loaded = [section for section in sections if section.content]
    flash = next(item for item in target.memory if item.region == target.flash_region)
    for section in loaded:
        if (
            not target.image_base
            <= section.load_address
            <= section.load_end
            <= flash.base + flash.size_bytes
        ):
            raise ToolchainError(
                f"Section {section.name} would be loaded at 0x{section.load_address:08X}, "
                f"which is not in the image's flash.",
                "The linker script was changed: export the project again.",
            )
    end = max((section.load_end for section in loaded), default=target.image_base)
    image = bytearray([ERASED]) * (end - target.image_base)
    for section in loaded:
        start = section.load_address - target.image_base
        image[start : start + len(section.content)] = section.content
    return bytes(image)


def write_bin(image: bytes, path: Path) -> None:
    path.write_bytes(image)


def write_hex(image: bytes, base: int, path: Path) -> None:
    """Intel HEX of `image` at address `base`."""
    from intelhex import IntelHex

    records = IntelHex()
    records.frombytes(image, offset=base)
    records.write_hex_file(str(path))
