"""The port on the virtual EVK: start-up, console, faults."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from helpers.bare_image import DATA_IN_DTCM, BareImage, build_bare_image
from helpers.compilers import RIGS
from helpers.host_firmware import TESTS
from helpers.memory_console import MemoryConsole

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.emulator import exceptions, machine, mpu, system_control, timers
from mcuzoo.emulator.engine import Cause, Exit
from mcuzoo.emulator.evk import VirtualEvk
from mcuzoo.emulator.timers import CountMode, InstructionClock
from mcuzoo.toolchain.sizes import read_functions, read_symbols

pytestmark = pytest.mark.slow

pytest.importorskip("unicorn", reason="no unicorn (mcuzoo[emulator])")

PROBE_C = (TESTS / "firmware_host" / "startup_probe.c").read_text(encoding="utf-8")
HARD_FAULT, MEM_MANAGE, USAGE_FAULT = 3, 4, 6
DACCVIOL, IACCVIOL, UNDEFINSTR = 1 << 1, 1 << 0, 1 << 16
MSTKERR = 1 << 4
DHCSR, C_DEBUGEN = 0xDF0, 1
# Offsets in mz_fault_record.
FAULT_KIND, STARTS, FAULT_MAGIC = 8, 8 + 10 * 4, 0x464D_5A31
FORCED = 1 << 30
MPU_TYPE, MPU_CTRL = 0xE000_ED90, 0xE000_ED94
ENABLE_ALSO_IN_HARD_FAULT = 3


@pytest.fixture(scope="module", params=RIGS)
def rig(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Board and compiler."""
    name, compiler = request.param
    return str(name), str(compiler)


@pytest.fixture(scope="module")
def compiler(rig: tuple[str, str]) -> str:
    return rig[1]


@pytest.fixture(scope="module")
def board(rig: tuple[str, str]) -> Board:
    return load_board(rig[0])


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory, board: Board, compiler: str) -> BareImage:
    return build_bare_image(tmp_path_factory.mktemp("probe"), board, compiler, PROBE_C)


@contextmanager
def running(board: Board, image: bytes, counted: int = 0) -> Iterator[MemoryConsole]:
    console = MemoryConsole()
    evk = VirtualEvk(board, image, console, CountMode(counted), say=lambda text: None)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            evk.run()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield console
    finally:
        evk.stop()
        thread.join()
        if failed:
            raise failed[0]


def read_ram(evk: VirtualEvk, address: int) -> int:
    memory = next(one for one in evk._memories if one.region.base <= address < one.region.end)
    at = address - memory.region.base
    return int.from_bytes(memory._bytes[at : at + 4], "little")


def values(text: bytes) -> dict[str, int]:
    pairs = (line.split("=") for line in text.decode().splitlines() if "=" in line)
    return {name: int(value, 16) for name, value in pairs}


def peek(console: MemoryConsole, address: int) -> int:
    """The word at `address`, as the running probe reads it."""
    console.type(b"!p")
    console.read_until(b"address?\n")
    console.type(address.to_bytes(4, "little"))
    return values(console.read_until(b"\n"))["peek"]


def test_start_up_leaves_everything_in_place(board: Board, probe: BareImage) -> None:
    with running(board, probe.image, counted=1) as console:
        text = console.read_until(b"ready\n")
    assert text.startswith(b"hello\n")
    found = values(text)
    assert found["initialized"] == 0x12345678
    assert found["zeroed"] == 0
    assert found["weights"] == 11 << 8 | 22
    assert found["weights.at"] >= board.flash_region.base
    assert found["arena.at"] >> 24 == 0x20
    assert found["itcm"] < board.region("itcm").end
    assert found["fpu"] == 150
    assert found["boot_failure"] == 0
    assert found["overruns"] == 0
    assert found["cpuid"] >> 24 == ord("M")
    assert found["cycles"] > 0


def test_weights_are_copied_where_the_placement_says(
    tmp_path_factory: pytest.TempPathFactory, board: Board, compiler: str
) -> None:
    ocram = board.regions_of("ocram")[0]
    placement = replace(DATA_IN_DTCM, weights_region=ocram.name, arena_region=ocram.name)
    folder = tmp_path_factory.mktemp("copied")
    built = build_bare_image(folder, board, compiler, PROBE_C, placement)
    with running(board, built.image) as console:
        found = values(console.read_until(b"ready\n"))
    assert found["weights"] == 11 << 8 | 22
    assert ocram.base <= found["weights.at"] < ocram.end
    assert ocram.base <= found["arena.at"] < ocram.end


@pytest.fixture(scope="module")
def sdram_probe(tmp_path_factory: pytest.TempPathFactory, board: Board, compiler: str) -> BareImage:
    """Its arena is in the SDRAM."""
    placement = replace(DATA_IN_DTCM, arena_region="sdram")
    folder = tmp_path_factory.mktemp("sdram")
    return build_bare_image(folder, board, compiler, PROBE_C, placement)


def test_the_sdram_is_started_for_what_lies_in_it(board: Board, sdram_probe: BareImage) -> None:
    sdram = board.region("sdram")
    assert not sdram.initialized
    with running(board, sdram_probe.image) as console:
        found = values(console.read_until(b"ready\n"))
        assert found["boot_failure"] == 0
        assert sdram.base <= found["arena.at"] < sdram.end
        assert peek(console, sdram.end - 4) == 0xA5A5A5A5
        console.type(b"!r")
        assert values(console.read_until(b"ready\n"))["arena.at"] == found["arena.at"]


def test_the_sdram_is_out_of_reach_where_nothing_lies_in_it(board: Board, probe: BareImage) -> None:
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        console.type(b"!p")
        console.read_until(b"address?\n")
        console.type(board.region("sdram").base.to_bytes(4, "little"))
        found = values(console.read_until(b"fault end\n"))
    assert (found["fault.kind"], found["fault.mmfar"]) == (MEM_MANAGE, board.region("sdram").base)


def test_an_sdram_that_does_not_answer_is_told_and_stays_out_of_reach(
    board: Board, sdram_probe: BareImage
) -> None:
    window = next(item for item in board.emulator.windows if item.name == "SEMC")
    mute = tuple(item.model_copy(update={"raises": ()}) for item in window.registers)
    windows = tuple(
        item.model_copy(update={"registers": mute}) if item is window else item
        for item in board.emulator.windows
    )
    emulator = board.emulator.model_copy(update={"windows": windows})
    deaf = board.model_copy(update={"emulator": emulator})
    with running(deaf, sdram_probe.image) as console:
        found = values(console.read_until(b"fault end\n"))
    assert found["boot_failure"] == window.base + 0x3C
    assert (found["fault.kind"], found["fault.mmfar"]) == (MEM_MANAGE, board.region("sdram").base)


def test_what_is_sent_comes_back_whole(board: Board, probe: BareImage) -> None:
    """More than the receive ring holds, so that reading and writing go on side by side."""
    rng = random.Random(1)
    data = bytes(rng.randrange(256) for _ in range(30_000)).replace(b"!", b"?")
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        console.type(data)
        assert console.read(len(data)) == data


@pytest.mark.parametrize(
    ("how", "kind", "status"),
    [
        (b"w", MEM_MANAGE, DACCVIOL),
        (b"n", MEM_MANAGE, DACCVIOL),
        (b"x", MEM_MANAGE, IACCVIOL),
        (b"u", USAGE_FAULT, UNDEFINSTR),
        (b"h", HARD_FAULT, UNDEFINSTR),
    ],
)
def test_fault_is_reported_and_the_board_restarts(
    board: Board, probe: BareImage, how: bytes, kind: int, status: int
) -> None:
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        console.type(b"!" + how)
        found = values(console.read_until(b"fault end\n"))
        assert found["fault.kind"] == kind
        assert found["fault.cfsr"] & status
        assert (found["fault.hfsr"] == FORCED) is (kind == HARD_FAULT)
        if how != b"x":
            assert found["fault.pc"] >= board.flash_region.base
        dtcm = board.region("dtcm")
        assert dtcm.base < found["fault.sp"] <= dtcm.base + DATA_IN_DTCM.stack_bytes
        assert values(console.read_until(b"ready\n"))["initialized"] == 0x12345678


def test_a_stack_overflow_is_a_fault(board: Board, probe: BareImage) -> None:
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        console.type(b"!s")
        found = values(console.read_until(b"fault end\n"))
        assert found["fault.kind"] == MEM_MANAGE
        assert found["fault.stack_bottom"] == board.region("dtcm").base
        assert found["fault.sp"] < found["fault.stack_bottom"] or found["fault.cfsr"] & MSTKERR
        assert values(console.read_until(b"ready\n"))["initialized"] == 0x12345678


def test_a_guard_is_added_to_an_mpu_that_is_on(board: Board, probe: BareImage) -> None:
    """As for the stack of an application in NXP's SDK, whose own code has set the MPU up."""
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        console.type(b"!g")
        found = values(console.read_until(b"fault end\n"))
        assert (found["fault.kind"], found["fault.mmfar"]) == (MEM_MANAGE, found["guarded"] + 1023)


def test_faults_before_the_console_is_up_are_told_by_the_next_start(
    board: Board, probe: BareImage
) -> None:
    with running(board, probe.image) as console:
        assert values(console.read_until(b"ready\n"))["early.starts"] == 0
        for count in (2, 1):
            console.type(b"!%d" % count)
            found = values(console.read_until(b"ready\n"))
            assert (found["early.starts"], found["early.kind"]) == (count, MEM_MANAGE)
            assert found["early.pc"] >= board.flash_region.base
        console.type(b"!r")
        assert values(console.read_until(b"ready\n"))["early.starts"] == 0


def test_the_third_early_fault_in_a_row_stays_where_it_is(board: Board, probe: BareImage) -> None:
    """With the fault in memory, for a debug probe. What is waited for is the record that it seals
    behind its last fault; the emulator is at the loop soon then. On a machine that has no time for
    it, it may still be where the record is sealed."""
    said: list[str] = []
    sealing = ("mz_retained_seal", "mz_crc32_run", "mz_crc32_step")
    where = read_functions(probe.elf, ["mz_fault_handle", *sealing])
    record = read_symbols(probe.elf, ["mz_last_fault"])["mz_last_fault"]
    console = MemoryConsole()
    evk = VirtualEvk(board, probe.image, console, CountMode(0), say=said.append)
    thread = threading.Thread(target=evk.run)
    thread.start()
    try:
        console.read_until(b"ready\n")
        console.type(b"!9")
        while read_ram(evk, record + STARTS) != 3 or read_ram(evk, record) != FAULT_MAGIC:
            assert thread.is_alive()
            time.sleep(0.01)
        time.sleep(0.05)
    finally:
        evk.stop()
        thread.join(10)
    assert said.count("reset") == 3  # as asked for, then after the first and the second fault
    assert evk._machine is not None
    stopped_at = evk._machine.engine.get("PC")
    assert any(first <= stopped_at < end for first, end in where.values())


@pytest.mark.parametrize("early", [False, True])
def test_a_fault_stops_under_a_debugger_before_anything_else(
    board: Board, probe: BareImage, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    """And goes on from there when it is told to."""
    monkeypatch.setitem(system_control._STORED, DHCSR, (C_DEBUGEN, 0))
    stops: list[tuple[int, int]] = []
    take = exceptions.Exceptions.fault

    def fault(self: exceptions.Exceptions, exit_: Exit) -> int:
        if exit_.cause is not Cause.BREAKPOINT:
            return take(self, exit_)
        stops.append((exit_.pc, self._engine.read_word(record + FAULT_KIND) or 0))
        return exit_.pc + 2

    monkeypatch.setattr(exceptions.Exceptions, "fault", fault)
    handler = read_functions(probe.elf, ["mz_fault_handle"])["mz_fault_handle"]
    record = read_symbols(probe.elf, ["mz_last_fault"])["mz_last_fault"]
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        console.type(b"!1" if early else b"!n")
        found = values(console.read_until(b"ready\n"))
    assert found["early.starts"] == early
    assert ("fault.kind" in found) is not early
    ((pc, kind),) = stops
    assert handler[0] <= pc < handler[1]
    assert kind == MEM_MANAGE


def test_reset_on_request(board: Board, probe: BareImage) -> None:
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        console.type(b"!r")
        assert console.read_until(b"ready\n").startswith(b"hello\n")


def test_the_memory_map_holds_in_every_handler(board: Board, probe: BareImage) -> None:
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        assert peek(console, MPU_CTRL) == ENABLE_ALSO_IN_HARD_FAULT


def test_regions_of_an_earlier_image_are_switched_off(
    board: Board, probe: BareImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reset leaves the MPU's regions as they are: here the last one denies everything."""

    class WarmMpu(mpu.Mpu):
        def __init__(self, regions: int) -> None:
            super().__init__(regions)
            self.write(mpu.RNR, regions - 1)
            self.write(mpu.RBAR, 0)
            self.write(mpu.RASR, 31 << 1 | 1)

    monkeypatch.setattr(system_control, "Mpu", WarmMpu)
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        assert peek(console, MPU_TYPE) >> 8 == board.core.mpu_regions


def test_a_tick_that_the_boot_rom_left_pending_is_dropped(
    board: Board, probe: BareImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LateSysTick(timers.SysTick):
        def __init__(self, clock: InstructionClock) -> None:
            super().__init__(clock)
            self.pending = True

    monkeypatch.setattr(machine, "SysTick", LateSysTick)
    with running(board, probe.image) as console:
        assert b"fault" not in console.read_until(b"ready\n")


def without_lock(board: Board, name: str) -> Board:
    """The board with a register whose ready bits never come."""
    windows = tuple(
        window.model_copy(
            update={
                "registers": tuple(
                    register.model_copy(update={"follows": ()})
                    if register.name == name
                    else register
                    for register in window.registers
                )
            }
        )
        for window in board.emulator.windows
    )
    assert windows != board.emulator.windows, f"{name} is not emulated"
    emulator = board.emulator.model_copy(update={"windows": windows})
    return board.model_copy(update={"emulator": emulator})


# By the name of a family's PLL: its address, and what feeds the core: (register, mask, value that
# selects the 24 MHz clock).
SAFE_CLOCK = {
    "PLL_ARM": (
        0x400D_8000,
        ((0x400F_C014, 0x0200_0000, 0x0200_0000), (0x400F_C018, 0x3000, 0x1000)),
    ),
    "ARM_PLL_CTRL": (0x40C8_4200, ((0x40CC_0000, 0x0100_07FF, 0),)),
}


def pll_of(board: Board) -> str:
    return "PLL_ARM" if board.id in ("rt1050", "rt1060", "rt1064") else "ARM_PLL_CTRL"


def test_core_stays_on_the_safe_clock_when_its_pll_never_locks(
    board: Board, probe: BareImage
) -> None:
    address, registers = SAFE_CLOCK[pll_of(board)]
    with running(without_lock(board, pll_of(board)), probe.image) as console:
        assert values(console.read_until(b"ready\n"))["boot_failure"] == address
        for register, mask, value in registers:
            assert peek(console, register) & mask == value
        console.type(b"still there")
        assert console.read(11) == b"still there"


def test_core_leaves_the_safe_clock_when_all_is_well(board: Board, probe: BareImage) -> None:
    with running(board, probe.image) as console:
        console.read_until(b"ready\n")
        register, mask, value = SAFE_CLOCK[pll_of(board)][1][0]
        assert peek(console, register) & mask != value
