"""unicorn as an Armv8-A core at EL0: memory by pages, one run until a system call or a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mcuzoo.emulator.block_counter import BlockHook
from mcuzoo.emulator.hooks import Hooks, load_unicorn

PAGE = 0x1000
_SUPERVISOR_CALL, _UNDEFINED, _BREAKPOINT = 2, 1, 7  # QEMU's target/arm/cpu.h, EXCP_*
_FP_AT_EL0 = 3 << 20  # CPACR_EL1.FPEN


class Cause(Enum):
    """Why a run ended."""

    STOPPED = "stop() was called"
    CALL = "a system call"
    MEMORY = "an access that memory does not allow"
    UNDEFINED = "an undefined instruction"
    EXCEPTION = "an exception that the emulated Linux does not handle"


@dataclass(frozen=True)
class Exit:
    """How a run ended, and `cause`, why. pc: of the instruction that ended it; after a system call,
    the next one. detail: the access that memory does not allow, or the exception, in words."""

    cause: Cause
    pc: int
    detail: str = ""


class Core:
    """Without memory at first. Needs the package unicorn; raises MissingExtraError."""

    def __init__(self) -> None:
        unicorn, _ = load_unicorn()
        from unicorn import arm64_const

        self._unicorn = unicorn
        self._arm: Any = arm64_const
        self._uc: Any = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        # It has all that Cortex-A53 and Cortex-A55 have.
        self._uc.ctl_set_cpu_model(arm64_const.UC_CPU_ARM64_MAX)
        self._uc.reg_write(arm64_const.UC_ARM64_REG_CPACR_EL1, _FP_AT_EL0)
        self._x = [arm64_const.UC_ARM64_REG_X0 + number for number in range(9)]
        self._exit: Exit | None = None
        self._pc = 0
        self._counted = [0]
        self._direct = Hooks(self._uc)
        self._uncount: Callable[[], object] | None = None
        self._install_hooks()

    # Memory

    def map(self, base: int, size: int, *, write: bool = True, execute: bool = False) -> None:
        """Zeros at [base, base + size), whole pages."""
        allowed = self._unicorn.UC_PROT_READ
        allowed |= self._unicorn.UC_PROT_WRITE if write else 0
        allowed |= self._unicorn.UC_PROT_EXEC if execute else 0
        self._uc.mem_map(base, size, allowed)

    def read(self, address: int, size: int) -> bytes | None:
        """None where there is no memory."""
        try:
            return bytes(self._uc.mem_read(address, size))
        except (self._unicorn.UcError, OverflowError, ValueError):
            return None

    def write(self, address: int, content: bytes) -> bool:
        """Whatever the program itself may write; False where there is no memory."""
        try:
            self._uc.mem_write(address, content)
        except (self._unicorn.UcError, OverflowError, ValueError):
            return False
        return True

    # Registers

    def arguments(self) -> list[int]:
        """x0 to x8: six arguments of a system call, and in x8 its number."""
        return [int(value) for value in self._uc.reg_read_batch(self._x)]

    def answer(self, value: int) -> None:
        """x0, as a system call leaves it."""
        self._uc.reg_write(self._x[0], value & (1 << 64) - 1)

    def start_at(self, pc: int, stack: int) -> None:
        self._pc = pc
        self._uc.reg_write(self._arm.UC_ARM64_REG_SP, stack)

    # Running

    @property
    def counted(self) -> int:
        """Instructions of counted runs, all blocks that were entered as a whole."""
        return self._counted[0]

    @property
    def counting(self) -> bool:
        return self._uncount is not None

    def count(self, on: bool) -> None:
        """Count from the next run on, or no more."""
        if on == self.counting:
            return
        if self._uncount is None:
            self._uncount = self._direct.on_blocks(self._make_hook())
        else:
            self._uncount()
            self._uncount = None
        self._uc.ctl_flush_tb()  # what is translated calls no hook, or still the old one

    def run(self) -> Exit:
        """Go on until something happens."""
        self._exit = None
        try:
            self._uc.emu_start(self._pc, (1 << 64) - 4)
        except self._unicorn.UcError as error:
            if self._exit is None:
                self._exit = Exit(Cause.EXCEPTION, self._now(), str(error))
        self._pc = self._now()
        return self._exit or Exit(Cause.STOPPED, self._pc)

    def stop(self) -> None:
        """End the run soon; callable from any thread."""
        core = self._uc
        if core is not None:
            core.emu_stop()

    def close(self) -> None:
        """Free it now: the garbage collector takes its time. Afterwards only the count can be
        read, and `stop` does nothing."""
        self._uc = None

    def _now(self) -> int:
        return int(self._uc.reg_read(self._arm.UC_ARM64_REG_PC))

    def _make_hook(self) -> BlockHook:
        counted = self._counted

        def on_block(_handle: object, _address: int, size: int, _key: object) -> None:
            counted[0] += size >> 2

        return on_block

    def _install_hooks(self) -> None:
        unicorn = self._unicorn
        kinds = {
            **dict.fromkeys((unicorn.UC_MEM_WRITE_UNMAPPED, unicorn.UC_MEM_WRITE_PROT), "write to"),
            **dict.fromkeys((unicorn.UC_MEM_READ_UNMAPPED, unicorn.UC_MEM_READ_PROT), "read of"),
            **dict.fromkeys((unicorn.UC_MEM_FETCH_UNMAPPED, unicorn.UC_MEM_FETCH_PROT), "jump to"),
        }

        def on_memory(_handle: object, kind: int, address: int, size: int, *_: object) -> bool:
            what = f"a {kinds.get(kind, 'use of')} {address:#x}"
            if size and kinds.get(kind) != "jump to":
                what = f"a {size}-byte {kinds.get(kind, 'use of')} {address:#x}"
            self._exit = self._exit or Exit(Cause.MEMORY, self._now(), what)
            return False

        def on_undefined(_handle: object, _key: object) -> bool:
            self._exit = self._exit or Exit(Cause.UNDEFINED, self._now())
            return False

        def on_exception(_handle: object, number: int, _key: object) -> None:
            if self._exit is None:
                self._exit = self._exception(number)
            self._uc.emu_stop()

        self._direct.on_bad_accesses(on_memory)
        self._direct.on_undefined(on_undefined)
        self._direct.on_exceptions(on_exception)

    def _exception(self, number: int) -> Exit:
        pc = self._now()
        if number == _SUPERVISOR_CALL:
            return Exit(Cause.CALL, pc)
        if number in (_UNDEFINED, _BREAKPOINT):
            return Exit(Cause.UNDEFINED, pc)
        return Exit(Cause.EXCEPTION, pc, f"exception {number}")
