"""The boot header of an image: checked before anything is sent, and built by NXP's SPSDK where
there is only an application, as an SDK configuration without boot header makes it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcuzoo.board.boot import Fcb, IvtEntry
from mcuzoo.board.model import Board
from mcuzoo.emulator.boot_rom import FlashImage, boot
from mcuzoo.errors import EmulatorError, command
from mcuzoo.extras import missing_packages, require_packages
from mcuzoo.files import write_whole
from mcuzoo.flash.image import Payload
from mcuzoo.toolchain.build import ERASED, write_hex

_SHOWN = 400


def with_boot_header(payload: Payload) -> Payload:
    """The payload itself; or, where nothing stands before the application, one with a boot header.

    Then `bin` and `hex` name files that are not written yet: see write_files. Raises
    MissingExtraError without SPSDK, EmulatorError if SPSDK builds none.
    """
    if not _is_application_alone(payload):
        return payload
    require_packages(["spsdk"], "Building the boot header of an image that has none")
    start, content = _built(payload)
    folder = payload.bin.parent
    return replace(
        payload,
        start=start,
        content=content,
        bin=folder / "bootable.bin",
        hex=folder / "bootable.hex",
        header_built=True,
    )


def write_files(payload: Payload) -> None:
    """Write the files of a payload whose boot header was built here."""
    if payload.header_built:
        write_whole(payload.bin, payload.content)
        with tempfile.TemporaryDirectory(prefix="mcuzoo-") as folder:
            written = Path(folder, "bootable.hex")
            write_hex(payload.content, payload.start, written)
            write_whole(payload.hex, written.read_bytes())


def check_bootable(payload: Payload) -> str:
    """Who found no error in the image's boot header, in words. Raises EmulatorError for errors."""
    board = payload.board
    boot(board, FlashImage(payload.start - board.flash_region.base, payload.content))
    built = "boot header built by SPSDK, " if payload.header_built else ""
    if missing_packages(["spsdk"]):
        return f"{built}checked by mcuzoo (SPSDK is not installed)"
    _check_by_spsdk(payload)
    return f"{built}checked by mcuzoo and by SPSDK as {board.spsdk_family}"


def _is_application_alone(payload: Payload) -> bool:
    """Whether there is nothing but erased flash before the vector table."""
    before = _application_at(payload.board) - payload.start
    head = payload.content[: max(0, before)]
    return 0 <= before < len(payload.content) and set(head) <= {ERASED}


def _application_at(board: Board) -> int:
    return board.flash_region.base + board.boot.vector_table_offset


def _built(payload: Payload) -> tuple[int, bytes]:
    """Address and content of the whole image."""
    from spsdk.exceptions import SPSDKError
    from spsdk.image.bootable_image.bimg import BootableImage
    from spsdk.image.hab.hab_image import HabImage
    from spsdk.utils.config import Config

    board = payload.board
    application = payload.content[_application_at(board) - payload.start :]
    with tempfile.TemporaryDirectory(prefix="mcuzoo-") as place:
        paths = {name: Path(place, f"{name}.bin") for name in ("application", "fcb", "hab")}
        paths["application"].write_bytes(application)
        try:
            paths["fcb"].write_bytes(fcb_bytes(board))
            options = {
                "family": board.spsdk_family,
                "flags": 0,
                "startAddress": board.flash_region.base,
                "ivtOffset": board.boot.ivt_offset,
                "initialLoadSize": board.boot.vector_table_offset,
                "entryPointAddress": _entry(board, application),
            }
            hab = {"options": options, "inputImageFile": str(paths["application"]), "sections": []}
            paths["hab"].write_bytes(HabImage.load_from_config(Config(hab)).export())
            whole = {
                "family": board.spsdk_family,
                "revision": "latest",
                "memory_type": "flexspi_nor",
                "image_version": 0,
                "image_pattern": "ones",
                "fcb": str(paths["fcb"]),
                "hab_container": str(paths["hab"]),
            }
            content = bytes(BootableImage.load_from_config(Config(whole)).export())
        except SPSDKError as error:
            raise _refused(payload, " ".join(str(error).split())) from error
    # The application is the last part, from its place on. SPSDK begins at the start of the flash.
    first = board.flash_region.base + board.boot.image_offset
    start = _application_at(board) - (len(content) - len(application))
    return first, content[first - start :]


def _entry(board: Board, application: bytes) -> int:
    """What the IVT's entry has to be for this chip."""
    if board.boot.ivt_entry is IvtEntry.VECTOR_TABLE:
        return _application_at(board)
    return int.from_bytes(application[4:8], "little")


def fcb_bytes(board: Board) -> bytes:
    """The flash configuration block of the board file, as SPSDK writes it."""
    from spsdk.image.fcb.fcb import FCB
    from spsdk.image.mem_type import MemoryType
    from spsdk.utils.family import FamilyRevision

    block = FCB(family=FamilyRevision(board.spsdk_family), mem_type=MemoryType.FLEXSPI_NOR)
    for name, value in _registers(board.boot.fcb).items():
        block.registers.find_reg(name).set_value(value)
    return bytes(block.export())


_LUT_CODES = {
    "CMD": 0x01,
    "RADDR": 0x02,
    "CADDR": 0x03,
    "MODE1": 0x04,
    "MODE2": 0x05,
    "MODE4": 0x06,
    "MODE8": 0x07,
    "WRITE": 0x08,
    "READ": 0x09,
    "LEARN": 0x0A,
    "DATSZ": 0x0B,
    "DUMMY": 0x0C,
    "DUMMY_RWDS": 0x0D,
}
"""Opcodes of the FlexSPI: NXP MCUXpresso SDK, drivers/fsl_flexspi.h kFLEXSPI_Command_*_SDR; those
of both clock edges are 0x20 more."""


def _registers(fcb: Fcb) -> dict[str, int]:
    """The values of SPSDK's registers of the block, by name."""
    plain = {
        name: getattr(fcb, name) for name in Fcb.model_fields if isinstance(getattr(fcb, name), int)
    }
    found: dict[str, int] = {_camel(name): int(value) for name, value in plain.items()}
    found |= {f"dataValidTime_{place}": value for place, value in enumerate(fcb.data_valid_time)}
    if fcb.config_commands:
        found["configCmdEnable"] = 1
    for one in fcb.config_commands:
        found[f"configModeType_{one.slot}"] = one.mode_type
        found[f"configCmdSeqs_{one.slot}"] = one.count | one.seq << 8
        found[f"configCmdArgs_{one.slot}"] = one.argument
    for custom in fcb.custom_sequences:
        found[f"lutCustomSeq_{custom.slot}"] = custom.count | custom.seq << 8
    for sequence in fcb.lut:
        for place, op in enumerate(sequence.ops):
            found[f"lookupTable_seq{sequence.seq}_instr{place}"] = _instruction(op)
    return found


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _instruction(text: str) -> int:
    """A FlexSPI instruction: opcode, lines that carry it as a power of two, operand."""
    if text == "STOP":
        return 0
    code, pads, operand = text.split()
    name, _, edges = code.rpartition("_")
    opcode = _LUT_CODES[name] | (0x20 if edges == "DDR" else 0)
    return opcode << 10 | {"1": 0, "2": 1, "4": 2, "8": 3}[pads] << 8 | int(operand, 16)


def _check_by_spsdk(payload: Payload) -> None:
    from spsdk.exceptions import SPSDKError
    from spsdk.image.bootable_image.bimg import BootableImage
    from spsdk.image.mem_type import MemoryType
    from spsdk.utils.family import FamilyRevision

    try:
        image: Any = BootableImage.parse(
            payload.content,
            family=FamilyRevision(payload.board.spsdk_family),
            mem_type=MemoryType.FLEXSPI_NOR,
        )
        report = image.verify()
    except SPSDKError as error:
        raise _refused(payload, " ".join(str(error).split())) from error
    if report.has_errors:
        raise _refused(payload, " ".join(report.draw(colorize=False).split()))


def _refused(payload: Payload, said: str) -> EmulatorError:
    family = payload.board.spsdk_family
    return EmulatorError(
        f"SPSDK finds no bootable image for {family} in {payload.bin}: {said[:_SHOWN]}",
        f"Export and build the project again: {command('mcuzoo', 'build', payload.project)}",
    )
