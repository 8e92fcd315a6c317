"""Exception entry and return (Armv7-M Architecture Reference Manual, DDI 0403, B1.5).

One stack (MSP), no preemption of handlers but by faults in them, no interrupts but SysTick and the
console's.
"""

from __future__ import annotations

from enum import IntEnum

from mcuzoo.emulator import system_control as scs
from mcuzoo.emulator.engine import Cause, Engine, Exit, Refusal
from mcuzoo.emulator.system_control import SystemControl
from mcuzoo.emulator.timers import SYSTICK_EXCEPTION


class Vector(IntEnum):
    """Exception numbers."""

    HARD_FAULT = 3
    MEM_MANAGE = 4
    BUS_FAULT = 5
    USAGE_FAULT = 6
    SVC = 11
    SYSTICK = SYSTICK_EXCEPTION


FIRST_INTERRUPT = 16
"""Exception number of the chip's interrupt 0."""


# Bits of CFSR.
_IACCVIOL, _DACCVIOL, _MMARVALID = 1 << 0, 1 << 1, 1 << 7
_MSTKERR, _STKERR = 1 << 4, 1 << 12
_IBUSERR, _PRECISERR, _BFARVALID = 1 << 8, 1 << 9, 1 << 15
_UNDEFINSTR, _INVSTATE = 1 << 16, 1 << 17
# Bits of HFSR.
_FORCED, _DEBUGEVT = 1 << 30, 1 << 31
# In SHCSR: which faults have a handler of their own.
_ENABLE_BIT = {Vector.MEM_MANAGE: 16, Vector.BUS_FAULT: 17, Vector.USAGE_FAULT: 18}

# Where the default memory map (B3.1) lets nothing be executed.
_DEVICES, _SYSTEM = range(0x4000_0000, 0x6000_0000), 0xA000_0000

_THREAD, _HANDLER, _NO_FPU_STATE = 0x8, 0x0, 0x10
_EXC_RETURN = 0xFFFF_FFE1
_CPACR_FPU = 0xF << 20
_CONTROL_SPSEL = 2
_XPSR_THUMB = 1 << 24
_XPSR_PADDED = 1 << 9
_XPSR_EXCEPTION = 0x1FF
_BASIC_WORDS = 8
_FPU_WORDS = 18  # S0 to S15, FPSCR, one reserved
_STACKED = ("R0", "R1", "R2", "R3", "R12", "LR")
_CORE_STATE = ("SP", "XPSR", *_STACKED)
_FPU_STATE = (*(f"S{index}" for index in range(16)), "FPSCR")


class Exceptions:
    """Takes exceptions on `engine` and returns from them. Each method returns the next PC."""

    def __init__(self, engine: Engine, control: SystemControl) -> None:
        self._engine = engine
        self._control = control

    @property
    def active(self) -> int:
        """Number of the exception being handled; 0 in thread mode."""
        return self._engine.get("IPSR") & _XPSR_EXCEPTION

    def masked(self) -> bool:
        """Whether an interrupt has to wait."""
        names = ("PRIMASK", "FAULTMASK", "BASEPRI")
        return self.active != 0 or any(self._engine.get(name) for name in names)

    def fault(self, exit_: Exit) -> int:
        """Deliver the fault that ended a run."""
        vector = self._classify(exit_)
        if vector is not Vector.HARD_FAULT and not self._may_take(vector):
            self._control.set_bits(scs.HFSR, _FORCED)
            vector = Vector.HARD_FAULT
        if vector is Vector.HARD_FAULT and self.active == Vector.HARD_FAULT:
            raise Refusal(f"The core locks up: {describe(exit_)} within the HardFault handler")
        return self.enter(vector, exit_.pc)

    def enter(self, vector: int, return_pc: int) -> int:
        """Push the state with the return address `return_pc`, and go to the handler."""
        engine = self._engine
        if engine.get("CONTROL") & _CONTROL_SPSEL:
            raise Refusal("The firmware uses the process stack, which is not modelled")
        with_fpu = self._control.get(scs.CPACR) & _CPACR_FPU == _CPACR_FPU
        names = (*_CORE_STATE, *_FPU_STATE) if with_fpu else _CORE_STATE
        old, xpsr, *words = engine.get_all(names)
        words[6:6] = [return_pc, xpsr | _XPSR_THUMB]
        words += [0] if with_fpu else []
        frame = (old - 4 * len(words)) & ~7
        if old & 4:
            words[7] |= _XPSR_PADDED
        if not engine.write_words(frame, words):
            vector = self._no_frame(vector, frame)
        mode = _HANDLER if self.active else _THREAD
        engine.set("LR", _EXC_RETURN | mode | (0 if with_fpu else _NO_FPU_STATE))
        engine.set("SP", frame)
        engine.leave_it_block()
        engine.set("IPSR", vector)
        return self._handler(vector)

    def leave(self, exc_return: int) -> int:
        """Return from a handler, `exc_return` being the address that was branched to."""
        engine = self._engine
        with_fpu = not exc_return & _NO_FPU_STATE
        frame = engine.get("SP")
        count = _BASIC_WORDS + (_FPU_WORDS if with_fpu else 0)
        values = engine.read_words(frame, count)
        if values is None:
            raise Refusal(f"The core locks up: no frame to return to at {frame:#010x}")
        if with_fpu:
            for index in range(16):
                engine.set(f"S{index}", values[_BASIC_WORDS + index])
            engine.set("FPSCR", values[_BASIC_WORDS + 16])
        for name, value in zip(_STACKED, values, strict=False):
            engine.set(name, value)
        pc, xpsr = values[6:8]
        engine.set("SP", frame + 4 * count + (4 if xpsr & _XPSR_PADDED else 0))
        engine.set("IPSR", xpsr & _XPSR_EXCEPTION)
        engine.set("XPSR", xpsr & ~_XPSR_PADDED)
        return pc & ~1

    def _no_frame(self, vector: int, frame: int) -> int:
        """Handle a fault during stacking (B1.5.11). Its priority is not higher than that of the
        fault being taken, so the handler of the latter runs, but without a frame to return to."""
        allowed = self._control.mpu.permission(frame, in_hard_fault=vector == Vector.HARD_FAULT)
        self._control.set_bits(scs.CFSR, _STKERR if allowed.write else _MSTKERR)
        if vector in (Vector.SYSTICK, Vector.SVC) or vector >= FIRST_INTERRUPT:
            derived = Vector.BUS_FAULT if allowed.write else Vector.MEM_MANAGE
            vector = derived if self._may_take(derived) else Vector.HARD_FAULT
        if vector == Vector.HARD_FAULT:
            raise Refusal(
                f"The core locks up: exception {_name(vector)} has no stack at {frame:#010x}"
            )
        return vector

    def _handler(self, vector: int) -> int:
        table = self._control.get(scs.VTOR)
        handler = self._engine.read_word(table + 4 * vector)
        if handler is None or not handler & 1:
            raise Refusal(
                f"The core locks up: no handler for {_name(vector)} in the vector table at "
                f"{table:#010x}"
            )
        return handler & ~1

    def _may_take(self, vector: Vector) -> bool:
        enabled = self._control.get(scs.SHCSR) >> _ENABLE_BIT[vector] & 1
        blocked = self._engine.get("PRIMASK") or self._engine.get("FAULTMASK")
        return bool(enabled and not blocked and not self._handling_fault())

    def _handling_fault(self) -> bool:
        """Whether a fault handler runs; a fault in it becomes a HardFault."""
        return Vector.HARD_FAULT <= self.active <= Vector.USAGE_FAULT

    def _classify(self, exit_: Exit) -> Vector:
        """Set the fault status registers; return the number of the exception."""
        control = self._control
        if exit_.cause is Cause.BREAKPOINT:
            control.set_bits(scs.HFSR, _DEBUGEVT)
            return Vector.HARD_FAULT
        if exit_.cause is Cause.UNDEFINED:
            control.set_bits(scs.CFSR, _UNDEFINSTR)
            return Vector.USAGE_FAULT
        if exit_.cause is Cause.NOT_THUMB:
            control.set_bits(scs.CFSR, _INVSTATE)
            return Vector.USAGE_FAULT
        in_hard_fault = self.active == Vector.HARD_FAULT
        if exit_.cause in (Cause.BAD_FETCH, Cause.EXCEPTION_RETURN):
            allowed = control.mpu.permission(exit_.pc, in_hard_fault=in_hard_fault)
            executable = allowed.execute and exit_.pc not in _DEVICES and exit_.pc < _SYSTEM
            control.set_bits(scs.CFSR, _IBUSERR if executable else _IACCVIOL)
            return Vector.BUS_FAULT if executable else Vector.MEM_MANAGE
        assert exit_.access is not None
        address = exit_.access.address
        allowed = control.mpu.permission(address, in_hard_fault=in_hard_fault)
        if allowed.write if exit_.access.write else allowed.read:
            control.set_bits(scs.CFSR, _PRECISERR | _BFARVALID)
            control.put(scs.BFAR, address)
            return Vector.BUS_FAULT
        control.set_bits(scs.CFSR, _DACCVIOL | _MMARVALID)
        control.put(scs.MMFAR, address)
        return Vector.MEM_MANAGE


def _name(vector: int) -> str:
    if vector >= FIRST_INTERRUPT:
        return f"interrupt {vector - FIRST_INTERRUPT}"
    return Vector(vector).name


def describe(exit_: Exit) -> str:
    """What went wrong and where, for people."""
    return f"{exit_.access or exit_.cause.value} at PC {exit_.pc:#010x}"
