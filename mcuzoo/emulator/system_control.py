"""The system control space of the Cortex-M7, 0xE000E000: what start-up code and faults touch.

Addresses, bits and reset values: Armv7-M Architecture Reference Manual (DDI 0403), B3.2;
Cortex-M7 Technical Reference Manual (DDI 0489), chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcuzoo.board.model import Core
from mcuzoo.emulator import mpu as mpu_unit
from mcuzoo.emulator.engine import Access, Refusal, UndeclaredAccess
from mcuzoo.emulator.mpu import Mpu
from mcuzoo.emulator.timers import SysTick

BASE = 0xE000_E000
SIZE = 0x1000

# An Arm core says 0x41 here; 'M' tells the host that it talks to the emulated board.
IMPLEMENTER = 0x4D
# 'm': its cycle counter counts modelled cycles.
COUNTS_CYCLES = 0x6D
_CORTEX_M7_R1P1 = 0x00_1F_C271

VTOR, AIRCR, CCR, SHCSR = 0xD08, 0xD0C, 0xD14, 0xD24
CFSR, HFSR, MMFAR, BFAR, CPACR = 0xD28, 0xD2C, 0xD34, 0xD38, 0xD88
_CPUID, _ICSR, _CLIDR, _CCSIDR, _CSSELR, _DEMCR = 0xD00, 0xD04, 0xD78, 0xD80, 0xD84, 0xDFC

_AIRCR_KEY = 0x05FA
_AIRCR_KEY_READ = 0xFA05
_SYSRESETREQ = 4
_PEND_ANYTHING = 0x9400_0000  # NMIPENDSET, PENDSVSET, PENDSTSET
_PENDSTSET, _PENDSTCLR = 1 << 26, 1 << 25
_TRCENA = 1 << 24
_LINE_BYTES = 32
_DATA_WAYS, _INSTRUCTION_WAYS = 4, 2

_NVIC_STATE = ((0x100, 0x180), (0x200, 0x280))  # set and clear registers of one bit array
_NVIC_WORDS = 8
_NVIC_ACTIVE = 0x300
_NVIC_PRIORITIES, _NVIC_PRIORITY_END = 0x400, 0x4F0
_SHPR, _SHPR_END = 0xD18, 0xD24
ICIALLU, DCISW, DCCISW = 0xF50, 0xF60, 0xF74
_CACHE_OPERATIONS = (ICIALLU, *range(0xF58, 0xF7C, 4))
_PRIORITIES = (range(_NVIC_PRIORITIES, _NVIC_PRIORITY_END), range(_SHPR, _SHPR_END))

# offset: (reset value, bits that a write changes)
_STORED = {
    0x004: (0x0000_0007, 0),  # ICTR
    0x008: (0, 0x1FFF_FC04),  # ACTLR
    VTOR: (0, 0xFFFF_FF80),
    0xD10: (0, 0x16),  # SCR
    CCR: (0x0004_0200, 0x0007_031B),
    SHCSR: (0, 0x0007_FD8B),
    MMFAR: (0, 0xFFFF_FFFF),
    BFAR: (0, 0xFFFF_FFFF),
    0xD3C: (0, 0),  # AFSR
    0xD40: (0x30, 0),  # ID_PFR0
    0xD44: (0x200, 0),
    0xD48: (0x0010_0000, 0),  # ID_DFR0
    0xD4C: (0, 0),
    0xD50: (0x0010_0030, 0),  # ID_MMFR0
    0xD54: (0, 0),
    0xD58: (0x0100_0000, 0),
    0xD5C: (0, 0),
    0xD60: (0x0110_1110, 0),  # ID_ISAR0
    0xD64: (0x0211_2000, 0),
    0xD68: (0x2023_2231, 0),
    0xD6C: (0x0111_1131, 0),
    0xD70: (0x0131_0132, 0),
    _CLIDR: (0x0900_0003, 0),
    0xD7C: (0x8303_C003, 0),  # CTR
    _CSSELR: (0, 0x1),
    CPACR: (0, 0x00F0_0000),
    0xDF0: (0, 0),  # DHCSR: no debugger
    _DEMCR: (0, 0x010F_07F1),
    0xF34: (0xC000_0000, 0xC000_0000),  # FPCCR
    0xF38: (0, 0xFFFF_FFF8),  # FPCAR
    0xF3C: (0, 0x07C0_0000),  # FPDSCR
    0xF40: (0x1011_0221, 0),  # MVFR0: double precision
    0xF44: (0x1200_0011, 0),
    0xF48: (0x0000_0040, 0),
    0xF90: (0x0000_0001, 0x7),  # ITCMCR
    0xF94: (0x0000_0001, 0x7),  # DTCMCR
    0xF98: (0, 0x1),  # AHBPCR
    0xF9C: (0, 0x7),  # CACR
    0xFA0: (0x0000_0811, 0xFFFF),  # AHBSCR
    0xFA8: (0, 0),  # ABFSR
}


@dataclass(frozen=True)
class Requests:
    """What registers of the core ask of the machine; each may end the run.

    reset: the core is to start anew. protection_changed: the MPU's regions are others.
    tick_changed: SysTick's settings are others. cache_operation: of the register at an offset, with
    the value that is written.
    """

    reset: Callable[[], None]
    protection_changed: Callable[[], None]
    tick_changed: Callable[[], None]
    cache_operation: Callable[[int, int], None]


class SystemControl:
    """The page 0xE000E000."""

    def __init__(
        self, core: Core, systick: SysTick, requests: Requests, implementer: int = IMPLEMENTER
    ) -> None:
        self.mpu = Mpu(core.mpu_regions)
        self._systick = systick
        self._requests = requests
        self._words = {offset: reset for offset, (reset, _) in _STORED.items()}
        self._words[_CPUID] = implementer << 24 | _CORTEX_M7_R1P1
        self._words |= {CFSR: 0, HFSR: 0}
        self._words |= dict.fromkeys(range(_SHPR, _SHPR_END, 4), 0)
        self._words |= dict.fromkeys(range(_NVIC_PRIORITIES, _NVIC_PRIORITY_END, 4), 0)
        self._words |= {first + 4 * n: 0 for first, _ in _NVIC_STATE for n in range(_NVIC_WORDS)}
        self._words |= {_NVIC_ACTIVE + 4 * n: 0 for n in range(_NVIC_WORDS)}
        self._cache_geometry = (
            _ccsidr(core.dcache_bytes, _DATA_WAYS),
            _ccsidr(core.icache_bytes, _INSTRUCTION_WAYS),
        )

    # For the machine

    def get(self, offset: int) -> int:
        return self._words[offset]

    def set_bits(self, offset: int, bits: int) -> None:
        self._words[offset] |= bits

    def put(self, offset: int, value: int) -> None:
        self._words[offset] = value

    def interrupt_enabled(self, irq: int) -> bool:
        """Whether the NVIC lets the chip's interrupt `irq` through."""
        return bool(self._words[_NVIC_STATE[0][0] + 4 * (irq // 32)] >> irq % 32 & 1)

    def trace_enabled(self) -> bool:
        return bool(self._words[_DEMCR] & _TRCENA)

    # For the firmware

    def read(self, offset: int, size: int) -> int:
        access = Access(BASE + offset, size, write=False)
        word = offset & ~3
        self._check_size(access)
        return self._read_word(word, access) >> 8 * (offset & 3) & (1 << 8 * size) - 1

    def write(self, offset: int, size: int, value: int) -> None:
        access = Access(BASE + offset, size, write=True, value=value)
        self._check_size(access)
        word, shift = offset & ~3, 8 * (offset & 3)
        if size < 4:
            mask = (1 << 8 * size) - 1 << shift
            value = self._words[word] & ~mask | value << shift & mask
        self._write_word(word, value, access)

    def _check_size(self, access: Access) -> None:
        offset = access.address - BASE
        narrow = any(offset in allowed for allowed in _PRIORITIES) or CFSR <= offset < HFSR
        if offset % access.size or (access.size != 4 and not narrow):
            raise UndeclaredAccess(access)

    def _read_word(self, word: int, access: Access) -> int:
        if self._systick.owns(word):
            return self._systick.read(word)
        if mpu_unit.TYPE <= word <= mpu_unit.LAST:
            return self.mpu.read(word)
        if word == AIRCR:
            return _AIRCR_KEY_READ << 16
        if word == _ICSR:
            return _PENDSTSET if self._systick.pending else 0
        if word == _CCSIDR:
            return self._cache_geometry[self._words[_CSSELR]]
        for first, clear in _NVIC_STATE:
            if clear <= word < clear + 4 * _NVIC_WORDS:
                word = first + word - clear
        if word not in self._words:
            raise UndeclaredAccess(access)
        return self._words[word]

    def _write_word(self, word: int, value: int, access: Access) -> None:
        if self._systick.owns(word):
            self._systick.write(word, value)
            self._requests.tick_changed()
        elif mpu_unit.TYPE <= word <= mpu_unit.LAST:
            self.mpu.write(word, value)
            self._requests.protection_changed()
        elif word == AIRCR:
            if value >> 16 == _AIRCR_KEY and value & _SYSRESETREQ:
                self._requests.reset()
        elif word == _ICSR:
            self._write_icsr(value)
        elif word in (CFSR, HFSR):
            self._words[word] &= ~value
        elif word in _STORED:
            writable = _STORED[word][1]
            self._words[word] = self._words[word] & ~writable | value & writable
        elif word in _CACHE_OPERATIONS:
            self._requests.cache_operation(word, value)
        else:
            self._write_nvic(word, value, access)

    def _write_icsr(self, value: int) -> None:
        if value & _PEND_ANYTHING:
            raise Refusal("The firmware pends an exception by software, which is not modelled")
        if value & _PENDSTCLR:
            self._systick.pending = False

    def _write_nvic(self, word: int, value: int, access: Access) -> None:
        for first, clear in _NVIC_STATE:
            if clear <= word < clear + 4 * _NVIC_WORDS:
                self._words[first + word - clear] &= ~value
                return
            if first <= word < first + 4 * _NVIC_WORDS:
                self._words[word] |= value
                return
        if word not in self._words:
            raise UndeclaredAccess(access)
        if any(word in priorities for priorities in _PRIORITIES):
            self._words[word] = value


def _ccsidr(size_bytes: int, ways: int) -> int:
    """Cache size ID: write-through, write-back, read- and write-allocate; sets, ways, line."""
    sets = size_bytes // (ways * _LINE_BYTES)
    line = _LINE_BYTES.bit_length() - 5  # log2 of words, less 2
    return 0xF000_0000 | sets - 1 << 13 | ways - 1 << 3 | line
