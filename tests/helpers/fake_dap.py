"""A CMSIS-DAP probe for pyOCD, as a plugin of it: packets of the protocol, the debug port (ADIv5)
and one access port, behind which is the chip of debugged_chip.py.

Protocol: Arm, CMSIS-DAP 2.1, commands DAP_Info ... DAP_SWD_Configure. The folder that the variable
FAKE_DAP names has `flash` (its content, read and written), `trouble`, and afterwards `log`.
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

SERIAL_NUMBER = "FAKE0001"
DPIDR = 0x0BD1_1477
AP_IDR, AP_BASE = 0x0477_0041, 0xE00F_F003
_PACKET_BYTES, _PACKETS = 1024, 4


class DebugPort:
    """The registers of the debug port and of access port 0 (MEM-AP)."""

    def __init__(self, chip: Any) -> None:
        self._chip = chip
        self._control = 0
        self._select = 0
        self._csw = 0x0300_0042
        self._tar = 0

    def read(self, request: int) -> int:
        register = request & 0xC
        if not request & 1:
            if register == 0x4:
                return self._control | (self._control & 0x5000_0000) << 1
            return DPIDR if register == 0 else 0
        if self._select >> 24:
            return 0  # there is one access port
        place = self._select & 0xF0 | register
        if place == 0x0C:
            return self._memory_read()
        if place & 0xF0 == 0x10:
            return int(self._chip.read(self._tar & ~0xF | register))
        return {0x00: self._csw | 0x40, 0x04: self._tar, 0xF8: AP_BASE, 0xFC: AP_IDR}.get(place, 0)

    def write(self, request: int, value: int) -> None:
        register = request & 0xC
        if not request & 1:
            if register == 0x4:
                self._control = value & 0x5000_0F00
            elif register == 0x8:
                self._select = value
            return
        place = self._select & 0xF0 | register
        if self._select >> 24:
            return
        if place == 0x00:
            self._csw = value
        elif place == 0x04:
            self._tar = value
        elif place == 0x0C:
            self._memory_write(value)
        elif place & 0xF0 == 0x10:
            self._chip.write(self._tar & ~0xF | register, value)

    @property
    def _size(self) -> int:
        return 1 << (self._csw & 7)

    def _memory_read(self) -> int:
        address, size = self._tar, self._size
        if size == 4:
            value = int(self._chip.read(address))
        else:
            value = int.from_bytes(self._chip.read_bytes(address, size), "little")
            value <<= 8 * (address & 3)
        self._advance()
        return value & 0xFFFF_FFFF

    def _memory_write(self, value: int) -> None:
        address, size = self._tar, self._size
        if size == 4:
            self._chip.write(address, value)
        else:
            data = (value >> 8 * (address & 3)) & ((1 << 8 * size) - 1)
            self._chip.write_bytes(address, data.to_bytes(size, "little"))
        self._advance()

    def _advance(self) -> None:
        if self._csw >> 4 & 3:
            self._tar = self._tar & ~0x3FF | (self._tar + self._size) & 0x3FF


class Dap:
    """Answers to packets. trouble: gone (after so much of the flash has been programmed)."""

    def __init__(self, chip: Any, trouble: str) -> None:
        self.chip = chip
        self.trouble = trouble
        self.port = DebugPort(chip)

    def answer(self, packet: bytes) -> bytes:
        command = packet[0]
        if self.trouble == "gone" and self.chip.flash.programmed > 20_000:
            raise OSError("[Errno 19] No such device (it may have been disconnected)")
        if command == 0x00:
            return self._info(packet[1])
        if command == 0x02:  # DAP_Connect: SWD
            return bytes([command, 1])
        if command == 0x05:
            return self._transfers(packet)
        if command == 0x06:
            return self._block(packet)
        if command == 0x10:  # DAP_SWJ_Pins: nRESET is high
            return bytes([command, 0x80])
        assert command in (0x01, 0x03, 0x04, 0x08, 0x09, 0x0A, 0x11, 0x12, 0x13), hex(command)
        return bytes([command, 0])

    def _info(self, what: int) -> bytes:
        texts = {1: "mcuzoo", 2: "fake CMSIS-DAP", 3: SERIAL_NUMBER, 4: "2.1.0", 9: "1.0"}
        numbers = {0xF0: b"\x01", 0xFE: bytes([_PACKETS]), 0xFF: struct.pack("<H", _PACKET_BYTES)}
        content = numbers.get(what, b"")
        if what in texts:
            content = texts[what].encode() + b"\0"
        return bytes([0x00, len(content)]) + content

    def _transfers(self, packet: bytes) -> bytes:
        found, place = b"", 3
        for _ in range(packet[2]):
            request = packet[place]
            place += 1
            if request & 2:
                assert not request & 0x10, "value match"
                found += struct.pack("<I", self.port.read(request))
            else:
                self.port.write(request, struct.unpack_from("<I", packet, place)[0])
                place += 4
        return bytes([0x05, packet[2], 1]) + found

    def _block(self, packet: bytes) -> bytes:
        count, request = struct.unpack_from("<HB", packet, 2)
        if request & 2:
            values = [self.port.read(request) for _ in range(count)]
            return struct.pack(f"<BHB{count}I", 0x06, count, 1, *values)
        for value in struct.unpack_from(f"<{count}I", packet, 5):
            self.port.write(request, value)
        return struct.pack("<BHB", 0x06, count, 1)


def _interface() -> Any:
    from helpers.debugged_chip import Chip, HyperFlash
    from pyocd.probe.pydapaccess.interface.interface import Interface

    folder = Path(os.environ["FAKE_DAP"])
    trouble = (folder / "trouble").read_text() if (folder / "trouble").exists() else ""

    class FakeInterface(Interface):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.vendor_name, self.product_name = "mcuzoo", "fake CMSIS-DAP"
            self.serial_number = SERIAL_NUMBER
            self.vid, self.pid = 0xCAFE, 0x0001
            self._answers: list[bytes] = []
            self._dap: Dap | None = None

        @property
        def is_bulk(self) -> bool:
            return True

        def open(self) -> None:
            path = folder / "flash"
            content = path.read_bytes() if path.exists() else b""
            self._dap = self._dap or Dap(Chip(HyperFlash(content, trouble)), trouble)

        def close(self) -> None:
            assert self._dap is not None
            chip = self._dap.chip
            (folder / "flash").write_bytes(chip.flash.content)
            told = {"log": chip.log, "erased": chip.flash.erased}
            (folder / "log").write_text(json.dumps({**told, "programmed": chip.flash.programmed}))

        def write(self, data: list[int]) -> None:
            assert self._dap is not None
            self._answers.append(self._dap.answer(bytes(data)))

        def read(self) -> bytes:
            return self._answers.pop(0)

    return FakeInterface()


def plugin() -> Any:
    """The plugin: an entry point of the group pyocd.probe."""
    from pyocd.core.plugin import Plugin
    from pyocd.probe.cmsis_dap_probe import CMSISDAPProbe
    from pyocd.probe.pydapaccess.dap_access_cmsis_dap import DAPAccessCMSISDAP

    class FakeProbe(CMSISDAPProbe):  # type: ignore[misc]
        @classmethod
        def get_all_connected_probes(cls, unique_id: Any = None, is_explicit: bool = False) -> Any:
            return [cls(DAPAccessCMSISDAP(None, interface=_interface()))]

        @classmethod
        def get_probe_with_id(cls, unique_id: str, is_explicit: bool = False) -> Any:
            return None

    class FakePlugin(Plugin):  # type: ignore[misc]
        @property
        def name(self) -> str:
            return "fakedap"

        def load(self) -> Any:
            return FakeProbe

    return FakePlugin()


def install(folder: Path) -> Path:
    """Make a folder that, on PYTHONPATH, gives pyOCD the plugin."""
    place = folder / "plugin" / "fake_dap-1.0.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-dap\nVersion: 1.0\n")
    (place / "entry_points.txt").write_text("[pyocd.probe]\nfakedap = helpers.fake_dap:plugin\n")
    return place.parent
