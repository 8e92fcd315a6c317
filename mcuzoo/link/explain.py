"""What happened on the link, in words."""

from __future__ import annotations

from mcuzoo.errors import BoardResetError, FirmwareError, McuzooError, ProtocolError
from mcuzoo.link import messages
from mcuzoo.link.channel import BoardRestarted
from mcuzoo.link.messages import ErrorCode

# Ports that have no line, and so no speed.
_SPEEDLESS = ("emulator://", "socket://", "loop://")


def spoken_speed(port_url: str, baud: int, note: str) -> str:
    """ " at 921600 baud, as the project says"; empty for a port that has no speed."""
    if port_url.lower().startswith(_SPEEDLESS):
        return ""
    return f" at {baud} baud" + (f", {note}" if note else "")


def explain_restart(during: str, restart: BoardRestarted) -> McuzooError:
    """What to tell of a board that restarted `during` something."""
    fault = restart.fault
    if fault is None:
        return BoardResetError(
            f"The board restarted ({during}).",
            "Check its power supply and reset line, then go on with --resume.",
        )
    return FirmwareError(
        f"The core took exception {fault.kind} ({during}): pc {fault.pc:#010x}, "
        f"lr {fault.lr:#010x}, cfsr {fault.cfsr:#010x}, hfsr {fault.hfsr:#010x}, "
        f"bfar {fault.bfar:#010x}.",
        f"arm-none-eabi-addr2line -fe PROJECT/build/gcc/firmware.elf {fault.pc:#x} names the line.",
    )


def explain_refusal(during: str, error: messages.Error) -> McuzooError:
    """What to tell of an ERROR that came `during` something."""
    request = messages.MESSAGES.get(error.request)
    asked = request.__name__ if request else f"message {error.request:#04x}"
    text = f"The board refused {asked} ({during}): {error.text}."
    if error.error in (ErrorCode.NOT_READY, ErrorCode.INVOKE_FAILED):
        return FirmwareError(
            text, "mcuzoo fit checks the model against the board; then export and build again."
        )
    if error.error == ErrorCode.BAD_REQUEST:
        return ProtocolError(
            text, "Is the firmware older than this mcuzoo? Export, build and flash it again."
        )
    return ProtocolError(text, "--trace FILE shows what crossed the line.")
