"""Payloads made word by word: what is decoded, and what becomes a fault instead of a crash."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.npu.decode import decode_operations
from mcuzoo.npu.registers import Cmd0, Cmd1
from mcuzoo.npu.stream import Command, decode_stream

CONFIG = 1 << 28 | 48 << 8 | 8
IDENTITY = 1 << 28 | 6 << 16
STOP = 0xFFFF << 16
PAYLOAD = 0x4000


def payload(*commands: int, config: int = CONFIG, identity: int = IDENTITY) -> bytes:
    header = (*struct.unpack("<I", b"COP1"), 1 | 1 << 20, config, identity, 5, 5, 5)
    words = (*header, 2 | len(commands) << 16, *commands)
    return struct.pack(f"<{len(words)}I", *words)


def faults(raw: bytes) -> list[str]:
    return [fault.what for fault in decode_stream(raw).faults]


def test_the_header_says_the_npu() -> None:
    found = decode_stream(payload(STOP))
    assert found.faults == ()
    assert found.config is not None
    assert (found.config.accelerator, found.config.macs) == ("ethos-u65-256", 256)
    assert (found.config.shram_kib, found.config.cores) == (48, 1)
    assert found.config.architecture == (1, 0, 6)
    assert found.commands == (Command(8, Cmd0.OP_STOP, 0xFFFF),)


def test_commands_of_one_and_of_two_words() -> None:
    zero_point = int(Cmd0.SET_IFM_ZERO_POINT) | (0xFF80 << 16)
    base = int(Cmd1.SET_IFM_BASE0) | PAYLOAD | 2 << 16
    scale = int(Cmd1.SET_OFM_SCALE) | PAYLOAD | 33 << 16
    found = decode_stream(payload(zero_point, base, 16, scale, 7, STOP))
    first, second, third, _ = found.commands
    assert (first.code, first.value, first.signed) == (Cmd0.SET_IFM_ZERO_POINT, 0xFF80, -128)
    assert (second.word, second.value) == (9, 2 << 32 | 16)
    assert (third.value, third.param) == (7, 33)


def test_what_nobody_knows_is_a_fault_and_decoding_goes_on() -> None:
    found = decode_stream(payload(0x1FF, 0x3FF | PAYLOAD, 5, 0x0400, STOP))
    assert [fault.word for fault in found.faults] == [8, 9, 11]
    assert "no register or operation 0x1ff" in found.faults[0].what
    assert [command.code for command in found.commands] == [Cmd0.OP_STOP]


def test_damaged_payloads() -> None:
    assert "does not begin with COP1" in faults(b"nothing!")[0]
    assert "does not end with a whole word" in faults(payload(STOP) + b"x")[-1]
    assert faults(payload())[-1] == "the stream does not end with OP_STOP"
    assert "1 words follow" in faults(payload(STOP, STOP))[0]
    cut = payload(int(Cmd0.SET_IFM_REGION), STOP)[:-4]
    assert "the header says 2 words of commands, 1 follow" in faults(cut)
    assert any("no NPU of product 7" in one for one in faults(payload(STOP, config=7 << 28)))
    assert any("48 KiB" in one for one in faults(payload(STOP, config=1 << 28 | 8)))
    unaligned = struct.pack("<4I", *struct.unpack("<I", b"COP1"), 5, 2 | 1 << 16, STOP)
    assert "the commands do not begin at a multiple of 16" in faults(unaligned)


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_are_too_bad(content: bytes, behind_a_header: bool) -> None:
    words = struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])
    found = decode_stream(payload(*words) if behind_a_header else content)
    decode_operations(found)
    assert len(found.commands) <= found.words


def test_registers_that_were_never_set_are_told_once() -> None:
    found = decode_operations(decode_stream(payload(int(Cmd0.OP_CONV), int(Cmd0.OP_CONV), STOP)))
    told = [fault.what for fault in found.faults]
    assert len(told) == len(set(told)) > 20
    assert "SET_IFM_BASE0 is used and was never set" in told
    assert len(found.operations) == 2


def test_reserved_bits_and_modes_are_faults() -> None:
    bits = decode_operations(decode_stream(payload(int(Cmd0.SET_IFM_REGION) | 0x10 << 16, STOP)))
    assert "bits 0x0010 are reserved" in bits.faults[0].what
    pool = decode_operations(decode_stream(payload(int(Cmd0.OP_POOL) | 9 << 16, STOP)))
    assert pool.operations == ()
    assert "OP_POOL has no mode 9" in pool.faults[0].what
