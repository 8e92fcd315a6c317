"""unicorn, as the machine uses it: memories, devices, one run until something happens."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from mcuzoo.emulator.block_counter import BlockCounter
from mcuzoo.emulator.hooks import Hooks, load_unicorn
from mcuzoo.emulator.metering import Meter, metered
from mcuzoo.errors import EmulatorError


@dataclass(frozen=True)
class Access:
    """A load or store of `size` bytes by the firmware; `value` is what was to be stored.

    address: of its first byte. write: a store.
    """

    address: int
    size: int
    write: bool
    value: int = 0

    def __str__(self) -> str:
        if self.write:
            return f"a {self.size}-byte write of {self.value:#x} to {self.address:#010x}"
        return f"a {self.size}-byte read of {self.address:#010x}"


class Refusal(Exception):
    """The firmware did something that the emulated board does not or must not do."""


class UndeclaredAccess(Refusal):
    """A peripheral address at which the board file declares nothing."""

    def __init__(self, access: Access) -> None:
        super().__init__(str(access))
        self.access = access


_NEVER = 0xFFFF_FFFF
_THUMB = 1
_CPSR_THUMB = 1 << 5
_XPSR_IT = 0x0600_FC00
_WFI_NARROW, _WFI_WIDE = 0xBF30, 0x8003_F3AF


class Device(Protocol):
    """Registers behind a window; offsets count from its base. May raise Refusal."""

    def read(self, offset: int, size: int) -> int: ...

    def write(self, offset: int, size: int, value: int) -> None: ...


class Cause(Enum):
    """Why a run ended."""

    STOPPED = "stop() was called, or the limit reached"
    BAD_DATA = "a load or store that memory does not allow"
    BAD_FETCH = "an instruction fetch that memory does not allow"
    UNDEFINED = "an undefined instruction"
    NOT_THUMB = "a branch to an address without the Thumb bit"
    SVC = "a supervisor call"
    BREAKPOINT = "a breakpoint instruction"
    EXCEPTION_RETURN = "a branch to an EXC_RETURN value"
    WAITING = "a wait for an interrupt"


@dataclass(frozen=True)
class Exit:
    """How a run ended. `pc`: the instruction that caused it (after an SVC, the next one). cause:
    why it ended. access: the one that ended it, if one did."""

    cause: Cause
    pc: int
    access: Access | None = None


class Engine:
    """One Cortex-M7 without memory. Needs the package unicorn; raises MissingExtraError."""

    def __init__(self) -> None:
        unicorn, self._binding = load_unicorn()
        from unicorn import arm_const

        self._unicorn = unicorn
        self._arm: Any = arm_const
        # UC_MODE_MCLASS would select a Cortex-M33, which has no double-precision FPU.
        self._uc: Any = self._unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        self._uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
        self._direct = Hooks(self._uc)
        self._blocks = BlockCounter(self.read_code)
        self._hooked = (False, False, False)
        self._hooks: list[Callable[[], object]] = []
        self._timed: list[tuple[int, int]] = []
        self._meter: Meter | None = None
        self._it: dict[tuple[int, int], bool] = {}
        self.executed_before_read = 0
        self._kept: list[object] = []
        self._failure: BaseException | None = None
        self._exit: tuple[Cause, Access | None, int] | None = None
        self._stopping = False
        self._install_hooks()

    # Memory

    def map_memory(self, base: int, size: int, pointer: int, *, write: bool, execute: bool) -> None:
        """Let [base, base + size) be the bytes at `pointer`, which the caller keeps alive."""
        allowed = self._unicorn.UC_PROT_READ
        allowed |= self._unicorn.UC_PROT_WRITE if write else 0
        allowed |= self._unicorn.UC_PROT_EXEC if execute else 0
        self._uc.mem_map_ptr(base, size, allowed, pointer)

    def unmap(self, base: int, size: int) -> None:
        """Remove memory, and forget the code that was translated from it."""
        self._uc.mem_unmap(base, size)
        self._uc.ctl_flush_tb()

    def map_device(self, base: int, size: int, device: Device) -> None:
        """Let accesses to [base, base + size) go to `device`.

        The binding's own wrappers of these callbacks would halve the rate of accesses.
        """

        def on_read(_handle: object, offset: int, width: int, _key: int) -> int:
            try:
                return device.read(offset, width)
            except BaseException as failure:
                self._fail(failure)
                return 0

        def on_write(_handle: object, offset: int, width: int, value: int, _key: int) -> None:
            try:
                device.write(offset, width, value)
            except BaseException as failure:
                self._fail(failure)

        read_callback = self._binding.MMIO_READ_CFUNC(on_read)
        write_callback = self._binding.MMIO_WRITE_CFUNC(on_write)
        self._kept += [read_callback, write_callback]
        status = self._binding.uclib.uc_mmio_map(
            self._uc._uch, base, size, read_callback, 0, write_callback, 0
        )
        if status != self._unicorn.UC_ERR_OK:
            raise EmulatorError(
                f"unicorn cannot map {size:#x} bytes at {base:#010x} (status {status}).",
                "The board file declares windows that overlap each other or a memory.",
            )

    def read_word(self, address: int) -> int | None:
        """The word at `address`, or None where there is no memory."""
        try:
            return int.from_bytes(self._uc.mem_read(address, 4), "little")
        except self._unicorn.UcError:
            return None

    def read_words(self, address: int, count: int) -> list[int] | None:
        """`count` words from `address` on, or None where there is no memory."""
        try:
            raw = self._uc.mem_read(address, 4 * count)
        except self._unicorn.UcError:
            return None
        return list(struct.unpack(f"<{count}I", raw))

    def write_words(self, address: int, values: Sequence[int]) -> bool:
        """Store words; False where there is no memory."""
        raw = struct.pack(f"<{len(values)}I", *(value & 0xFFFF_FFFF for value in values))
        try:
            self._uc.mem_write(address, raw)
        except self._unicorn.UcError:
            return False
        return True

    # Registers

    def get(self, name: str) -> int:
        """A core register by its name in unicorn, such as "R0", "SP", "IPSR", "S3"."""
        return int(self._uc.reg_read(getattr(self._arm, f"UC_ARM_REG_{name}"))) & 0xFFFF_FFFF

    def set(self, name: str, value: int) -> None:
        self._uc.reg_write(getattr(self._arm, f"UC_ARM_REG_{name}"), value & 0xFFFF_FFFF)

    def get_all(self, names: Sequence[str]) -> list[int]:
        """Several registers at once."""
        keys = [getattr(self._arm, f"UC_ARM_REG_{name}") for name in names]
        return [int(value) & 0xFFFF_FFFF for value in self._uc.reg_read_batch(keys)]

    def leave_it_block(self) -> None:
        """Make the next instruction unconditional."""
        self.set("XPSR", self.get("XPSR") & ~_XPSR_IT)

    # Running

    @property
    def executed(self) -> int:
        """Instructions counted so far, between runs."""
        return self._blocks.total

    @property
    def executed_before_block(self) -> int:
        """Instructions counted before the block that is being executed."""
        return self._blocks.before_block

    def time_reads(self, base: int, size: int) -> None:
        """Make `executed_before_read` exact in a device at [base, base + size), in counted runs.

        unicorn knows the program counter in hooks on memory, not in devices. Such a hook slows
        down all loads, so that it is there only while instructions are counted.
        """
        self._timed.append((base, base + size - 1))

    def attach(self, meter: Meter) -> None:
        """Let `meter` see what counted runs execute, from the next run on."""
        self._meter = meter

    def run(
        self, pc: int, *, counted: bool = False, limit: int = 0, deadline: float | None = None
    ) -> Exit:
        """Execute from `pc` on; where `limit` is not 0, a counted run ends after about as many.

        deadline: a counted run ends before the first block that begins when so many instructions
        have been counted; see `advance_deadline`. Raises whatever a device raised, after the
        instruction that met it.
        """
        self._failure = None
        self._exit = None
        self._stopping = False
        self._blocks.deadline[0] = deadline or 0.0
        self._count(counted, limited=limit > 0, timed=deadline is not None)
        try:
            self._uc.emu_start(pc | _THUMB, _NEVER, count=limit)
        except self._unicorn.UcError as error:
            if self._exit is None and self._failure is None:
                raise EmulatorError(
                    f"unicorn stopped at PC {self.get('PC'):#010x}: {error}.",
                    "The image does something that the emulator cannot run.",
                ) from error
        if counted:
            self._blocks.settle(self.get("PC"))
        if self._failure is not None:
            raise self._failure
        return self._describe()

    def advance_deadline(self, instructions: float) -> None:
        """End the present run no later than at this count; for devices."""
        self._blocks.deadline[0] = min(self._blocks.deadline[0], instructions)

    def stop(self) -> None:
        """End the run soon; callable from any thread and from devices.

        From within a device's read or write, that load or store is executed again on resumption,
        but not in an IT block, which is executed to its end.
        """
        self._stopping = True
        engine = self._uc
        if engine is not None:
            engine.emu_stop()

    def close(self) -> None:
        """Free the core now: the garbage collector takes its time. Afterwards only the counts can
        be read, and `stop` does nothing."""
        self._uc = None

    def _describe(self) -> Exit:
        if self._exit is None:
            pc = self.get("PC")
            # unicorn does not tell a wait from a stop, which may come from another thread.
            waits = not self._stopping and self._follows_wfi(pc)
            return Exit(Cause.WAITING if waits else Cause.STOPPED, pc)
        cause, access, pc = self._exit
        if cause is Cause.UNDEFINED and not self.get("CPSR") & _CPSR_THUMB:
            cause = Cause.NOT_THUMB
        return Exit(cause, pc, access)

    def _follows_wfi(self, pc: int) -> bool:
        word = self.read_word(pc - 4)
        return word is not None and (word >> 16 == _WFI_NARROW or word == _WFI_WIDE)

    def _fail(self, failure: BaseException) -> None:
        if self._failure is None:
            self._failure = failure
        self.stop()

    def _count(self, counted: bool, *, limited: bool, timed: bool) -> None:
        """Install the hooks that a run needs, and take away those that it does not."""
        if self._hooked == (counted, limited, timed):
            return
        self._hooked = (counted, limited, timed)
        for remove in self._hooks:
            remove()
        self._hooks = []
        if counted:
            on_block = self._on_limited_block if limited else self._blocks.on_block
            if timed:
                on_block = self._blocks.on_timed_block(self.stop)
            if self._meter is not None:
                on_block = metered(on_block, self._meter)
                spans = self._meter.cached
                self._hooks = [self._hook_accesses(self._meter, *span) for span in spans]
            self._hooks.append(self._direct.on_blocks(on_block))
            self._hooks += [self._hook_reads(*span) for span in self._timed]
        self._uc.ctl_flush_tb()  # what is translated already calls no hook, or the old ones

    def _on_limited_block(self, handle: object, address: int, size: int, key: object) -> None:
        """Repeat a stop: with a limit, unicorn forgets one that is requested in an IT block."""
        self._blocks.on_block(handle, address, size, key)
        if self._stopping:
            self._uc.emu_stop()

    def _hook_accesses(self, meter: Meter, begin: int, end: int) -> Callable[[], object]:
        """Tell `meter` the lines that are read and written there; return what ends it."""
        append, shift = meter.accesses.append, meter.line_bytes.bit_length() - 2
        blocks, sizes, with_it = meter.blocks, meter.sizes, self._blocks_with_it

        def on_access(
            _handle: object, kind: int, address: int, _size: int, _value: int, _key: object
        ) -> None:
            append(address >> shift & ~1 | kind & 1)
            in_it = blocks and with_it(blocks[-1], sizes[blocks[-1]])
            # Unicorn may restore the state before it tells of an access, and its IT bits would
            # predicate the next block. What follows in this one is translated already.
            if in_it and self.get("XPSR") & _XPSR_IT:
                self.leave_it_block()

        return self._direct.on_accesses(on_access, begin, end)

    def _blocks_with_it(self, address: int, size: int) -> bool:
        """Whether a block may have an IT instruction."""
        found = self._it.get((address, size))
        if found is None:
            halves = struct.unpack(f"<{size // 2}H", self.read_code(address, size // 2 * 2))
            found = any(half & 0xFF00 == 0xBF00 and half & 0xF for half in halves)
            self._it[address, size] = found
        return found

    def _hook_reads(self, begin: int, end: int) -> Callable[[], object]:
        def on_read(*_: object) -> None:
            self.executed_before_read = self._blocks.before(self.get("PC"))
            # To tell the program counter, unicorn restored the whole state, and the translated
            # code that goes on does not take the IT bits back: they would predicate the next block.
            if self.get("XPSR") & _XPSR_IT:
                self.leave_it_block()

        return self._direct.on_reads(on_read, begin, end)

    def read_code(self, address: int, size: int) -> bytes:
        """Bytes of memory."""
        return bytes(self._uc.mem_read(address, size))

    def _install_hooks(self) -> None:
        unicorn = self._unicorn
        fetches = (unicorn.UC_MEM_FETCH_UNMAPPED, unicorn.UC_MEM_FETCH_PROT)
        writes = (unicorn.UC_MEM_WRITE_UNMAPPED, unicorn.UC_MEM_WRITE_PROT)

        def on_bad_memory(
            _handle: object, kind: int, address: int, size: int, value: int, _key: object
        ) -> bool:
            bits = (1 << 8 * size) - 1
            access = Access(address, size, kind in writes, value & bits)
            cause = Cause.BAD_FETCH if kind in fetches else Cause.BAD_DATA
            # In an IT block the run goes on for a while: the program counter is right only now.
            self._exit = self._exit or (cause, access, self.get("PC"))
            return False

        def on_undefined(_handle: object, _key: object) -> bool:
            self._exit = self._exit or (Cause.UNDEFINED, None, self.get("PC"))
            return False

        def on_exception(_handle: object, number: int, _key: object) -> None:
            self._exit = self._exit or (self._cause_of(number), None, self.get("PC"))
            self._uc.emu_stop()

        self._direct.on_bad_accesses(on_bad_memory)
        self._direct.on_undefined(on_undefined)
        self._direct.on_exceptions(on_exception)

    def _cause_of(self, number: int) -> Cause:
        """The cause on an Armv7-M core for QEMU's exception `number` (target/arm/cpu.h, EXCP_*)."""
        if number == 2:
            return Cause.SVC
        if number == 3:
            # A fetch from the top of the address space is how exception returns arrive.
            is_return = self.get("PC") >= 0xFFFF_FF00
            return Cause.EXCEPTION_RETURN if is_return else Cause.BAD_FETCH
        if number == 7:
            return Cause.BREAKPOINT
        return Cause.UNDEFINED
