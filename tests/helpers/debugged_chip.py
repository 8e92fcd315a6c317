"""An i.MX RT1050 as a debug probe sees it: memories, the core's debug registers, a Cortex-M7 that
runs what is put into its RAM, and a FlexSPI with a HyperFlash that takes what such a flash takes.

Registers: Armv7-M architecture reference manual, C1 (DHCSR, DCRSR, DFSR, DEMCR, FPB); NXP's
MCUXpresso SDK, devices-rt/RT1050/periph/PERI_FLEXSPI.h. The flash: Infineon S26KS512S data sheet,
command table and CFI.
"""

from __future__ import annotations

import struct
from typing import Any

RAMS = {0x0000_0000: 0x2_0000, 0x2000_0000: 0x2_0000, 0x2020_0000: 0x4_0000}
FLASH_BASE, FLASH_BYTES, SECTOR = 0x6000_0000, 0x20_0000, 0x4_0000
FLEXSPI, WINDOW = 0x402A_8000, 0x4000
DHCSR, DCRSR, DCRDR, DEMCR = 0xE000_EDF0, 0xE000_EDF4, 0xE000_EDF8, 0xE000_EDFC
DFSR, AIRCR = 0xE000_ED30, 0xE000_ED0C
CPUID = 0x411F_C271
MOST_INSTRUCTIONS = 20_000_000
"""Of one call of a flash algorithm; then it is stopped as if it had ended."""

# What the core's own registers read, beside those that are modelled below.
_FIXED = {
    0xE000_ED00: CPUID,
    0xE000_EF40: 0x1011_0221,  # MVFR0: a double-precision FPU
    0xE000_EF44: 0x1200_0011,
    0xE000_EF48: 0x0000_0040,
    0xE000_1000: 0x4000_0000,  # DWT_CTRL: 4 comparators
    0xE000_2000: 0x1000_0080,  # FP_CTRL: revision 2, 8 comparators
}
# Arm CoreSight: part numbers of the Cortex-M7's ROM table and of its units.
_ROM_TABLE = 0xE00F_F000
_UNITS = {0xE000_E000: 0x00C, 0xE000_1000: 0x002, 0xE000_2000: 0x00E}


_CMD_DDR, _RADDR_DDR, _CADDR_DDR, _WRITE_DDR, _READ_DDR = 0x21, 0x22, 0x23, 0x28, 0x29
_UNLOCK = [(0x555, 0xAA), (0x2AA, 0x55)]


class HyperFlash:
    """trouble: worn (a bit is stuck), wrong chip (another kind of flash, which knows no CFI).

    erased: offsets of sectors; programmed: bytes."""

    def __init__(self, content: bytes, trouble: str = "") -> None:
        self.content = bytearray(content.ljust(FLASH_BYTES, b"\xff"))
        self.trouble = trouble
        self.erased: list[int] = []
        self.programmed = 0
        self._unlocked: list[tuple[int, int]] = []
        self._status = False
        self._query = False

    def write(self, address: int, data: bytes) -> None:
        """A burst of 16-bit words, high bytes first, from the word address `address` on: the page
        after a program command, else one command."""
        if self._unlocked[-3:] == [*_UNLOCK, (0x555, 0xA0)]:
            self._unlocked.clear()
            self._program(address * 2, data)
            return
        word = int.from_bytes(data[:2], "big") & 0xFF
        self._unlocked.append((address & 0xFFF, word))
        if word == 0x30 and self._unlocked[-6:-1] == [*_UNLOCK, (0x555, 0x80), *_UNLOCK]:
            start = address * 2 // SECTOR * SECTOR
            self.content[start : start + SECTOR] = b"\xff" * SECTOR
            self.erased.append(start)
            self._unlocked.clear()
        elif word == 0x70:
            self._status = True
        elif word == 0x98:
            self._query = self.trouble != "wrong chip"
        elif word == 0xF0:
            self._query = False
            self._unlocked.clear()

    def read(self, address: int, size: int) -> bytes:
        """Words from there on: the status, the CFI table, or the content."""
        if self._status:
            self._status = False
            return (b"\x00\x80" * size)[:size]  # bit 7: ready, and no error
        if self._query:
            words = {**dict(enumerate(b"QRY", 0x10)), 0x27: 26}  # 2^26 bytes
            found = (words.get(address + at, 0) for at in range(size // 2))
            return struct.pack(f">{size // 2}H", *found)
        return bytes(self.content[address * 2 : address * 2 + size])

    def _program(self, start: int, data: bytes) -> None:
        """Bits can only be cleared."""
        for place, byte in enumerate(data, start):
            self.content[place] &= byte
        if self.trouble == "worn" and start <= 0x2345 < start + len(data):
            self.content[0x2345] ^= 0x10
        self.programmed += len(data)


class FlexSpi:
    """The controller, as far as a flash algorithm uses it: LUT, IP commands, FIFOs."""

    def __init__(self, flash: HyperFlash) -> None:
        self.words: dict[int, int] = {}
        self.flash = flash
        self._received = b""
        self._fifo = b""
        self._burst: tuple[int, int] | None = None
        """Word address and bytes of a write whose data are not complete yet."""
        self._data = b""

    def read(self, offset: int) -> int:
        if offset == 0x00:
            return self.words.get(0, 0) & ~1  # MCR0.SWRESET is done at once
        if offset in (0xB8, 0xBC):  # IPRXFCR, IPTXFCR: a FIFO is cleared at once
            return self.words.get(offset, 0) & ~1
        if offset == 0x14:  # INTR: done, room in the FIFO, data in it
            return 0x1 | 0x40 | 0x20
        if offset == 0xE0:  # STS0: both idle
            return 0x3
        if offset == 0xE8:  # STS2: locked
            return 0x3
        if offset == 0xF0:  # IPRXFSTS: fill level in 8 bytes
            return (len(self._received) + 7) // 8
        if 0x100 <= offset < 0x180:  # RFDR
            at = offset - 0x100
            return int.from_bytes(self._received[at : at + 4].ljust(4, b"\0"), "little")
        return self.words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        if offset == 0x14:  # INTR: the driver has filled or emptied a FIFO up to its watermark
            if value & 0x40:
                self._take()
            if value & 0x20:
                self._received = self._received[8 * (1 + (self.words.get(0xB8, 0) >> 2 & 0xF)) :]
            return
        self.words[offset] = value
        if offset == 0xB0 and value & 1:
            self._trigger()
        elif 0x180 <= offset < 0x200:  # TFDR
            at = offset - 0x180
            self._fifo = self._fifo.ljust(at, b"\0")[:at] + struct.pack("<I", value)

    def _trigger(self) -> None:
        """IPCMD: run the sequences that IPCR1 names, at the address of IPCR0."""
        address, how = self.words.get(0xA0, 0), self.words.get(0xA4, 0)
        first, count, size = how >> 16 & 0xF, (how >> 24 & 0x7) + 1, how & 0xFFFF
        for number in range(first, first + count):
            words = [self.words.get(0x200 + 16 * number + 4 * at, 0) for at in range(4)]
            halves = [half for word in words for half in (word & 0xFFFF, word >> 16)]
            codes = [half >> 10 for half in halves]
            literal = bytes(half & 0xFF for half in halves if half >> 10 == _CMD_DDR)
            if codes == [_CMD_DDR] * 8:  # command and address as HyperBus has them, and one word
                row = int.from_bytes(literal[:4], "big") & 0x1FFF_FFFF
                self.flash.write(row << 3 | literal[5] & 7, literal[6:])
                continue
            assert codes[:3] == [_CMD_DDR, _RADDR_DDR, _CADDR_DDR], codes
            if _READ_DDR in codes:
                self._received = self.flash.read(address // 2, size)
            elif _WRITE_DDR in codes:
                self._burst, self._data = (address // 2, size), b""
            else:
                self.flash.write(address // 2, literal[1:3])

    def _take(self) -> None:
        self._data, self._fifo = self._data + self._fifo, b""
        if self._burst is not None and len(self._data) >= self._burst[1]:
            address, size = self._burst
            self._burst = None
            self.flash.write(address, self._data[:size])


class Chip:
    """read and write: by the debug port, 32 bits or bytes. log: what happened to it."""

    def __init__(self, flash: HyperFlash) -> None:
        import unicorn
        from unicorn import arm_const

        self.flash = flash
        self.flexspi = FlexSpi(flash)
        self.log: list[str] = []
        self.halted = False
        self.debug = False
        self._peripherals: dict[int, int] = {}
        self._core: dict[int, int] = {}
        self._dcrdr = 0
        self._dfsr = 0
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        self._uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
        for base, size in RAMS.items():
            self._uc.mem_map(base, size)
        self._uc.mem_map(FLASH_BASE, FLASH_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self._uc.mmio_map(0x4000_0000, 0x20_0000, self._mmio_read, 0x4000_0000,
                          self._mmio_write, 0x4000_0000)  # fmt: skip
        self._uc.mmio_map(0x4020_0000, 0x20_0000, self._mmio_read, 0x4020_0000,
                          self._mmio_write, 0x4020_0000)  # fmt: skip
        self._uc.mmio_map(0xE000_0000, 0x10_0000, self._mmio_read, 0xE000_0000,
                          self._mmio_write, 0xE000_0000)  # fmt: skip
        names = [f"R{number}" for number in range(13)] + ["SP", "LR", "PC", "XPSR", "MSP", "PSP"]
        self._registers = [getattr(arm_const, f"UC_ARM_REG_{name}") for name in names]
        self._unicorn = unicorn

    def read(self, address: int) -> int:
        """The word at `address`."""
        if address in _FIXED:
            return _FIXED[address]
        if address == DHCSR:
            return 0x1_0000 | self.halted << 17 | self.halted << 1 | int(self.debug)
        if address == DCRDR:
            return self._dcrdr
        if address == DFSR:
            return self._dfsr
        if _ROM_TABLE <= address < _ROM_TABLE + 0x1000:
            return self._rom_table(address - _ROM_TABLE)
        for base, part in _UNITS.items():
            if base + 0xFD0 <= address < base + 0x1000:
                return _identification(address - base, part, 0xE0)
        if address >= 0xE000_0000:
            return self._core.get(address, 0)
        return int.from_bytes(self.read_bytes(address, 4), "little")

    def write(self, address: int, value: int) -> None:
        if address == DHCSR:
            if value >> 16 == 0xA05F:
                self._control(value & 0xFFFF)
        elif address == DCRSR:
            self._transfer_register(value & 0x7F, bool(value >> 16 & 1))
        elif address == DCRDR:
            self._dcrdr = value
        elif address == DFSR:
            self._dfsr &= ~value
        elif address == AIRCR:
            if value >> 16 == 0x05FA and value & 0x5:
                self._reset()
        elif address >= 0xE000_0000:
            self._core[address] = value
        else:
            self.write_bytes(address, struct.pack("<I", value))

    def read_bytes(self, address: int, size: int) -> bytes:
        if FLASH_BASE <= address < FLASH_BASE + FLASH_BYTES:
            start = address - FLASH_BASE
            return bytes(self.flash.content[start : start + size])
        if 0x4000_0000 <= address < 0x4040_0000:
            return struct.pack("<I", self._peripheral_read(address & ~3))[address & 3 :][:size]
        return bytes(self._uc.mem_read(address, size))

    def write_bytes(self, address: int, data: bytes) -> None:
        if 0x4000_0000 <= address < 0x4040_0000:
            self._peripheral_write(address, int.from_bytes(data.ljust(4, b"\0"), "little"))
        elif not FLASH_BASE <= address < FLASH_BASE + FLASH_BYTES:
            self._uc.mem_write(address, data)

    def _control(self, value: int) -> None:
        self.debug = bool(value & 1)
        halt = bool(value & 2)
        if self.halted and not halt and self.debug:
            self.halted = False
            self._run()
        elif halt and self.debug:
            self.halted = True

    def _transfer_register(self, number: int, to_core: bool) -> None:
        if number < len(self._registers):
            known = self._registers[number]
            if to_core:
                self._uc.reg_write(known, self._dcrdr | (number == 15))
            else:
                self._dcrdr = self._uc.reg_read(known) & 0xFFFF_FFFF
        elif not to_core:
            self._dcrdr = 0

    def _run(self) -> None:
        """Run until a BKPT."""
        from unicorn import arm_const

        self._uc.mem_write(FLASH_BASE, bytes(self.flash.content))
        pc = self._uc.reg_read(arm_const.UC_ARM_REG_PC)
        if bytes(self._uc.mem_read(pc & ~1, 2)) == b"\x00\x00":
            return  # nothing to run there: the ROM, which is not modelled
        try:
            self._uc.emu_start(pc | 1, 0xFFFF_FFFE, count=MOST_INSTRUCTIONS)
        except self._unicorn.UcError as error:
            where = self._uc.reg_read(arm_const.UC_ARM_REG_PC)
            if bytes(self._uc.mem_read(where & ~1, 2))[1] != 0xBE:
                self.log.append(f"fault at 0x{where:08X}: {error}")
        self.halted = True
        self._dfsr |= 2

    def _reset(self) -> None:
        self.log.append("reset")
        self._dfsr |= 8
        catch = bool(self._core.get(DEMCR, 0) & 1)
        self.halted = catch and self.debug

    def _rom_table(self, offset: int) -> int:
        if offset >= 0xFD0:
            return _identification(offset, 0x4C7, 0x10)
        entries = [(base - _ROM_TABLE) & 0xFFFF_FFFF | 3 for base in _UNITS]
        return entries[offset // 4] if offset // 4 < len(entries) else 0

    def _mmio_read(self, _uc: Any, offset: int, size: int, base: int) -> int:
        address = base + offset
        own = base >= 0xE000_0000
        word = self.read(address & ~3) if own else self._peripheral_read(address & ~3)
        return word >> 8 * (address & 3) & ((1 << 8 * size) - 1)

    def _mmio_write(self, _uc: Any, offset: int, size: int, value: int, base: int) -> None:
        address = base + offset
        if base < 0xE000_0000:
            self._peripheral_write(address, value)

    def _peripheral_read(self, address: int) -> int:
        if FLEXSPI <= address < FLEXSPI + WINDOW:
            return self.flexspi.read(address - FLEXSPI)
        if address == 0x400F_801C:
            return 2 << 24  # SRC.SBMR2: boots from its flash
        word = self._peripherals.get(address, 0)
        if address >> 12 == 0x400D8:
            return word | 0x8000_0000  # CCM_ANALOG: PLLs are locked
        return word

    def _peripheral_write(self, address: int, value: int) -> None:
        if FLEXSPI <= address < FLEXSPI + WINDOW:
            self.flexspi.write(address - FLEXSPI, value)
            return
        base, which = address & ~0xC, address >> 2 & 3
        if address >> 12 == 0x400D8 and which:  # SET, CLR and TOG
            old = self._peripherals.get(base, 0)
            self._peripherals[base] = (old | value, old & ~value, old ^ value)[which - 1]
        else:
            self._peripherals[address] = value


def _identification(offset: int, part: int, kind: int) -> int:
    """The registers PIDR4 ... CIDR3 of a unit by Arm. kind: its class."""
    peripheral = {0xFD0: 4, 0xFE0: part & 0xFF, 0xFE4: 0xB0 | part >> 8, 0xFE8: 0x0B}
    component = {0xFF0: 0x0D, 0xFF4: kind, 0xFF8: 0x05, 0xFFC: 0xB1}
    return {**peripheral, **component}.get(offset, 0)
