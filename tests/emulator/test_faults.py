"""Faults reach the firmware's handlers, with frame and status as on the real core."""

from __future__ import annotations

import pytest
from helpers.guest import MakeGuest, running

from mcuzoo.board.model import Board
from mcuzoo.errors import EmulatorError

pytestmark = pytest.mark.slow

HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT = 3, 4, 5, 6
PRECISERR, BFARVALID, IBUSERR = 1 << 9, 1 << 15, 1 << 8
DACCVIOL, IACCVIOL, MMARVALID = 1 << 1, 1 << 0, 1 << 7
UNDEFINSTR, INVSTATE = 1 << 16, 1 << 17
FORCED, DEBUGEVT = 1 << 30, 1 << 31
ENABLE = "REG(0xE000ED24) |= 0x00070000u;"

# Prints exception number, EXC_RETURN, stacked R0, PC, xPSR, then CFSR, HFSR, MMFAR, BFAR.
HANDLER = """
void report(const uint32_t *frame, uint32_t exc_return);
__attribute__((naked)) void on_fault(void) {
    __asm__ volatile("mrs r0, msp\\n\\tmov r1, lr\\n\\tb report");
}
__attribute__((used)) void report(const uint32_t *frame, uint32_t exc_return) {
    uint32_t ipsr;
    __asm__ volatile("mrs %%0, ipsr" : "=r"(ipsr));
    put_word(ipsr);
    put_word(exc_return);
    put_word(frame[0]);
    put_word(frame[6]);
    put_word(frame[7]);
    put_word(REG(0xE000ED28));
    put_word(REG(0xE000ED2C));
    put_word(REG(0xE000ED34));
    put_word(REG(0xE000ED38));
    for (;;) { (void)STAT; }
}
__attribute__((noinline)) static void act(uint32_t a) {
    extern const uint8_t here[];
    put_word((uint32_t)(uintptr_t)here);
    __asm__ volatile("mov r0, %%0\\n\\t"
                     "%s\\n\\t"
                     ".global here\\n"
                     "here:\\n\\t"
                     "%s\\n\\t"
                     "nop" : : "r"(a) : "r0", "r1", "r2", "lr", "memory");
}
void guest(void) {
    %s
    act(%#xu);
}
"""


def fault(
    make_guest: MakeGuest,
    board: Board,
    instruction: str,
    operand: int,
    setup: str = ENABLE,
    before: str = "nop",
) -> tuple[int, list[int]]:
    """Address of `instruction`, executed with r0 = operand, and what the handler prints."""
    source = HANDLER % (before, instruction, setup, operand)
    with running(board, make_guest(board, source).image()) as state:
        label, *report = state.words(10)
        return label & ~1, report


@pytest.mark.parametrize(
    ("instruction", "address"),
    [
        ("str r1, [r0]", 0x10000000),
        ("ldr r1, [r0]", 0x10000000),
        ("strb r1, [r0], #1", 0x1FFFFFFF),  # right below the DTCM
        ("ldrd r1, r2, [r0]", 0x90000000),  # no memory at all
        ("str r1, [r0]", 0x80000000),  # SDRAM, which no DCD has set up
        ("vldr d0, [r0]", 0x50000000),
    ],
)
def test_missing_memory_is_a_bus_fault(
    make_guest: MakeGuest, board: Board, instruction: str, address: int
) -> None:
    label, report = fault(make_guest, board, instruction, address)
    number, exc_return, r0, pc, xpsr, cfsr, hfsr, _, bfar = report
    assert number == BUS_FAULT
    assert exc_return == 0xFFFFFFE9  # thread mode, MSP, with FPU state
    assert (r0, pc) == (address, label)
    assert xpsr & 0x010001FF == 0x01000000
    assert cfsr == PRECISERR | BFARVALID
    assert hfsr == 0
    assert bfar == address


def test_write_to_flash_is_a_bus_fault(make_guest: MakeGuest, board: Board) -> None:
    flash = board.flash_region.base
    label, report = fault(make_guest, board, "str r1, [r0]", flash)
    assert report[0] == BUS_FAULT
    assert report[3] == label
    assert report[8] == flash


@pytest.mark.parametrize("instruction", ["streq r1, [r0]", "ldreq r1, [r0]"])
def test_fault_in_an_it_block(make_guest: MakeGuest, rt1050: Board, instruction: str) -> None:
    before = "cmp r0, r0\\n\\tit eq"
    label, report = fault(make_guest, rt1050, instruction, 0x10000000, before=before)
    assert (report[0], report[3], report[8]) == (BUS_FAULT, label, 0x10000000)


@pytest.mark.parametrize("instruction", ["udf #3", "udf.w #3", "mcr p4, #0, r0, c0, c0, #0"])
def test_undefined_instruction(make_guest: MakeGuest, board: Board, instruction: str) -> None:
    label, report = fault(make_guest, board, instruction, 0)
    assert (report[0], report[3]) == (USAGE_FAULT, label)
    assert report[5] == UNDEFINSTR


def test_branch_without_the_thumb_bit(make_guest: MakeGuest, board: Board) -> None:
    target = board.flash_region.base + board.boot.vector_table_offset + 0x40
    _, report = fault(make_guest, board, "bx r0", target)
    assert (report[0], report[3], report[5]) == (USAGE_FAULT, target, INVSTATE)


def test_jump_into_nothing(make_guest: MakeGuest, board: Board) -> None:
    _, report = fault(make_guest, board, "bx r0", 0x1000_0001)
    assert (report[0], report[3], report[5]) == (BUS_FAULT, 0x10000000, IBUSERR)


@pytest.mark.parametrize("target", [0x40000001, 0xE000E001, 0xFFFFFFF9])
def test_jump_where_nothing_is_executed(make_guest: MakeGuest, rt1050: Board, target: int) -> None:
    """Peripherals, the system's addresses, and an EXC_RETURN value outside of any handler."""
    _, report = fault(make_guest, rt1050, "bx r0", target)
    assert (report[0], report[5]) == (MEM_MANAGE, IACCVIOL)
    assert report[3] & ~7 == target & ~7


def test_fault_without_handler_of_its_own_is_forced(make_guest: MakeGuest, board: Board) -> None:
    label, report = fault(make_guest, board, "str r1, [r0]", 0x10000000, setup="")
    assert (report[0], report[3]) == (HARD_FAULT, label)
    assert report[5:7] == [PRECISERR | BFARVALID, FORCED]


def test_masked_fault_is_forced(make_guest: MakeGuest, rt1050: Board) -> None:
    setup = ENABLE + '__asm__ volatile("cpsid i");'
    _, report = fault(make_guest, rt1050, "udf #1", 0, setup)
    assert (report[0], report[6]) == (HARD_FAULT, FORCED)


def test_breakpoint_without_debugger(make_guest: MakeGuest, rt1050: Board) -> None:
    label, report = fault(make_guest, rt1050, "bkpt #1", 0)
    assert (report[0], report[3], report[6]) == (HARD_FAULT, label, DEBUGEVT)


def test_fault_status_bits_clear_when_ones_are_written(
    make_guest: MakeGuest, rt1050: Board
) -> None:
    source = """
    void on_fault(void) {
        REG(0xE000ED28) = 0x8000u;
        put_word(REG(0xE000ED28));
        REG(0xE000ED28) = 0xFFFFFFFFu;
        put_word(REG(0xE000ED28));
        for (;;) { (void)STAT; }
    }
    void guest(void) { REG(0x10000000) = 1; }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(2) == [PRECISERR, 0]


def test_faulting_instruction_can_be_skipped(make_guest: MakeGuest, board: Board) -> None:
    """The handler steps over the store and returns; registers and FPU state survive."""
    source = """
    __attribute__((naked)) void on_fault(void) {
        __asm__ volatile("mrs r0, msp\\n\\tldr r1, [r0, #24]\\n\\tadds r1, #4\\n\\t"
                         "str r1, [r0, #24]\\n\\tvmov.f32 s0, #2.0\\n\\tmovs r3, #9\\n\\tbx lr");
    }
    void guest(void) {
        uint32_t kept, single, ipsr;
        __asm__ volatile("vmov.f32 s0, #1.0\\n\\tmovs r3, #5\\n\\tmov r2, #0x10000000\\n\\t"
                         "str.w r3, [r2]\\n\\tmov %0, r3\\n\\tvmov %1, s0\\n\\tmrs %2, ipsr"
                         : "=r"(kept), "=r"(single), "=r"(ipsr) : : "r2", "r3", "s0", "memory");
        put_word(kept);
        put_word(single);
        put_word(ipsr);
    }
    """
    with running(board, make_guest(board, source).image()) as state:
        assert state.words(3) == [5, 0x3F800000, 0]


def test_a_misaligned_stack_is_aligned_and_restored(make_guest: MakeGuest, rt1050: Board) -> None:
    source = """
    volatile uint32_t seen;
    __attribute__((naked)) void on_svc(void) {
        __asm__ volatile("mrs r0, msp\\n\\tldr r1, =seen\\n\\tstr r0, [r1]\\n\\tbx lr\\n\\t.pool");
    }
    void guest(void) {
        uint32_t before, after;
        __asm__ volatile("sub sp, #4\\n\\tmov %0, sp\\n\\tsvc #7\\n\\tmov %1, sp\\n\\tadd sp, #4"
                         : "=r"(before), "=r"(after) : : "r0", "r1", "r2", "r3", "r12", "memory");
        put_word(before & 7u);
        put_word(before - after);
        put_word(seen & 7u);
    }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(3) == [4, 0, 0]


def test_svc_returns_behind_itself(make_guest: MakeGuest, board: Board) -> None:
    source = """
    volatile uint32_t calls;
    void on_svc(void) { calls += 1; }
    void guest(void) {
        calls = 0;
        for (uint32_t i = 0; i < 3; ++i) { __asm__ volatile("svc #1" ::: "memory"); }
        put_word(calls);
    }
    """
    with running(board, make_guest(board, source).image()) as state:
        assert state.words(1) == [3]


def test_fault_in_the_hard_fault_handler_locks_up(make_guest: MakeGuest, rt1050: Board) -> None:
    source = """
    void on_fault(void) { REG(0x10000000) = 1; }
    void guest(void) { REG(0x10000000) = 1; }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        failure = state.failure()
    assert isinstance(failure, EmulatorError)
    assert "locks up" in failure.message
    assert "write of 0x1 to 0x10000000" in failure.message


def test_fault_without_stack_locks_up(make_guest: MakeGuest, rt1050: Board) -> None:
    source = 'void guest(void) { __asm__ volatile("mov sp, %0\\n\\tudf #0" : : "r"(0x10000000)); }'
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert "no stack at" in str(state.failure())


def test_fault_without_vector_table_locks_up(make_guest: MakeGuest, rt1050: Board) -> None:
    source = 'void guest(void) { REG(0xE000ED08) = 0x10000000u; __asm__ volatile("udf #0"); }'
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert "no handler for HARD_FAULT" in str(state.failure())


MPU = """
    static void protect(uint32_t index, uint32_t base, uint32_t rasr) {
        REG(0xE000ED98) = index;
        REG(0xE000ED9C) = base;
        REG(0xE000EDA0) = rasr | 1u;
    }
"""
# Everything readable, writable, executable; then 1 KB of DTCM read-only, 1 KB without access,
# 2 KB that must not be executed, and 64 KB without access of which the upper half is left out.
PROTECT = (
    ENABLE
    + """
    protect(0, 0, 0x0300003Eu);
    protect(1, 0x20002000, 0x06000012u);
    protect(2, 0x20002400, 0x00000012u);
    protect(3, 0x20002800, 0x13000014u);
    protect(4, 0x00000000, 0x0000F01Eu);
    REG(0xE000ED94) = 1u;
    BARRIER();
"""
)


@pytest.mark.parametrize(
    ("instruction", "operand", "cfsr"),
    [
        ("str r1, [r0]", 0x20002000, DACCVIOL | MMARVALID),
        ("str r1, [r0]", 0x200023FC, DACCVIOL | MMARVALID),
        ("ldr r1, [r0]", 0x20002400, DACCVIOL | MMARVALID),
        ("bx r0", 0x20002801, IACCVIOL),
        ("ldr r1, [r0]", 0x00000100, DACCVIOL | MMARVALID),
        ("str r1, [r0]", 0x10000000, PRECISERR | BFARVALID),  # allowed, but nothing is there
    ],
)
def test_protected_memory_is_a_mem_manage_fault(
    make_guest: MakeGuest, rt1050: Board, instruction: str, operand: int, cfsr: int
) -> None:
    source = MPU + HANDLER % ("nop", instruction, PROTECT, operand)
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        _, number, *_, found, _, mmfar, bfar = state.words(10)
    assert found == cfsr
    assert number == (BUS_FAULT if cfsr & PRECISERR else MEM_MANAGE)
    if cfsr & MMARVALID:
        assert mmfar == operand
    if cfsr & BFARVALID:
        assert bfar == operand


def test_what_the_mpu_allows_still_works(make_guest: MakeGuest, rt1050: Board) -> None:
    source = (
        MPU
        + """
    void guest(void) {
        REG(0x20002000) = 0x1234u;
        REG(0x20002400) = 0x5678u;
    """
        + PROTECT
        + """
        put_word(REG(0x20002000));
        REG(0x20002C00) = 9u;
        put_word(REG(0x20002C00));
        REG(0x0000C000) = 7u;
        put_word(REG(0x0000C000));
        REG(0xE000ED94) = 0u;
        BARRIER();
        REG(0x20002000) = 8u;
        put_word(REG(0x20002000));
        put_word(REG(0x20002400));
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(5) == [0x1234, 9, 7, 8, 0x5678]


def test_hard_fault_handler_runs_without_mpu(make_guest: MakeGuest, rt1050: Board) -> None:
    """With HFNMIENA clear, the handler may touch what the MPU forbids."""
    source = (
        MPU
        + """
    void on_fault(void) {
        REG(0x20002400) = 0x77u;
        put_word(REG(0x20002400));
        for (;;) { (void)STAT; }
    }
    void guest(void) {
        protect(0, 0, 0x0300003Eu);
        protect(1, 0x20002400, 0x00000012u);
        REG(0xE000ED94) = 1u;
        BARRIER();
        REG(0x20002400) = 1u;
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(1) == [0x77]
