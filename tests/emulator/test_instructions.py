"""A sample of the instructions that kernels live on, against a model of each in Python."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest
from helpers.guest import MakeGuest, running

from mcuzoo.board.model import Board

pytestmark = pytest.mark.slow

MASK = 0xFFFF_FFFF
CASES = 60
EDGES = (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x80008000, 0x7FFF8000)


def signed(value: int, bits: int = 32) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def halves(value: int) -> tuple[int, int]:
    return signed(value, 16), signed(value >> 16, 16)


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def smlad(a: int, b: int, c: int) -> int:
    return c + sum(x * y for x, y in zip(halves(a), halves(b), strict=True))


def smlald_low(a: int, b: int, c: int) -> int:
    return smlad(a, b, 0) + signed(c)


def smmulr(a: int, b: int, _: int) -> int:
    return signed(a) * signed(b) + (1 << 31) >> 32


def smmla(a: int, b: int, c: int) -> int:
    return (signed(c) << 32) + signed(a) * signed(b) >> 32


def pkhbt(a: int, b: int, _: int) -> int:
    return a & 0xFFFF | b << 8 & 0xFFFF0000


def pkhtb(a: int, b: int, _: int) -> int:
    return a & 0xFFFF0000 | signed(b) >> 16 & 0xFFFF


def usat(a: int, _b: int, _c: int) -> int:
    return clamp(signed(a) >> 4, 0, 255)


def ssat(a: int, _b: int, _c: int) -> int:
    return clamp(signed(a) << 2, -128, 127)


def usat16(a: int, _b: int, _c: int) -> int:
    low, high = (clamp(x, 0, 255) for x in halves(a))
    return high << 16 | low


def sxtb16(a: int, _b: int, _c: int) -> int:
    a = (a >> 8 | a << 24) & MASK
    return (signed(a >> 16, 8) & 0xFFFF) << 16 | signed(a, 8) & 0xFFFF


def sxtab16(a: int, b: int, _c: int) -> int:
    high = (a >> 16) + signed(b >> 16, 8) & 0xFFFF
    return high << 16 | (a + signed(b, 8) & 0xFFFF)


def qadd(a: int, b: int, _: int) -> int:
    return clamp(signed(a) + signed(b), -(1 << 31), (1 << 31) - 1)


def sadd16(a: int, b: int, _: int) -> int:
    return (a + b & 0xFFFF) | (a >> 16) + (b >> 16) << 16


def smulwb(a: int, b: int, _: int) -> int:
    return signed(a) * signed(b, 16) >> 16


def clz(a: int, _b: int, _c: int) -> int:
    return 32 - a.bit_length()


INTEGER: dict[str, Callable[[int, int, int], int]] = {
    "smlad %0, %1, %2, %3": smlad,
    "mov %0, %3\\n\\tasr r3, %3, #31\\n\\tsmlald %0, r3, %1, %2": smlald_low,
    "smmulr %0, %1, %2": smmulr,
    "smmla %0, %1, %2, %3": smmla,
    "pkhbt %0, %1, %2, lsl #8": pkhbt,
    "pkhtb %0, %1, %2, asr #16": pkhtb,
    "usat %0, #8, %1, asr #4": usat,
    "ssat %0, #8, %1, lsl #2": ssat,
    "usat16 %0, #8, %1": usat16,
    "sxtb16 %0, %1, ror #8": sxtb16,
    "sxtab16 %0, %1, %2": sxtab16,
    "qadd %0, %1, %2": qadd,
    "sadd16 %0, %1, %2": sadd16,
    "smulwb %0, %1, %2": smulwb,
    "clz %0, %1": clz,
}

INTEGER_C = """
static uint32_t word(void) {
    uint32_t value = 0;
    for (uint32_t shift = 0; shift < 32; shift += 8) { value |= get() << shift; }
    return value;
}
void guest(void) {
    for (;;) {
        const uint32_t a = word(), b = word(), c = word();
        uint32_t result;
        __asm__ volatile("INSTRUCTION" : "=&r"(result) : "r"(a), "r"(b), "r"(c) : "r3", "cc");
        put_word(result);
    }
}
"""


@pytest.mark.parametrize("instruction", INTEGER)
def test_integer_instruction(make_guest: MakeGuest, rt1050: Board, instruction: str) -> None:
    dice = random.Random(instruction)
    image = make_guest(rt1050, INTEGER_C.replace("INSTRUCTION", instruction)).image()
    with running(rt1050, image) as state:
        for _ in range(CASES):
            a, b, c = (
                dice.choice(EDGES) if dice.random() < 0.3 else dice.getrandbits(32)
                for _ in range(3)
            )
            # An SSAT that shifts significant bits out is another function.
            if instruction.startswith("ssat"):
                a = signed(a) >> 3 & MASK
            state.console.type(struct.pack("<III", a, b, c))
            (result,) = state.words(1)
            assert result == INTEGER[instruction](a, b, c) & MASK, (hex(a), hex(b), hex(c))


DOUBLE: dict[str, Callable[[float, float], float]] = {
    "vadd.f64 d0, d0, d1": lambda a, b: a + b,
    "vsub.f64 d0, d0, d1": lambda a, b: a - b,
    "vmul.f64 d0, d0, d1": lambda a, b: a * b,
    "vdiv.f64 d0, d0, d1": lambda a, b: a / b,
    "vmul.f64 d0, d0, d0\\n\\tvsqrt.f64 d0, d0": lambda a, _: (a * a) ** 0.5,
    "vcvt.s32.f64 s0, d0\\n\\tvcvt.f64.s32 d0, s0": lambda a, _: float(int(a)),
}

DOUBLE_C = """
static uint32_t word(void) {
    uint32_t value = 0;
    for (uint32_t shift = 0; shift < 32; shift += 8) { value |= get() << shift; }
    return value;
}
void guest(void) {
    for (;;) {
        const uint32_t a = word(), b = word(), c = word(), d = word();
        uint32_t low, high;
        __asm__ volatile("vmov d0, %2, %3\\n\\tvmov d1, %4, %5\\n\\t"
                         "INSTRUCTION\\n\\tvmov %0, %1, d0"
                         : "=&r"(low), "=&r"(high) : "r"(a), "r"(b), "r"(c), "r"(d)
                         : "d0", "d1");
        put_word(low);
        put_word(high);
    }
}
"""


@pytest.mark.parametrize("instruction", DOUBLE)
def test_double_instruction(make_guest: MakeGuest, rt1050: Board, instruction: str) -> None:
    dice = random.Random(instruction)
    image = make_guest(rt1050, DOUBLE_C.replace("INSTRUCTION", instruction)).image()
    with running(rt1050, image) as state:
        for _ in range(CASES):
            a, b = (dice.uniform(-1, 1) * 2.0 ** dice.randint(-20, 30) for _ in range(2))
            state.console.type(struct.pack("<dd", a, b))
            result = struct.pack("<II", *state.words(2))
            assert struct.unpack("<d", result)[0] == DOUBLE[instruction](a, b), (a, b)


def test_single_precision_rounds_once(make_guest: MakeGuest, rt1050: Board) -> None:
    """A fused multiply-add keeps the product's low bits, a separate one loses them."""
    source = """
    void guest(void) {
        uint32_t fused, separate;
        __asm__ volatile("vmov s1, %2\\n\\tvmov s2, %2\\n\\tvmov s0, %3\\n\\tvmov s3, s0\\n\\t"
                         "vfma.f32 s0, s1, s2\\n\\tvmul.f32 s4, s1, s2\\n\\t"
                         "vadd.f32 s3, s3, s4\\n\\tvmov %0, s0\\n\\tvmov %1, s3"
                         : "=r"(fused), "=r"(separate) : "r"(0x3F800001u), "r"(0xBF800002u)
                         : "s0", "s1", "s2", "s3", "s4");
        put_word(fused);
        put_word(separate);
    }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        fused, separate = state.words(2)
    assert struct.unpack("<f", fused.to_bytes(4, "little"))[0] == 2.0**-46
    assert separate == 0


def test_unaligned_words(make_guest: MakeGuest, rt1050: Board) -> None:
    source = """
    void guest(void) {
        REG(0x20002000) = 0x44332211u;
        REG(0x20002004) = 0x88776655u;
        REG(0x200023FE) = 0xCAFEBABEu;
        put_word(REG(0x20002001));
        put_word(REG(0x20002003));
        put_word(REG(0x200023FE));
    }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(3) == [0x55443322, 0x77665544, 0xCAFEBABE]


def test_code_in_ram(make_guest: MakeGuest, board: Board) -> None:
    """Code is written to the ITCM, run, rewritten and run again."""
    source = """
    void guest(void) {
        volatile uint16_t *const code = (volatile uint16_t *)0x1000;
        for (uint16_t value = 1; value < 4; ++value) {
            code[0] = (uint16_t)(0x2000u | value);  /* movs r0, #value */
            code[1] = 0x4770u;                      /* bx lr */
            REG(0xE000EF50) = 0;
            BARRIER();
            put_word(((uint32_t (*)(void))0x1001)());
        }
    }
    """
    with running(board, make_guest(board, source).image()) as state:
        assert state.words(3) == [1, 2, 3]
