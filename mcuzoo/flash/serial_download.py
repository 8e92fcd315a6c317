"""The way through the chip's boot ROM: its serial-download mode, by NXP's SPSDK.

The ROM takes a program into RAM (SDP: `sdphost write-file`, `jump-address`). That program is NXP's
flashloader, which speaks another protocol (`blhost`) and writes the flash. It is not part of SPSDK:
the user has it from NXP, ivt_flashloader.bin of the chip.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcuzoo.board.model import Board
from mcuzoo.errors import FlashError, InputError, ProbeError, command
from mcuzoo.extras import install_command, missing_packages
from mcuzoo.flash.image import Payload
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.usb import FLASHLOADER
from mcuzoo.flash.way import Obstacle, Update, Way, compare

if TYPE_CHECKING:
    from spsdk.mboot.mcuboot import McuBoot

FLEXSPI_NOR = 9
"""The flashloader's number of the memory: NXP, MCU bootloader reference, external memory IDs."""
OPTION_PLACE = 0x2000
"""Where the option word is put for configure-memory: in the ITCM, as in NXP's application notes."""
BAUD = 115_200

_USB = "usb"
_MOST_FLASHLOADER_BYTES = 1 << 20
_IVT_OFFSETS = (0x0, 0x400, 0x1000)
_IVT_TAG, _IVT_BYTES = 0xD1, 32
_ANSWER_S = 10.0
_SECTOR_ERASE_S = 3.0
_START_S = 15.0
_POLL_S = 0.2


class SerialDownloadWay(Way):
    """SPSDK, over USB or a serial port, to a board whose switches are set to serial download."""

    name = "spsdk"
    compares = "read back and compared"
    switches_back = True
    touched = False

    @classmethod
    def obstacle(cls, payload: Payload, options: FlashOptions) -> Obstacle | None:
        if payload.board.download is None:
            return Obstacle(f"the board file of {payload.board.id} has no [download]")
        if missing_packages(["spsdk"]):
            return Obstacle("SPSDK is not installed", install_command(["spsdk"]), package=True)
        if options.flashloader is None:
            return Obstacle(
                "NXP's ivt_flashloader.bin for "
                f"{payload.board.spsdk_family}, which does not come with SPSDK, was not named",
                "--flashloader FILE, or MCUZOO_FLASHLOADER; NXP has it at the chip's page",
            )
        return None

    @classmethod
    def needs_probe_for(cls, options: FlashOptions) -> bool:
        return options.download == _USB

    @classmethod
    def wanted(cls, payload: Payload) -> str:
        download = payload.board.download
        switches = download.switches if download is not None else None
        how = f" ({switches})" if switches else ""
        return f"board in serial-download mode on USB{how}"

    @property
    def console(self) -> str | None:
        """The UART that the ROM listens at is that of the console, on all of NXP's kits."""
        place = self.job.options.download
        return None if place == _USB else place

    def check(self) -> None:
        self._flashloader()

    def steps(self) -> Sequence[str]:
        payload = self.job.payload
        _, load, jump = self._flashloader()
        first, last = payload.sectors
        rom, loader = self._line("sdphost"), self._line("blhost")
        option = payload.board.download
        assert option is not None
        size = len(payload.content)
        return [
            f"{rom} -- write-file 0x{load:08X} {command(self._path)}",
            f"{rom} -- jump-address 0x{jump:08X}",
            f"{loader} -- fill-memory 0x{OPTION_PLACE:X} 4 0x{option.option_word:08X}",
            f"{loader} -- configure-memory {FLEXSPI_NOR} 0x{OPTION_PLACE:X}",
            f"{loader} -- flash-erase-region 0x{first:08X} 0x{last - first:X}",
            f"{loader} -- write-memory 0x{payload.start:08X} {command(payload.bin)}",
            f"{loader} -- read-memory 0x{payload.start:08X} 0x{size:X} back.bin",
            f"{loader} -- reset",
        ]

    def write(self, update: Update) -> None:
        with _in_our_words():
            if not self._flashloader_runs():
                update("starting the flashloader", 0, None)
                self._start_flashloader()
            board = self._meet_flashloader()
            try:
                self._program(board, update)
            finally:
                board.close()

    def _program(self, board: McuBoot, update: Update) -> None:
        payload = self.job.payload
        option = payload.board.download
        assert option is not None
        first, last = payload.sectors
        content, size = payload.content, len(payload.content)
        board.fill_memory(OPTION_PLACE, 4, option.option_word)
        board.configure_memory(OPTION_PLACE, FLEXSPI_NOR)
        update("erasing", 0, last - first)
        self.touched = True
        sectors = (last - first) // payload.board.boot.fcb.sector_size
        with _patience(board, _ANSWER_S + sectors * _SECTOR_ERASE_S):
            board.flash_erase_region(first, last - first)
        done = board.write_memory(
            payload.start, content, progress_callback=partial(update, "writing")
        )
        if not done:
            raise FlashError("The flashloader did not take all of the image.", "")
        found = board.read_memory(payload.start, size, progress_callback=partial(update, "reading"))
        compare(content, found or b"", payload.start)
        board.reset(reopen=False)

    def _flashloader_runs(self) -> bool:
        probe = self.job.probe
        return probe is not None and probe.kind == "flashloader"

    def _start_flashloader(self) -> None:
        content, load, jump = self._flashloader()
        from spsdk.sdp.sdp import SDP

        with SDP(self._rom(len(content)), cmd_exception=True) as rom:
            rom.write_file(load, content)
            rom.jump_and_run(jump)

    def _rom(self, size: int) -> Any:
        """SPSDK's interface to the boot ROM."""
        timeout_ms = _milliseconds(_ANSWER_S + 2 * size * 10 / BAUD)
        family, place = self.job.payload.board.spsdk_family, self.job.options.download
        if place != _USB:
            from spsdk.sdp.interfaces.uart import SdpUARTInterface
            from spsdk.utils.interfaces.device.serial_device import SerialDevice

            return SdpUARTInterface(SerialDevice(place, timeout_ms, BAUD))
        from spsdk.sdp.interfaces.usb import SdpUSBInterface

        found = SdpUSBInterface.scan(device_id=family, timeout=timeout_ms)
        if len(found) != 1:
            raise ProbeError(
                f"SPSDK finds {len(found)} boards of {family} in serial-download mode on USB.",
                "Is this the right chip? mcuzoo probes shows what is there.",
            )
        return found[0]

    def _meet_flashloader(self) -> McuBoot:
        """The flashloader, once it answers."""
        from spsdk.exceptions import SPSDKError
        from spsdk.mboot.mcuboot import McuBoot

        deadline = time.monotonic() + _START_S
        while True:
            try:
                interface = self._loader()
                if interface is not None:
                    board = McuBoot(interface, cmd_exception=True)
                    board.open()
                    return board
                late = "it is not there"
            except SPSDKError as error:
                late = _said(error)
            if time.monotonic() > deadline:
                raise ProbeError(
                    f"The flashloader does not answer: {late}.",
                    "Is it the one for this chip? Press reset and try again.",
                )
            time.sleep(_POLL_S)

    def _loader(self) -> Any:
        """SPSDK's interface to the flashloader; None while it is not there."""
        timeout_ms = _milliseconds(_ANSWER_S)
        place = self.job.options.download
        if place != _USB:
            from spsdk.mboot.interfaces.uart import MbootUARTInterface
            from spsdk.utils.interfaces.device.serial_device import SerialDevice

            return MbootUARTInterface(SerialDevice(place, timeout_ms, BAUD))
        from spsdk.mboot.interfaces.usb import MbootUSBInterface

        family = self.job.payload.board.spsdk_family
        found = MbootUSBInterface.scan(device_id=family, timeout=timeout_ms)
        return found[0] if len(found) == 1 else None

    def _line(self, program: str) -> str:
        place = self.job.options.download
        if place != _USB:
            return command(program, "-p", f"{place},{BAUD}")
        ids = (self.job.probe.usb_id if self.job.probe else None) or (0, 0)
        if program == "blhost":
            ids = FLASHLOADER
        return f"{program} -u 0x{ids[0]:04x},0x{ids[1]:04x}"

    @property
    def _path(self) -> Path:
        assert self.job.options.flashloader is not None
        return self.job.options.flashloader

    def _flashloader(self) -> tuple[bytes, int, int]:
        """The file, the address where it goes, and that of its boot header.

        Raises InputError for a file that is none.
        """
        path = self._path
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_FLASHLOADER_BYTES + 1)
        except OSError as error:
            raise InputError(
                f"{path} cannot be read: {error.strerror}.", "--flashloader FILE"
            ) from error
        load, jump = flashloader_place(content, self.job.payload.board, str(path))
        return content, load, jump


def flashloader_place(content: bytes, board: Board, name: str) -> tuple[int, int]:
    """Where a flashloader is loaded, and the address of its boot header (IVT), to which the ROM is
    told to jump. The header says where it lies itself.

    Raises InputError if there is no header, or it is for a place where the chip has no RAM.
    """
    if len(content) <= _MOST_FLASHLOADER_BYTES:
        for offset in _IVT_OFFSETS:
            header = content[offset : offset + _IVT_BYTES]
            if len(header) < _IVT_BYTES or header[0] != _IVT_TAG:
                continue
            if int.from_bytes(header[1:3], "big") != _IVT_BYTES:
                continue
            jump = int.from_bytes(header[20:24], "little")
            load = jump - offset
            if _in_ram(board, load, len(content)):
                return load, jump
            raise InputError(
                f"{name} is to be loaded at 0x{load:08X}, where {board.name} has no "
                f"{len(content):,} bytes of RAM: it is for another chip.",
                f"--flashloader names that of {board.spsdk_family}.",
            )
    raise InputError(
        f"{name} is no flashloader with a boot header.",
        f"Take ivt_flashloader.bin (not flashloader.bin) of {board.spsdk_family} from NXP.",
    )


def _in_ram(board: Board, start: int, size: int) -> bool:
    return any(
        region.base <= start and start + size <= region.end
        for region in board.memories
        if region.initialized and region.writable
    )


@contextmanager
def _patience(board: McuBoot, seconds: float) -> Iterator[None]:
    """Answers may take so long within the block."""
    device = board._interface.device
    before, device.timeout = device.timeout, _milliseconds(seconds)
    try:
        yield
    finally:
        device.timeout = before


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """SPSDK's exceptions as ProbeError, those of the flash as FlashError."""
    from spsdk.exceptions import SPSDKError
    from spsdk.mboot.error_codes import StatusCode
    from spsdk.mboot.exceptions import McuBootCommandError

    logging.getLogger("spsdk").setLevel(logging.CRITICAL)  # what goes wrong is said below
    try:
        yield
    except McuBootCommandError as error:
        if error.error_value == StatusCode.NO_RESPONSE.tag:
            raise ProbeError(f"The line to the board failed: {_said(error)}.", "") from error
        raise FlashError(f"The flashloader refuses: {_said(error)}.", "") from error
    except SPSDKError as error:
        raise ProbeError(f"The line to the board failed: {_said(error)}.", "") from error


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
