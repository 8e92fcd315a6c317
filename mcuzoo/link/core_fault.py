"""What a FAULT message says, in words."""

from __future__ import annotations

from mcuzoo.errors import FirmwareError
from mcuzoo.link import messages

_STACKING = 1 << 4 | 1 << 12
"""CFSR, MSTKERR and STKERR: the core could not push its registers (DDI 0403, B3.2.15)."""
_MMARVALID = 1 << 7
_GUARD_BYTES = 1024
"""Below the stack, where an access is taken for an overflow."""


def stack_overflowed(fault: messages.Fault) -> bool:
    """Whether the fault is one of the stack having been too small."""
    if fault.cfsr & _STACKING:
        return True
    bottom = fault.stack_bottom
    touched = bool(fault.cfsr & _MMARVALID) and bottom - _GUARD_BYTES <= fault.mmfar < bottom
    return bottom != 0 and (fault.sp < bottom or touched)


def fault_error(during: str, fault: messages.Fault) -> FirmwareError:
    """The error that ends what was going on."""
    registers = registers_text(fault)
    if stack_overflowed(fault):
        return FirmwareError(
            f"The stack overflowed, and the core took exception {fault.kind} ({during}): "
            f"sp {fault.sp:#010x}, its bottom {fault.stack_bottom:#010x}, {registers}.",
            "Something in the firmware keeps large arrays on the stack or calls itself; a debugger "
            "stops at the fault.",
        )
    return FirmwareError(
        f"The core took exception {fault.kind} ({during}): {registers}.",
        f"arm-none-eabi-addr2line -fe PROJECT/build/gcc/firmware.elf {fault.pc:#x} names the line.",
    )


def registers_text(fault: messages.Fault) -> str:
    """The registers that tell most of a fault."""
    return (
        f"pc {fault.pc:#010x}, lr {fault.lr:#010x}, cfsr {fault.cfsr:#010x}, "
        f"hfsr {fault.hfsr:#010x}, bfar {fault.bfar:#010x}"
    )
