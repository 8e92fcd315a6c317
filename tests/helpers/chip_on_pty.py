"""A chip at a pty whose boot switches stand at serial download: its boot ROM (SDP), NXP's
flashloader (blhost's protocol), a NOR flash, and after a reset the firmware that is in that flash,
on our core.

Protocols: i.MX RT1050 reference manual, "Serial Downloader" (SDP over UART: commands of 16 bytes,
HAB state and status as big-endian words); NXP, MCU bootloader reference, "Serial protocol" (frames
of 0x5A, type, length, CRC-16/XMODEM).
"""

from __future__ import annotations

import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from mcuzoo.board.model import Board
from mcuzoo.emulator.evk import VirtualEvk
from mcuzoo.emulator.pty_console import PtyConsole

WRITE_FILE, JUMP_ADDRESS = 0x0404, 0x0B0B
UNLOCKED, FILE_OK = 0x56787856, 0x88888888
ACK, NACK, COMMAND, DATA, PING, PING_REPLY = 0xA1, 0xA2, 0xA4, 0xA5, 0xA6, 0xA7
ERASE, READ, WRITE, FILL, PROPERTY, RESET, CONFIGURE = 0x02, 0x03, 0x04, 0x05, 0x07, 0x0B, 0x11
GENERIC, READ_REPLY, PROPERTY_REPLY = 0xA0, 0xA3, 0xA7
MAX_PACKET = 0x0B
OK, FAIL, ALIGNMENT, RANGE, CUMULATIVE, NOT_CONFIGURED, UNKNOWN = (
    0,
    1,
    101,
    10200,
    10203,
    10205,
    10000,
)
PACKET = 512


def crc16(data: bytes) -> int:
    """CRC-16/XMODEM."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


def flashloader_file(load: int, ivt_offset: int = 0x400, size: int = 0x2000) -> bytes:
    """A file with the boot header of a flashloader for that address; no code that could run."""
    ivt = load + ivt_offset
    header = struct.pack("<BBBBIIIIIII", 0xD1, 0, 32, 0x41, ivt + 0x1000, 0, 0, ivt + 32, ivt, 0, 0)
    return (bytes(ivt_offset) + header).ljust(size, b"\x5a")


class Gone(Exception):
    """The chip lost its power, or the test is over."""


class Memories(ABC):
    """RAM and NOR flash of a chip, behind its flashloader; statuses as blhost knows them.

    said: the commands as they arrived, as sdphost and blhost would write them.
    """

    packet_bytes = PACKET

    def __init__(self, board: Board, trouble: str = "") -> None:
        self.board = board
        self.trouble = trouble
        self.said: list[str] = []
        self.flash = bytearray(b"\xff") * min(board.flash_region.size, 2 << 20)
        self.ram: dict[int, bytes] = {}
        self.configured = False

    @abstractmethod
    def _answer(self, tag: int, *words: int) -> None:
        """Send an answer of the flashloader."""

    def do(self, tag: int, words: Sequence[int]) -> None:
        """Do a command to the flashloader that has no data, and answer it."""
        if tag == PROPERTY:
            known = words[0] == MAX_PACKET
            self._answer(PROPERTY_REPLY, OK if known else 10300, self.packet_bytes if known else 0)
        elif tag == FILL:
            self.said.append(f"fill-memory 0x{words[0]:X} {words[1]} 0x{words[2]:08X}")
            self.ram[words[0]] = struct.pack("<I", words[2])
            self._answer(GENERIC, OK, tag)
        elif tag == CONFIGURE:
            self.said.append(f"configure-memory {words[0]} 0x{words[1]:X}")
            self._answer(GENERIC, self.configure(words[1]), tag)
        elif tag == ERASE:
            self.said.append(f"flash-erase-region 0x{words[0]:08X} 0x{words[1]:X}")
            self._answer(GENERIC, self.erase(words[0], words[1]), tag)
        elif tag == RESET:
            self.said.append("reset")
            self._answer(GENERIC, OK, tag)
        else:
            self._answer(GENERIC, UNKNOWN, tag)

    @property
    def image(self) -> bytes:
        """What stands in the flash from the start of an image on, less the erased end."""
        return bytes(self.flash[self.board.boot.image_offset :]).rstrip(b"\xff")

    def may_start(self, address: int) -> bool:
        """Whether a boot header stands in RAM there that says that it does."""
        for start, content in self.ram.items():
            header = content[address - start : address - start + 32] if address >= start else b""
            if len(header) == 32 and header[0] == 0xD1:
                return struct.unpack_from("<I", header, 20) == (address,)
        return False

    def configure(self, place: int) -> int:
        assert self.board.download is not None
        fits = self.ram.get(place) == struct.pack("<I", self.board.download.option_word)
        self.configured = fits and self.trouble != "wrong"
        return OK if self.configured else FAIL

    def erase(self, address: int, size: int) -> int:
        span, sector = self.span(address, size), self.board.boot.fcb.sector_size
        if not self.configured:
            return NOT_CONFIGURED
        if span is None:
            return RANGE
        if span.start % sector or size % sector:
            return ALIGNMENT
        self.flash[span] = b"\xff" * size
        return OK

    def may_write(self, address: int, size: int) -> int:
        if self.span(address, size) is None:
            return RANGE
        return OK if self.configured else NOT_CONFIGURED

    def write(self, address: int, data: bytes) -> int:
        """Program what is erased, and only that."""
        span = self.span(address, len(data))
        assert span is not None
        if any(byte != 0xFF for byte in self.flash[span]):
            return CUMULATIVE
        self.flash[span] = data
        if self.trouble == "worn":
            self.flash[span.start + 0x2345] ^= 0x10
        return OK

    def span(self, address: int, size: int) -> slice | None:
        start = address - self.board.flash_region.base
        return slice(start, start + size) if 0 <= start <= len(self.flash) - size else None


class ChipOnPty(Memories):
    """trouble: "" or one of: nack (a command is not taken), gone (the cable is pulled while the
    image is written), worn (a bit of the flash is stuck), mute (no answer once the flash is to be
    erased), wrong (another kind of flash is fitted)."""

    def __init__(self, board: Board, folder: Path, trouble: str = "") -> None:
        super().__init__(board, trouble)
        self._image = folder / "flash.bin"
        self._console = PtyConsole()
        self.port = self._console.url
        self._buffer = b""
        self._over = threading.Event()
        self._evk: VirtualEvk | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def __enter__(self) -> ChipOnPty:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._console.wake()
        if self._evk is not None:
            self._evk.stop()
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure

    def _live(self) -> None:
        try:
            self._boot_rom()
            self._flashloader()
            self._firmware()
        except Gone:
            self._console.close()
        except BaseException as error:
            self.failure = error
            self._console.close()

    def _boot_rom(self) -> None:
        while True:
            tag, address, _, count, _, _ = struct.unpack(">HIB2IB", self._take(16))
            if tag == WRITE_FILE:
                self.said.append(f"write-file 0x{address:08X} {count}")
                self.ram[address] = self._take(count)
                self._send(struct.pack(">II", UNLOCKED, FILE_OK))
            elif tag == JUMP_ADDRESS:
                self.said.append(f"jump-address 0x{address:08X}")
                self._send(struct.pack(">I", UNLOCKED))
                if self.may_start(address):
                    return
            else:
                raise AssertionError(f"SDP command 0x{tag:04X}")

    def _flashloader(self) -> None:
        while True:
            start, kind = self._take(2)
            assert start == 0x5A, hex(start)
            if kind == PING:
                reply = struct.pack("<BBBBBBH", 0x5A, PING_REPLY, 0, 2, 1, ord("P"), 0)
                self._send(reply + struct.pack("<H", crc16(reply)))
            elif kind == COMMAND:
                if self._command(self._frame(kind)):
                    return
            else:
                assert kind == ACK, hex(kind)

    def _command(self, packet: bytes) -> bool:
        """Do a command; True after a reset."""
        tag, _, _, count = packet[:4]
        words = struct.unpack_from(f"<{count}I", packet, 4)
        if self.trouble == "nack" and tag == FILL:
            self._send(bytes([0x5A, NACK]))
            return False
        self._send(bytes([0x5A, ACK]))
        if tag == ERASE and self.trouble == "mute":
            self._over.wait()
            raise Gone
        if tag == WRITE:
            self.said.append(f"write-memory 0x{words[0]:08X} {words[1]}")
            self._write(words[0], words[1])
        elif tag == READ:
            self.said.append(f"read-memory 0x{words[0]:08X} 0x{words[1]:X}")
            self._read(words[0], words[1])
        else:
            self.do(tag, words)
        return tag == RESET  # SPSDK closes the port at once: its ACK may be lost

    def _write(self, address: int, size: int) -> None:
        status = self.may_write(address, size)
        self._answer(GENERIC, status, WRITE)
        if status:
            return
        self._await_ack()
        data = b""
        while len(data) < size:
            start, kind = self._take(2)
            assert (start, kind) == (0x5A, DATA)
            data += self._frame(kind)
            self._send(bytes([0x5A, ACK]))
            if self.trouble == "gone" and len(data) > size // 2:
                self.write(address, data)
                raise Gone
        self._answer(GENERIC, self.write(address, data), WRITE)

    def _read(self, address: int, size: int) -> None:
        span = self.span(address, size)
        if span is None:
            self._answer(GENERIC, RANGE, READ)
            return
        self._answer(READ_REPLY, OK, size)
        self._await_ack()
        data = bytes(self.flash[span])
        for place in range(0, size, PACKET):
            self._send_frame(DATA, data[place : place + PACKET])
            self._await_ack()
        self._answer(GENERIC, OK, READ)

    def _firmware(self) -> None:
        """Somebody has set the switches back and pressed reset."""
        self._image.write_bytes(self.image)
        self._evk = VirtualEvk(self.board, self._image, self._console, say=lambda _: None)
        if not self._over.is_set():
            self._evk.run()

    def _answer(self, tag: int, *words: int) -> None:
        self._send_frame(COMMAND, struct.pack(f"<BBBB{len(words)}I", tag, 0, 0, len(words), *words))

    def _send_frame(self, kind: int, data: bytes) -> None:
        head = struct.pack("<BBH", 0x5A, kind, len(data))
        self._send(head + struct.pack("<H", crc16(head + data)) + data)

    def _frame(self, kind: int) -> bytes:
        """The rest of a frame; its CRC is right."""
        size, crc = struct.unpack("<HH", self._take(4))
        data = self._take(size)
        assert crc == crc16(struct.pack("<BBH", 0x5A, kind, size) + data)
        return data

    def _await_ack(self) -> None:
        found = self._take(2)
        assert found == bytes([0x5A, ACK]), found.hex()

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if self._over.is_set():
                raise Gone
            self._buffer += self._console.receive(0.5)
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def _send(self, data: bytes) -> None:
        self._console.send(data)
