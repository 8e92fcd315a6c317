"""A counted read inside an IT block: exact, and it leaves the core as it was."""

from __future__ import annotations

import ctypes

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
