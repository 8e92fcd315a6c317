"""The same chip on USB: its boot ROM and the flashloader as HID devices, below SPSDK's own classes,
at the interface of libusbsio.

Reports: i.MX RT1050 reference manual, "Serial Downloader", USB HID (1: command, 2: data, 3: HAB
state, 4: status); NXP, MCU bootloader reference, "USB HID" (1, 2: command and data to the device,
3, 4: from it).
"""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

from helpers.chip_on_pty import (
    FILE_OK,
    GENERIC,
    JUMP_ADDRESS,
    OK,
    READ,
    READ_REPLY,
    RESET,
    UNLOCKED,
    WRITE,
    WRITE_FILE,
    Memories,
)  # fmt: skip

from mcuzoo.board.model import Board

ROM_IDS = {"rt1050": (0x1FC9, 0x0130), "rt1170": (0x1FC9, 0x013D)}
FLASHLOADER_IDS = (0x15A2, 0x0073)


class _Listed(SimpleNamespace):
    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


class ChipOnUsb(Memories):
    """Patch libusbsio.usbsio with `usbsio`.

    trouble: as of Memories, or gone: the cable is pulled while the image is written.
    """

    packet_bytes = 1016

    def __init__(self, board: Board, trouble: str = "") -> None:
        super().__init__(board, trouble)
        self.ids: tuple[int, int] | None = ROM_IDS[board.id]
        self._answers: list[bytes] = []
        self._data = b""
        self._wanted: tuple[int, int] | None = None

    def usbsio(self, **_: object) -> Any:
        return SimpleNamespace(HIDAPI_Enumerate=self._enumerate, HIDAPI_DeviceCreate=self._create)

    def _enumerate(self) -> list[_Listed]:
        if self.ids is None:
            return []
        vendor_id, product_id = self.ids
        return [
            _Listed(
                vendor_id=vendor_id, product_id=product_id, path=b"1-1", serial_number="",
                manufacturer_string="NXP", product_string="SE Blank", interface_number=0,
            )
        ]  # fmt: skip

    def _create(self) -> Any:
        return SimpleNamespace(
            Open=lambda path: None, Close=lambda: None, Write=self._write, Read=self._read
        )

    def _read(self, _length: int, timeout_ms: int) -> tuple[bytes, int]:
        return (self._answers.pop(0), 0) if self._answers else (b"", -1)

    def _write(self, report: bytes, timeout_ms: int) -> int:
        if self.ids is None:
            raise OSError("no such device")
        if self.ids == FLASHLOADER_IDS:
            self._flashloader(report)
        else:
            self._rom(report)
        return len(report)

    def _rom(self, report: bytes) -> None:
        if report[0] == 2:
            assert self._wanted is not None
            address, size = self._wanted
            self._data += report[1:]
            if len(self._data) >= size:
                self.ram[address] = self._data[:size]
                self._hab()
                self._answers.append(bytes([4]) + struct.pack(">I", FILE_OK))
            return
        tag, address, _, count, _, _ = struct.unpack(">HIB2IB", report[1:17])
        if tag == WRITE_FILE:
            self.said.append(f"write-file 0x{address:08X} {count}")
            self._wanted, self._data = (address, count), b""
        else:
            assert tag == JUMP_ADDRESS
            self.said.append(f"jump-address 0x{address:08X}")
            self._hab()
            if self.may_start(address):
                self.ids = FLASHLOADER_IDS

    def _hab(self) -> None:
        self._answers.append(bytes([3]) + struct.pack(">I", UNLOCKED))

    def _flashloader(self, report: bytes) -> None:
        kind, _, size = struct.unpack_from("<2BH", report)
        content = report[4 : 4 + size]
        if kind == 2:
            self._more(content)
            return
        tag, _, _, count = content[:4]
        words = struct.unpack_from(f"<{count}I", content, 4)
        if tag == WRITE:
            self.said.append(f"write-memory 0x{words[0]:08X} {words[1]}")
            self._wanted, self._data = (words[0], words[1]), b""
            self._answer(GENERIC, self.may_write(words[0], words[1]), tag)
        elif tag == READ:
            self._answer(READ_REPLY, OK, words[1])
            span = self.span(words[0], words[1])
            assert span is not None
            self._frame(4, bytes(self.flash[span]))
            self._answer(GENERIC, OK, tag)
        else:
            self.do(tag, words)
        if tag == RESET:
            self.ids = None  # it boots from its flash

    def _more(self, content: bytes) -> None:
        assert self._wanted is not None
        address, size = self._wanted
        self._data += content
        if self.trouble == "gone" and len(self._data) > size // 2:
            self.ids = None
        if len(self._data) >= size:
            self._answer(GENERIC, self.write(address, self._data[:size]), WRITE)

    def _answer(self, tag: int, *words: int) -> None:
        self._frame(3, struct.pack(f"<BBBB{len(words)}I", tag, 0, 0, len(words), *words))

    def _frame(self, kind: int, content: bytes) -> None:
        self._answers.append(struct.pack("<2BH", kind, 0, len(content)) + content)
