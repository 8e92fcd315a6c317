"""Another baud rate for a board's console."""

from __future__ import annotations

from mcuzoo.board.lpuart import MAX_BAUD_ERROR, closest_baud, makes
from mcuzoo.board.model import Board, Console
from mcuzoo.errors import UsageError

_USUAL = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1_000_000, 1_500_000,
          2_000_000, 3_000_000)  # fmt: skip


def with_baud(board: Board, baud: int) -> Board:
    """`board` with its console at `baud`; raises UsageError where its clock cannot give that."""
    console = board.console
    closest = closest_baud(console.clock_hz, baud) if baud > 0 else 0
    if not possible(console, baud):
        usual = sorted(
            (rate for rate in _USUAL if possible(console, rate)), key=lambda rate: abs(rate - baud)
        )
        raise UsageError(
            f"--baud {baud}: {console.name} of {board.name} runs from {console.clock_hz / 1e6:g} "
            f"MHz, and the closest that it gives is {closest}, {_error(closest, baud)} off; at "
            f"most {MAX_BAUD_ERROR * 100:g} % are allowed.",
            f"--baud {usual[0]} is the closest of the usual rates that it gives."
            if usual
            else "Leave --baud out.",
        )
    return board.model_copy(update={"console": console.model_copy(update={"baud": baud})})


def possible(console: Console, baud: int) -> bool:
    """Whether dividing the UART's clock gives `baud` closely enough."""
    return makes(console.clock_hz, baud)


def baud_text(console: Console) -> str:
    """The rate and how far off the UART is: "921600 baud (925925, 0.47 % off)"."""
    closest = closest_baud(console.clock_hz, console.baud)
    if closest == console.baud:
        return f"{console.baud} baud"
    return f"{console.baud} baud (the UART gives {closest}, {_error(closest, console.baud)} off)"


def _error(closest: int, baud: int) -> str:
    return f"{abs(closest - baud) / baud:.2%}".replace("%", " %") if baud > 0 else "100 %"
