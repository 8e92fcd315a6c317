"""A counted read inside an IT block: exact, and it leaves the core as it was."""

from __future__ import annotations

import ctypes
import struct
from array import array

import pytest

pytest.importorskip("unicorn")

from mcuzoo.emulator.engine import Engine

CODE_BASE, DEVICE_BASE, PAGE = 0x6000_0000, 0x4000_0000, 0x1000

# movw r0,#0; movt r0,#0x4000; movs r1,#0; lsls r1,r1,#6; ite pl; ldrpl r0,[r0,#4]; movmi r0,#0;
# mov r5,r0; nop; wfi
IT_READ = bytes.fromhex("40f20000c4f2000000218901 54bf 4068 0020 0546 00bf 30bf".replace(" ", ""))
INSTRUCTIONS_BEFORE_READ = 5
INSTRUCTIONS = 10


class Probe:
    """A device that reads 77 and notes what had been executed before."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.before: list[int] = []

    def read(self, offset: int, size: int) -> int:
        self.before.append(self._engine.executed_before_read)
        return 77

    def write(self, offset: int, size: int, value: int) -> None:
        raise AssertionError("nothing is written")


def test_a_counted_read_in_an_it_block() -> None:
    engine = Engine()
    memory = ctypes.create_string_buffer(IT_READ.ljust(PAGE, b"\0"), PAGE)
    engine.map_memory(CODE_BASE, PAGE, ctypes.addressof(memory), write=False, execute=True)
    probe = Probe(engine)
    engine.map_device(DEVICE_BASE, PAGE, probe)
    engine.time_reads(DEVICE_BASE, PAGE)
    engine.run(CODE_BASE, counted=True)
    assert probe.before == [INSTRUCTIONS_BEFORE_READ]
    assert engine.executed == INSTRUCTIONS
    assert engine.get("R5") == 77
    it_bits = 0x0600_FC00
    assert engine.get("XPSR") & it_bits == 0, "the next block would be predicated"


# movw r0,#0; movt r0,#0x2020; add.w r1,r0,#16; movs r4,#9; 1: ldr r2,[r0]; adds r0,#4; adds r2,#1;
# it eq; streq.w r4,[r0,#-4]; cmp r0,r1; bne 1b; nop; wfi
IT_STORES = bytes.fromhex("40f20000c2f2200000f11001092402680430013208bf40f8044c8842f7d100bf30bf")
RAM_BASE = 0x2020_0000


class Lines:
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.blocks, self.accesses = array("I"), array("I")
        self.sizes: dict[int, int] = {}
        self.line_bytes = 32
        self.cached = [(RAM_BASE, RAM_BASE + PAGE - 1)]
        self.full = False

    def count(self) -> None: ...

    def forget(self, address: int) -> None: ...


def test_metered_stores_in_an_it_block() -> None:
    """Each word that is -1 becomes 9, the first ones, too, whose blocks are not chained yet."""
    engine = Engine()
    code = ctypes.create_string_buffer(IT_STORES.ljust(PAGE, b"\0"), PAGE)
    words = ctypes.create_string_buffer(struct.pack("<4i", -1, -1, 7, -1).ljust(PAGE, b"\0"), PAGE)
    engine.map_memory(CODE_BASE, PAGE, ctypes.addressof(code), write=False, execute=True)
    engine.map_memory(RAM_BASE, PAGE, ctypes.addressof(words), write=True, execute=False)
    meter = Lines()
    engine.attach(meter)
    engine.run(CODE_BASE, counted=True)
    assert struct.unpack("<4i", words.raw[:16]) == (9, 9, 7, 9)
    line = RAM_BASE // meter.line_bytes << 1
    assert list(meter.accesses) == [line, line | 1, line, line | 1, line, line, line | 1]


# movw r0,#0; movt r0,#0x2020; add.w r1,r0,#16; movs r4,#0; movs r5,#0; 1: adds r4,#1; adds r5,#1;
# cmp r0,r1; itet ne; ldrne.w r2,[r0]; moveq r2,#0; addne r0,#4; cmp r0,r1; bne 1b; nop; wfi
IT_LOADS = bytes.fromhex(
    "40f20000c2f2200000f1100100240025 01340135 884216bfd0f8002000220430 8842f5d1 00bf30bf"
)


def test_metered_loads_in_an_it_block() -> None:
    """Nothing of the next block is skipped."""
    engine = Engine()
    code = ctypes.create_string_buffer(IT_LOADS.ljust(PAGE, b"\0"), PAGE)
    words = ctypes.create_string_buffer(PAGE)
    engine.map_memory(CODE_BASE, PAGE, ctypes.addressof(code), write=False, execute=True)
    engine.map_memory(RAM_BASE, PAGE, ctypes.addressof(words), write=False, execute=True)
    engine.attach(Lines())
    engine.run(CODE_BASE, counted=True, limit=1000)
    assert [engine.get(name) for name in ("R4", "R5", "R0")] == [4, 4, RAM_BASE + 16]
