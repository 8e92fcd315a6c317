"""Which part is at fault when the board restarts or refuses: rig, firmware or uploaded model."""

from __future__ import annotations

from mcuzoo.errors import (
    BoardResetError,
    FirmwareError,
    McuzooError,
    ModelRefusedError,
    ProtocolError,
)
from mcuzoo.link import messages
from mcuzoo.link.channel import BoardRestarted
from mcuzoo.link.messages import ErrorCode

_STACKING = 1 << 4 | 1 << 12
"""CFSR, MSTKERR and STKERR: the core could not push its registers (DDI 0403, B3.2.15)."""
_MMARVALID = 1 << 7
_GUARD_BYTES = 1024
"""An access to this area below the stack counts as a stack overflow."""

IMAGE_SENT_AGAIN = frozenset({ErrorCode.NO_SUCH_IMAGE, ErrorCode.INCOMPLETE, ErrorCode.INPUT_CRC})
"""The board has lost the image, or it is damaged there: sending it again helps."""
MODEL_SENT_AGAIN = frozenset(
    {ErrorCode.NO_SUCH_UPLOAD, ErrorCode.INCOMPLETE, ErrorCode.MODEL_SHA256}
)
"""The same of a model."""


def stack_overflowed(fault: messages.Fault) -> bool:
    """Whether the stack was too small, which caused the fault."""
    if fault.cfsr & _STACKING:
        return True
    bottom = fault.stack_bottom
    touched = bool(fault.cfsr & _MMARVALID) and bottom - _GUARD_BYTES <= fault.mmfar < bottom
    return bottom != 0 and (fault.sp < bottom or touched)


def fault_error(during: str, fault: messages.Fault) -> FirmwareError:
    """The error for a fault during `during`."""
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


# Numbers of exceptions, Armv7-M (DDI 0403, B1.5.2).
_EXCEPTIONS = {
    2: "a non-maskable interrupt",
    3: "a hard fault",
    4: "an access to memory that it must not touch",
    5: "an access to memory that does not answer",
    6: "an instruction that stops it",
}


def restarted(during: str, restart: BoardRestarted) -> McuzooError:
    """The error for a restart during `during`.

    BoardResetError without a fault; ModelRefusedError when TFLite-Micro was busy with an uploaded
    model; else FirmwareError.
    """
    fault = restart.fault
    if fault is None:
        return BoardResetError(
            f"The board restarted ({during}).",
            "Check its power supply and reset line, then go on with --resume.",
        )
    if fault.doing:
        what = _EXCEPTIONS.get(fault.kind, f"exception {fault.kind}")
        return model_faulted(
            f"TFLite-Micro faulted in {fault.doing}: {what} ({registers_text(fault)})"
        )
    return fault_error(during, fault)


def refused(during: str, error: messages.Error, uploaded: bool) -> McuzooError:
    """The error for an ERROR of the board. `uploaded`: its model came over the link."""
    if error.error == ErrorCode.MODEL_REFUSED:
        return model_refused(error)
    request = messages.MESSAGES.get(error.request)
    asked = request.__name__ if request else f"message {error.request:#04x}"
    text = f"The board refused {asked} ({during}): {error.text}."
    if error.error == ErrorCode.INVOKE_FAILED and uploaded:
        return model_refused(error)
    if error.error in (ErrorCode.NOT_READY, ErrorCode.INVOKE_FAILED):
        return FirmwareError(
            text, "mcuzoo fit checks the model against the board; then export and build again."
        )
    if error.error == ErrorCode.BAD_REQUEST:
        return ProtocolError(
            text, "Is the firmware older than this mcuzoo? Export, build and flash it again."
        )
    return ProtocolError(text, "--trace FILE shows what crossed the line.")


def model_refused(error: messages.Error) -> ModelRefusedError:
    """The error for a model that arrived intact and that the board refused."""
    if error.text.startswith("TFLite-Micro faulted"):
        return model_faulted(error.text)
    return ModelRefusedError(
        f"The board cannot run the model: {error.text}.",
        "Its operators and its arena were chosen when the universal firmware was exported: see "
        "--ops and --arena-region of mcuzoo export, and mcuzoo fit.",
    )


def model_faulted(text: str) -> ModelRefusedError:
    """The error for a model that was accepted and then made TFLite-Micro fault."""
    return ModelRefusedError(
        f"The board cannot run the model: {text}.",
        "mcuzoo inspect MODEL shows the operator. The board takes another model at once, and this "
        "one again after another, or when it has been switched off.",
    )


def output_changed() -> ProtocolError:
    """The output that was read has another CRC than the result says."""
    return ProtocolError(
        "The output changed between the board's CRC and its sending.",
        "The board's memory or firmware is at fault: build and flash it again.",
    )
