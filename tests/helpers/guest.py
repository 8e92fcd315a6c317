"""Small programs for the emulated boards: own start-up, own linker script, own boot header.

Nothing of firmware/ and codegen/ is used, so that these images witness the emulator and not the
firmware. The header follows NXP's SDK (fsl_flexspi_nor_boot.h), written down a second time here.
"""

from __future__ import annotations

import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from helpers.memory_console import MemoryConsole

from mcuzoo.board.model import Board
from mcuzoo.emulator.evk import VirtualEvk
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import ToolchainError
from mcuzoo.project.kinds import link_libraries, machine_flags
from mcuzoo.toolchain.find import Compiler, find_compiler

STACK_BYTES = 0x1000

_START_C = r"""
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define REG8(address) (*(volatile uint8_t *)(uintptr_t)(address))
#define REG16(address) (*(volatile uint16_t *)(uintptr_t)(address))
#define UART(offset) REG(CONSOLE_BASE + (offset))
#define STAT UART(0x14)
#define CTRL UART(0x18)
#define DATA UART(0x1C)
#define BARRIER() __asm__ volatile("dsb 0xF\n\tisb 0xF" ::: "memory")

extern uint32_t stack_top[];
void guest(void);
void reset(void);
/* No handler, no vector. */
void on_fault(void) __attribute__((weak));
void on_svc(void) __attribute__((weak));
void on_tick(void) __attribute__((weak));
void on_receive(void) __attribute__((weak));

__attribute__((section(".vectors"), used)) static void (*const vectors[64])(void) = {
    (void (*)(void))stack_top, reset, on_fault, on_fault, on_fault, on_fault, on_fault, 0,
    0, 0, 0, on_svc, 0, 0, 0, on_tick, [16 + CONSOLE_IRQ] = on_receive,
};

__attribute__((unused)) static void put(uint32_t byte) {
    while (!(STAT & 0x00800000u)) {}
    DATA = byte;
}

__attribute__((unused)) static uint32_t get(void) {
    while (!(STAT & 0x00200000u)) {}
    return DATA & 0xFFu;
}

__attribute__((unused)) static void put_word(uint32_t word) {
    for (int32_t shift = 28; shift >= 0; shift -= 4) {
        put((uint32_t)"0123456789abcdef"[word >> shift & 15u]);
    }
    put('\n');
}

/* Clock gates and pins of the console, as the board file says. */
static void start_console(void) {
    CONSOLE_SETUP
    CTRL = 0;
    UART(0x10) = CONSOLE_BAUD_WORD;
    UART(0x28) = 0x88u;
    CTRL = 0x000C0000u;
}

__attribute__((naked, used)) void reset(void) {
    __asm__ volatile("ldr r0, =stack_top\n\tmsr msp, r0\n\t"
                     "ldr r0, =0xE000ED08\n\tldr r1, =vectors\n\tstr r1, [r0]\n\t"
                     "ldr r0, =0xE000ED88\n\tldr r1, =0x00F00000\n\tstr r1, [r0]\n\t"
                     "dsb 0xF\n\tisb 0xF\n\tb run\n\t.pool");
}

__attribute__((noreturn, used)) void run(void) {
    start_console();
    guest();
    for (;;) {
        (void)STAT;
    }
}
"""

_LINK_LD = """
MEMORY {{
  flash (rx) : ORIGIN = {text:#x}, LENGTH = 0x80000
  ram (rw) : ORIGIN = {ram:#x}, LENGTH = 0x10000
}}
SECTIONS {{
  .text : {{ KEEP(*(.vectors)) *(.text .text.*) *(.rodata .rodata.*) }} > flash
  .bss (NOLOAD) : {{ *(.bss .bss.* COMMON) }} > ram
  /DISCARD/ : {{ *(.ARM.exidx .ARM.exidx.* .ARM.extab .ARM.extab.*) *(.eh_frame) }}
}}
stack_top = {stack:#x};
"""


@dataclass(frozen=True)
class Header:
    """Every field that the boot ROM looks at; the code begins `code_offset` into the flash."""

    fcb_tag: int
    fcb_version: int
    ivt_tag: int
    ivt_length: int
    ivt_version: int
    entry: int
    dcd: int
    boot_data: int
    self_address: int
    csf: int
    start: int
    size: int
    plugin: int

    def render(self, board: Board, code: bytes) -> bytes:
        """A .bin for the board: header, then `code` at the vector table's offset."""
        boot = board.boot
        image = bytearray(b"\xff" * (boot.vector_table_offset - boot.image_offset)) + code

        def put(offset: int, raw: bytes) -> None:
            at = offset - boot.image_offset
            image[at : at + len(raw)] = raw

        put(boot.fcb_offset, struct.pack("<II", self.fcb_tag, self.fcb_version).ljust(512, b"\0"))
        ivt = struct.pack(">BHB", self.ivt_tag, self.ivt_length, self.ivt_version)
        ivt += struct.pack("<IIIIIII", self.entry, 0, self.dcd, self.boot_data, *self._rest())
        put(boot.ivt_offset, ivt)
        put(boot.boot_data_offset, struct.pack("<III", self.start, self.size, self.plugin))
        return bytes(image)

    def _rest(self) -> tuple[int, int, int]:
        return self.self_address, self.csf, 0


def good_header(board: Board, code: bytes) -> Header:
    flash, boot = board.flash_region.base, board.boot
    table = flash + boot.vector_table_offset
    reset = struct.unpack_from("<I", code, 4)[0]
    return Header(
        fcb_tag=0x42464346,
        fcb_version=0x56010400,
        ivt_tag=0xD1,
        ivt_length=0x20,
        ivt_version=0x41,
        entry=table if boot.ivt_entry.value == "vector_table" else reset,
        dcd=0,
        boot_data=flash + boot.boot_data_offset,
        self_address=flash + boot.ivt_offset,
        csf=0,
        start=flash,
        size=board.flash.used_limit,
        plugin=0,
    )


@dataclass(frozen=True)
class Guest:
    """A linked program: `code` from the vector table on."""

    board: Board
    code: bytes
    elf: Path

    def image(self, **changes: int) -> bytes:
        """The .bin, with fields of the header changed."""
        return replace(good_header(self.board, self.code), **changes).render(self.board, self.code)


MakeGuest = Callable[[Board, str], Guest]
"""The fixture make_guest: each program is compiled once a session."""


def any_compiler() -> Compiler:
    try:
        return find_compiler()
    except ToolchainError as error:
        pytest.skip(error.message)


def build_guest(folder: Path, board: Board, source: str, options: tuple[str, ...] = ()) -> Guest:
    """Compile C that defines `void guest(void)`; see _START_C for what it can use."""
    compiler = any_compiler()
    flash = board.flash_region.base + board.boot.vector_table_offset
    dtcm = board.region("dtcm")
    (folder / "guest.c").write_text(_START_C + source, encoding="utf-8")
    script = _LINK_LD.format(text=flash, ram=dtcm.base + STACK_BYTES, stack=dtcm.base + STACK_BYTES)
    (folder / "guest.ld").write_text(script, encoding="utf-8")
    elf = folder / "guest.elf"
    sanitize = ("-fno-sanitize=all",) if compiler.kind == "zig" else ()
    command = [
        *compiler.command,
        *machine_flags(compiler.kind, board.core.name, board.core.fpu),
        *("-std=gnu11", "-O1", "-ffreestanding", "-fno-builtin", "-nostdlib", "-Wall", "-Wextra"),
        *("-fno-unwind-tables", "-fno-asynchronous-unwind-tables", *sanitize, *options),
        f"-DCONSOLE_BASE={board.console.base:#x}",
        f"-DCONSOLE_IRQ={board.console.irq}",
        f"-DCONSOLE_SETUP={console_setup(board)}",
        f"-DCONSOLE_BAUD_WORD={baud_word(board):#x}",
        *(str(folder / "guest.c"), "-T", str(folder / "guest.ld"), "-Wl,-e,reset"),
        *(*link_libraries(compiler.kind), "-o", str(elf)),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Guest(board, _text(elf), elf)


def console_setup(board: Board) -> str:
    """C statements that fulfil the board file's [[emulator.console_needs]]."""
    lines = []
    for need in board.emulator.console_needs:
        address = register_address(board, need.register_name)
        lines.append(
            f"REG({address:#x}) = (REG({address:#x}) & ~{need.mask:#x}u) | {need.value:#x}u;"
        )
    return " ".join(lines)


def register_address(board: Board, name: str) -> int:
    """Where "WINDOW.REGISTER" of the board file is."""
    window_name, _, wanted = name.partition(".")
    window = next(w for w in board.emulator.windows if w.name == window_name)
    return next(
        window.base + instance.offset
        for register in window.registers
        for instance in register.instances()
        if instance.name == wanted
    )


def baud_word(board: Board) -> int:
    """BAUD for the board's console: 16 samples a bit."""
    divisor = round(board.console.clock_hz / (16 * board.console.baud))
    return 15 << 24 | divisor


def _text(elf: Path) -> bytes:
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        text = ELFFile(file).get_section_by_name(".text")
        assert text is not None
        return bytes(text.data())


@dataclass
class Running:
    """A board that runs in a thread of this process."""

    evk: VirtualEvk
    console: MemoryConsole
    said: list[str]
    failures: list[BaseException]
    thread: threading.Thread
    expected_failure: bool = False

    def words(self, count: int) -> list[int]:
        """The next `count` words that the guest prints with put_word."""
        return [int(self.console.read_until(b"\n"), 16) for _ in range(count)]

    def failure(self) -> BaseException:
        """Wait for the board to end with an error."""
        self.expected_failure = True
        self.thread.join(120)
        assert self.failures, "the board still runs"
        return self.failures[0]


@contextmanager
def running(board: Board, image: bytes | Path, count: CountMode | None = None) -> Iterator[Running]:
    """Boot `image`; raises at the end what the board raised and the test did not ask for."""
    console = MemoryConsole()
    said: list[str] = []
    failures: list[BaseException] = []
    evk = VirtualEvk(board, image, console, count or CountMode(0), say=said.append)

    def run() -> None:
        try:
            evk.run()
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    state = Running(evk, console, said, failures, thread)
    try:
        yield state
    finally:
        while thread.is_alive():
            evk.stop()
            thread.join(0.2)
    if failures and not state.expected_failure:
        raise failures[0]
