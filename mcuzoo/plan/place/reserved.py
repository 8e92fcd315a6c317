"""Memory that start-up code other than ours takes on a board, beside the model's firmware."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.board.model import Board
from mcuzoo.board.sdk import Sdk
from mcuzoo.errors import BoardError

_SDK_DATA_BYTES = 512
"""Measured with the SDK 24.12 and Arm's GCC 12.2: 400 on rt1050 and rt1170, debug and release."""

_SDK_CODE_BYTES = 15_872
"""Start-up code, drivers and C library of the SDK 24.12, with Arm's GCC 12.2, more than those of a
stand-alone project built alike; most for the rt1170 as flexspi_nor_debug, 15,388."""

STACK_GUARD_BYTES = 1024
"""Guard below the stack: larger than most stack frames; the MPU wants a power of two."""


@dataclass(frozen=True)
class Reserved:
    """Bytes that start-up code other than ours takes of the data region and of the flash.

    data_bytes: of the data region. code_bytes: of the flash.
    """

    data_bytes: int = 0
    code_bytes: int = 0


def sdk_of(board: Board) -> Sdk:
    """The board's [sdk] table; raises BoardError when it has none."""
    if board.sdk is None:
        raise BoardError(
            f"The board file of {board.name} has no table [sdk]: nothing is known of it in NXP's "
            "MCUXpresso SDK.",
            "Use --project cmake, or add the table (docs/boards.md).",
        )
    return board.sdk


def sdk_data_bytes(board: Board) -> int:
    """Bytes of the data region that such an application takes beside what a stand-alone one does:
    the SDK's heap, .data and .bss, and the stack's guard."""
    return sdk_of(board).heap_bytes + _SDK_DATA_BYTES + STACK_GUARD_BYTES


def reserved_by(board: Board, project: str) -> Reserved:
    """Memory that start-up code and libraries of such a project take beside ours.

    Raises BoardError for an SDK application on a board without a table [sdk].
    """
    if project != "mcuxpresso":
        return Reserved()
    return Reserved(sdk_data_bytes(board), _SDK_CODE_BYTES)
