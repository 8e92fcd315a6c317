"""CYCCNT counts executed instructions, exactly and repeatably, for as long as is wanted."""

from __future__ import annotations

import pytest
from helpers.guest import Guest, MakeGuest, running

from mcuzoo.board.model import Board
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import UsageError

ALL = CountMode(None)

COUNTER = """
#define CYCCNT REG(0xE0001004)
#define DWT_CTRL REG(0xE0001000)
static void start_counter(void) {
    REG(0xE000EDFC) |= 0x01000000u;
    REG(0xE0001FB0) = 0xC5ACCE55u;
    CYCCNT = 0;
    DWT_CTRL |= 1u;
}
"""

# The body runs once per pass; %3 is the address of CYCCNT.
BRACKET = (
    COUNTER
    + """
static __attribute__((noinline)) uint32_t bracket(uint32_t passes) {
    uint32_t first, last;
    __asm__ volatile("ldr %0, [%3]\\n"
                     "1:\\n\\t"
                     "BODY\\n\\t"
                     "subs %2, %2, #1\\n\\t"
                     "bne 1b\\n\\t"
                     "ldr %1, [%3]"
                     : "=&r"(first), "=&r"(last), "+r"(passes)
                     : "r"(&CYCCNT) : "r0", "r1", "r2", "r3", "s0", "cc", "memory");
    return last - first;
}
void guest(void) {
    start_counter();
    for (uint32_t passes = 1; passes <= PASSES; passes *= 100u) {
        put_word(bracket(passes));
    }
}
"""
)


@pytest.mark.parametrize(
    ("body", "instructions", "most_passes"),
    [
        ("nop", 1, 1_000_000),
        ("movs r0, #1\\n\\tadds r0, r0, r0\\n\\tmov.w r1, #77", 3, 10_000),
        # Every instruction of an IT block counts, executed or not, and so does the IT.
        (
            "cmp r0, r0\\n\\tittee eq\\n\\tmoveq r0, #1\\n\\taddeq r1, #1\\n\\t"
            "movne r2, #1\\n\\tsubne r3, #1",
            6,
            10_000,
        ),
        ("cmp r0, r0\\n\\tit ne\\n\\tmovne.w r0, #9", 3, 10_000),
        ("push {r0-r3}\\n\\tpop {r0-r3}", 2, 10_000),
        ("vmov s0, r0\\n\\tvadd.f32 s0, s0, s0\\n\\tumull r0, r1, r2, r3", 3, 10_000),
        ("b 2f\\n\\tnop\\n2:", 1, 10_000),
        ("ldr r0, [%3]", 1, 10_000),
        ("cmp r0, r0\\n\\tit eq\\n\\tldreq r0, [%3]", 3, 10_000),
    ],
)
def test_known_loops(
    make_guest: MakeGuest, rt1050: Board, body: str, instructions: int, most_passes: int
) -> None:
    source = BRACKET.replace("BODY", body).replace("PASSES", f"{most_passes}u")
    passes = [100**n for n in range(4) if 100**n <= most_passes]
    with running(rt1050, make_guest(rt1050, source).image(), ALL) as state:
        counts = state.words(len(passes))
    # Each pass ends with SUBS and BNE; the second reading counts itself.
    assert counts == [(instructions + 2) * n + 1 for n in passes]


WORK = (
    COUNTER
    + """
uint8_t data[4096];
void empty(void);
void work(void);
__attribute__((noinline)) void empty(void) { __asm__ volatile(""); }
__attribute__((noinline)) void work(void) {
    uint32_t state = 1, sum = 0;
    for (uint32_t i = 0; i < sizeof data; ++i) {
        state = state * 1664525u + 1013904223u;
        data[i] = (uint8_t)(state >> 24);
        sum += data[i] > 128u ? data[i] : (state & 1u ? 3u : 0u);
        if (sum > 1000u) { sum -= sum / 7u; }
    }
    data[0] = (uint8_t)sum;
}
static __attribute__((noinline)) uint32_t measure(void (*function)(void)) {
    const uint32_t first = CYCCNT;
    function();
    return CYCCNT - first;
}
void guest(void) {
    start_counter();
    for (;;) {
        (void)get();
        put_word((DWT_CTRL >> 25) & 1u);
        put_word(measure(empty));
        put_word(measure(work));
        put_word(measure(work));
    }
}
"""
)


def instructions_of(guest: Guest, function: str) -> int:
    """Instructions of one call, counted one by one by a hook.

    The hook is not called for instructions of an IT block whose condition does not hold, so those
    are counted with the IT instruction, from its mask, and passed over afterwards.
    """
    import unicorn
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection
    from unicorn import arm_const

    with guest.elf.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        found = symbols.get_symbol_by_name(function)
        assert found is not None
        entry = found[0]["st_value"]
    board = guest.board
    flash, dtcm = board.flash_region.base, board.region("dtcm")
    behind = flash + 0x8000
    uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
    uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
    uc.mem_map(flash, 0x10000)
    uc.mem_write(flash + board.boot.vector_table_offset, guest.code)
    uc.mem_map(dtcm.base, dtcm.size)
    uc.reg_write(arm_const.UC_ARM_REG_SP, dtcm.base + 0x1000)
    uc.reg_write(arm_const.UC_ARM_REG_LR, behind | 1)
    counted = 0
    in_it_block: set[int] = set()

    def count(uc: unicorn.Uc, address: int, size: int, _: object) -> None:
        nonlocal counted, in_it_block
        if address in in_it_block:
            return
        counted += 1
        low, high = uc.mem_read(address, 2)
        in_it_block = set()
        if high == 0xBF and low & 0xF:
            at = address + size
            for _ in range(4 - ((low & -low).bit_length() - 1)):
                in_it_block.add(at)
                at += 4 if uc.mem_read(at + 1, 1)[0] >= 0xE8 else 2
            counted += len(in_it_block)

    uc.hook_add(unicorn.UC_HOOK_CODE, count)
    uc.emu_start(entry | 1, behind)
    return counted


def test_equal_to_counting_one_by_one(make_guest: MakeGuest, board: Board) -> None:
    guest = make_guest(board, WORK)
    with running(board, guest.image(), ALL) as state:
        state.console.type(b"1")
        not_counting, empty, work, again = state.words(4)
        state.console.type(b"2")
        assert state.words(4) == [not_counting, empty, work, again]
    assert not_counting == 0
    assert work == again
    assert work - empty == instructions_of(guest, "work") - instructions_of(guest, "empty")


def test_count_ends_after_the_wanted_inferences(make_guest: MakeGuest, rt1050: Board) -> None:
    """Two calls without console traffic between them are one inference."""
    with running(rt1050, make_guest(rt1050, WORK).image(), CountMode(1)) as state:
        state.console.type(b"1")
        not_counting, _, work, again = state.words(4)
        assert not_counting == 0
        assert work == again > 10_000
        for _ in range(3):
            state.console.type(b"2")
            assert state.words(4) == [1, 0, 0, 0]
        assert state.evk.inferences >= 1


def test_no_counting_at_all(make_guest: MakeGuest, rt1050: Board) -> None:
    with running(rt1050, make_guest(rt1050, WORK).image(), CountMode(0)) as state:
        state.console.type(b"1")
        assert state.words(4) == [1, 0, 0, 0]
        assert state.evk.instructions == 0


@pytest.mark.slow
def test_what_was_counted_is_remembered_over_a_reset(make_guest: MakeGuest, rt1050: Board) -> None:
    with running(rt1050, make_guest(rt1050, WORK).image(), CountMode(1)) as state:
        state.console.type(b"1")
        assert state.words(4)[0] == 0
        state.evk.request_reset()
        state.console.type(b"2")
        assert state.words(4) == [1, 0, 0, 0]


def test_counter_waits_for_trace_and_enable(make_guest: MakeGuest, rt1050: Board) -> None:
    """TRCENA, the lock, CYCCNTENA: a driver that forgets one sees no cycles."""
    source = """
    #define CYCCNT REG(0xE0001004)
    static uint32_t moves(void) {
        const uint32_t first = CYCCNT;
        for (volatile uint32_t i = 0; i < 10; ++i) {}
        return CYCCNT != first;
    }
    void guest(void) {
        put_word(moves());
        REG(0xE000EDFC) |= 0x01000000u;
        put_word(REG(0xE0001FB4));
        REG(0xE0001000) |= 1u;
        put_word(moves());
        REG(0xE0001FB0) = 0xC5ACCE55u;
        put_word(REG(0xE0001FB4));
        put_word(moves());
        REG(0xE0001000) |= 1u;
        put_word(moves());
        CYCCNT = 1000u;
        put_word(CYCCNT - 1000u < 10u);
        REG(0xE0001000) &= ~1u;
        put_word(moves());
    }
    """
    with running(rt1050, make_guest(rt1050, source).image(), ALL) as state:
        assert state.words(8) == [0, 3, 0, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(("text", "inferences"), [("all", None), ("0", 0), ("17", 17)])
def test_count_mode_is_parsed(text: str, inferences: int | None) -> None:
    mode = CountMode.parse(text)
    assert mode.inferences == inferences
    assert str(mode) == text


@pytest.mark.parametrize("text", ["", "-1", "some", "1.5", "٣"])
def test_bad_count_mode(text: str) -> None:
    with pytest.raises(UsageError):
        CountMode.parse(text)
