"""What the boot ROM checks in the flash, and where it then jumps.

Structures: NXP MCUXpresso SDK, devices-rt/*/xip/fsl_flexspi_nor_boot.h (ivt, BOOT_DATA_T) and
examples/_boards/*/xip/*_flexspi_nor_config.h (flexspi_nor_config_t); i.MX RT reference manuals,
chapter "System boot".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuzoo.board.boot import IvtEntry
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
    """The sections with content at their load addresses, as objcopy and flash tools take them."""
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
    """Load address and content of sections. Segments would not do: they may hold the ELF header."""
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


_FCB_TAG = 0x4246_4346
_FCB_VERSION_LETTER = 0x56
_IVT_TAG = 0xD1
_IVT_BYTES = 32
_IVT_VERSIONS = (0x40, 0x41, 0x43)
_STACK_ALIGNMENT = 4


@dataclass(frozen=True)
class Start:
    """Where the image begins (pc). stack: None if the image has to set the stack pointer itself."""

    pc: int
    stack: int | None


def boot(board: Board, image: FlashImage) -> Start:
    """Do the checks of the boot ROM. Raises EmulatorError, which names the first wrong field."""
    _check_fcb(board, image)
    entry = _check_ivt(board, image)
    _check_boot_data(board, image)
    if board.boot.ivt_entry is IvtEntry.VECTOR_TABLE:
        return _start_from_vectors(board, image, entry)
    _require(bool(entry & 1), "IVT.entry", entry, "an address with the Thumb bit set")
    _require_code(board, image, "IVT.entry", entry)
    return Start(entry & ~1, None)


def _check_fcb(board: Board, image: FlashImage) -> None:
    at = board.boot.fcb_offset
    tag = image.word(at)
    _require(tag == _FCB_TAG, "FCB.tag", tag, f"{_FCB_TAG:#010x}, FCFB")
    version = image.word(at + 4)
    good = version is not None and version >> 24 == _FCB_VERSION_LETTER
    _require(good, "FCB.version", version, "0x56 in its highest byte, V")


def _check_ivt(board: Board, image: FlashImage) -> int:
    flash, at = board.flash_region.base, board.boot.ivt_offset
    header = image.word(at)
    tag, length, version = _split_header(header)
    _require(tag == _IVT_TAG, "IVT.header.tag", tag, f"{_IVT_TAG:#x}")
    _require(length == _IVT_BYTES, "IVT.header.length", length, f"{_IVT_BYTES}")
    versions = ", ".join(f"{known:#x}" for known in _IVT_VERSIONS)
    _require(version in _IVT_VERSIONS, "IVT.header.version", version, f"one of {versions}")
    dcd = image.word(at + 12)
    _require(dcd == 0, "IVT.dcd", dcd, "0: device configuration data is not emulated")
    boot_data = image.word(at + 16)
    wanted = flash + board.boot.boot_data_offset
    _require(boot_data == wanted, "IVT.boot_data", boot_data, f"{wanted:#010x}")
    self_address = image.word(at + 20)
    _require(self_address == flash + at, "IVT.self", self_address, f"{flash + at:#010x}")
    csf = image.word(at + 24)
    _require(csf == 0, "IVT.csf", csf, "0: signed images are not emulated")
    entry = image.word(at + 4)
    return _present("IVT.entry", entry)


def _check_boot_data(board: Board, image: FlashImage) -> None:
    flash, at = board.flash_region.base, board.boot.boot_data_offset
    start = image.word(at)
    _require(start == flash, "boot_data.start", start, f"{flash:#010x}, the start of the flash")
    size = _present("boot_data.size", image.word(at + 4))
    needed = image.offset + len(image.content)
    _require(size >= needed, "boot_data.size", size, f"at least {needed:#x}, the image's end")
    plugin = image.word(at + 8)
    _require(plugin == 0, "boot_data.plugin", plugin, "0")


def _start_from_vectors(board: Board, image: FlashImage, table: int) -> Start:
    offset = table - board.flash_region.base
    stack = _present("vector table: stack pointer", image.word(offset))
    in_ram = any(region.base < stack <= region.end and region.writable for region in board.regions)
    _require(
        in_ram and stack % _STACK_ALIGNMENT == 0,
        "vector table: stack pointer",
        stack,
        "an aligned address in RAM",
    )
    reset = _present("vector table: reset", image.word(offset + 4))
    _require(bool(reset & 1), "vector table: reset", reset, "an address with the Thumb bit set")
    _require_code(board, image, "vector table: reset", reset)
    return Start(reset & ~1, stack)


def _require_code(board: Board, image: FlashImage, field: str, address: int) -> None:
    inside = image.word((address & ~3) - board.flash_region.base) is not None
    _require(inside, field, address, "an address within the image")


def _split_header(header: int | None) -> tuple[int | None, int | None, int | None]:
    """Tag, length (big-endian) and version."""
    if header is None:
        return None, None, None
    raw = header.to_bytes(4, "little")
    return raw[0], int.from_bytes(raw[1:3], "big"), raw[3]


def _present(field: str, value: int | None) -> int:
    _require(value is not None, field, value, "in the image")
    assert value is not None
    return value


def _require(good: bool, field: str, value: int | None, wanted: str) -> None:
    if good:
        return
    found = "missing: the image ends before it" if value is None else f"{value:#x}"
    raise EmulatorError(
        f"The boot ROM would not start this image: {field} is {found}; it has to be {wanted}.",
        "Is it built for this board, and is it the whole image with its boot header? "
        "mcuzoo build PROJECT makes one.",
    )
