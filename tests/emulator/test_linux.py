"""The emulated Linux board on programs that no agent is: what it refuses, and in what words."""

from __future__ import annotations

import struct
import threading

import pytest
from helpers.examples import examples
from helpers.linux_program import (
    BR_X1,
    CODE,
    DATA,
    LDR_X0_X1,
    SPIN,
    STR_X0_X1,
    SVC,
    UNDEFINED,
    call,
    exit_with_x0,
    program,
    put,
)
from helpers.memory_console import MemoryConsole
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.emulator.linux.board import EmulatedLinux
from mcuzoo.emulator.linux.elf import MOST_BYTES, Program
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import EmulatorError, InputError

pytest.importorskip("unicorn")
PATIENCE_S = 60
ENOSYS, EFAULT, ENOMEM, EBADF, EINVAL = 38, 14, 12, 9, 22


def _board(content: bytes) -> tuple[EmulatedLinux, MemoryConsole, list[str]]:
    console, said = MemoryConsole(), list[str]()
    return (
        EmulatedLinux(Program(content, "it"), console, CountMode(0), say=said.append),
        console,
        said,
    )


def _fails(content: bytes) -> str:
    board, _, _ = _board(content)
    with pytest.raises(EmulatorError) as caught:
        board.run()
    assert caught.value.hint
    return caught.value.message


def _answer(number: int, *arguments: int) -> int:
    """What a system call gives, or less its error, modulo 256."""
    message = _fails(program([*call(number, *arguments), *exit_with_x0()]))
    return int(message.split("exit status ")[1].split(".")[0])


def test_an_unknown_system_call_is_refused_and_named() -> None:
    content = program([*call(5000), *call(198), *exit_with_x0()])
    board, _, said = _board(content)
    with pytest.raises(
        EmulatorError, match=rf"exit status {256 - ENOSYS}\. .*198 \(socket\), 5000"
    ):
        board.run()
    assert said == [
        "system call 5000 is not emulated: ENOSYS",
        "system call 198 (socket) is not emulated: ENOSYS",
    ]


@pytest.mark.parametrize(
    ("instructions", "words"),
    [
        ([*put(1, 0x10), LDR_X0_X1], "a 8-byte read of 0x10"),
        ([*put(1, DATA + 0x1000), STR_X0_X1], f"a 8-byte write to {DATA + 0x1000:#x}"),
        ([*put(1, CODE), STR_X0_X1], f"a 8-byte write to {CODE:#x}"),
        ([*put(1, DATA), BR_X1], f"a jump to {DATA:#x}"),
        ([*put(1, 1 << 47), LDR_X0_X1], "of 0x800000000000"),
        ([UNDEFINED], "an undefined instruction"),
    ],
)
def test_a_fault_says_what_and_where(instructions: list[int], words: str) -> None:
    message = _fails(program([0xD503201F, *instructions]))
    assert words in message
    assert "PC 0x" in message


@pytest.mark.parametrize(
    ("number", "arguments", "answer"),
    [
        (172, (), 1),  # getpid
        (29, (0, 0, 0), 256 - 25),  # ioctl: no terminal
        (63, (7, DATA, 1), 256 - EBADF),
        (64, (7, DATA, 1), 256 - EBADF),
        (64, (1, 0x10, 1), 256 - EFAULT),
        (64, (1, DATA, 1 << 62), 256 - EFAULT),
        (64, (1, DATA, 5), 5),
        (66, (1, DATA, 1 << 40), 256 - EINVAL),
        (66, (1, 0x10, 2), 256 - EFAULT),
        (73, (DATA, 1 << 40, 0), 256 - EINVAL),
        (73, (0x10, 1, 0), 256 - EFAULT),
        (113, (1, 0x10), 256 - EFAULT),
        (113, (99, DATA), 256 - EINVAL),
        (222, (0, 1 << 50, 3, 0x22), 256 - ENOMEM),
        (222, (0, 0, 3, 0x22), 256 - ENOMEM),
        (222, (0, 4096, 3, 2), 256 - EBADF),  # of a file
        (160, (0x10,), 256 - EFAULT),
        (278, (0x10, 8), 256 - EFAULT),
    ],
)  # fmt: skip
def test_a_system_call_with_bad_arguments(
    number: int, arguments: tuple[int, ...], answer: int
) -> None:
    assert _answer(number, *arguments) == answer


def test_output_goes_to_the_console() -> None:
    board, console, _ = _board(program([*call(64, 1, DATA, 5), *call(94, 3)], b"hello"))
    with pytest.raises(EmulatorError, match="exit status 3"):
        board.run()
    assert console.read_until(b"hello") == b"hello"


def test_what_it_says_on_stderr_is_told() -> None:
    board, _, said = _board(program([*call(64, 2, DATA, 8), *call(94, 1)], b"no room\n"))
    with pytest.raises(EmulatorError, match="It said: no room"):
        board.run()
    assert said == ["the agent says: no room"]


def test_a_heap_grows_to_its_end() -> None:
    # brk(0), brk(that + 4096), store into the last word of the new page.
    # add x0, x0, #1, lsl #12; the call; stur x0, [x0, #-8]
    more = [0x91400400, *put(8, 214), SVC, 0xF81F8000]
    assert "exit status 9" in _fails(program([*call(214, 0), *more, *call(94, 9)]))


def test_a_program_that_starts_itself_anew_for_ever() -> None:
    assert "nothing but start itself anew" in _fails(program(call(221, 0, 0, 0)))


def test_an_endless_loop_is_reset_and_ended() -> None:
    board, _, said = _board(program([SPIN]))
    thread = threading.Thread(target=board.run)
    thread.start()
    while not board.request_reset():
        assert thread.is_alive()
    board.stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert "reset" in said


def test_a_program_that_waits_is_reset_and_ended() -> None:
    board, _, _ = _board(program([*call(63, 0, DATA, 64), *call(94, 0)]))
    thread = threading.Thread(target=board.run)
    thread.start()
    while not board.request_reset():
        assert thread.is_alive()
    board.stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


SOUND = program([*call(63, 0, DATA, 64), SPIN], bytes(range(100)))


def _changed(at: int, kind: str, value: int) -> bytes:
    content = bytearray(SOUND)
    struct.pack_into(kind, content, at, value)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "header is beyond"),
        (b"MZ" * 100, "no ELF file of 64 bits"),
        (SOUND[:100], "program header is beyond"),
        (SOUND[:150], "segment is beyond"),
        (SOUND[:200], "segment is beyond"),
        (_changed(18, "<H", 62), "no static program for AArch64"),
        (_changed(16, "<H", 3), "no static program for AArch64"),
        (_changed(24, "<Q", 0x10), "entry is in no code"),
        (_changed(24, "<Q", DATA), "entry is in no code"),
        (_changed(32, "<Q", 1 << 63), "program header is beyond"),
        (_changed(54, "<H", 12), "another size or number"),
        (_changed(56, "<H", 0), "another size or number"),
        (_changed(56, "<H", 65535), "another size or number"),
        (_changed(64, "<I", 3), "not linked statically"),
        (_changed(64 + 16, "<Q", 0), "a segment lies at 0x0"),
        (_changed(64 + 16, "<Q", (1 << 64) - 4096), "a segment lies at"),
        (_changed(64 + 40, "<Q", 1 << 37), "overlap"),
        (_changed(120 + 40, "<Q", MOST_BYTES + 1), "segments have more than"),
        (_changed(120 + 16, "<Q", CODE), "overlap"),
    ],
)
def test_a_file_that_is_no_program_for_it(content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Program(content, "it")


@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=6))
@settings(max_examples=examples(100))
def test_spoiled_bytes_are_refused_or_bounded(changes: list[tuple[int, int]]) -> None:
    content = bytearray(SOUND)
    for place, value in changes:
        content[place] = value
    try:
        found = Program(bytes(content), "it")
    except InputError:
        return
    assert sum(one.size for one in found.segments) <= MOST_BYTES
    assert isinstance(found.name_of(found.entry), str)
