"""The files of an SDK application that depend on the board and on the memory plan."""

from __future__ import annotations

from mcuzoo.board.memory import Region, RegionKind, symbol_of
from mcuzoo.board.model import Board
from mcuzoo.board.sdk import Sdk
from mcuzoo.codegen.mcuxpresso.sections import added_regions, own_copies, sdk_sections
from mcuzoo.codegen.templates import render
from mcuzoo.errors import BoardError
from mcuzoo.plan.place.needs import Reserved
from mcuzoo.plan.place.placement import Placement

_SDK_DATA_BYTES = 512
"""Of the SDK 24.12 with Arm's GCC 12.2: 400 on both boards, debug and release."""

_SDK_CODE_BYTES = 15_872
"""Start-up code, drivers and C library of the SDK 24.12, with Arm's GCC 12.2, more than those of a
stand-alone project built alike; most for the rt1170 as flexspi_nor_debug, 15,388."""

STACK_GUARD_BYTES = 1024
"""Below the stack: larger than what most functions take at once; the MPU wants a power of two."""

RETAINED_BYTES = 256
"""What outlives a reset. The SDK's script has no place for it in the memory of .data and .bss."""

LINKER_SCRIPT = "linker/mz_sections.ld"


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
    """What start-up code and libraries of such a project take beside ours.

    Raises BoardError for an SDK application on a board without a table [sdk].
    """
    if project != "mcuxpresso":
        return Reserved()
    return Reserved(sdk_data_bytes(board), _SDK_CODE_BYTES)


def _retained_region(board: Board) -> Region:
    itcm = board.regions_of(RegionKind.ITCM)
    if not itcm:
        raise BoardError(
            f"{board.name} has no region of kind itcm, in which an SDK application keeps what "
            "outlives a reset.",
            "Use --project cmake.",
        )
    return itcm[0]


def render_sdk_board_files(board: Board, placement: Placement) -> dict[str, str]:
    """By project path. Raises BoardError when the board file has no table [sdk]."""
    sdk_of(board)
    copies = own_copies(board, placement)
    port = f"boards/{board.sdk_board}"
    files = {
        f"{port}/{name}": render(f"mcuxpresso/{name}.j2", board=board)
        for name in ("app.h", "hardware_init.c", "pin_mux.c", "pin_mux.h")
    }
    return {
        **files,
        "board/mz_board.h": render(
            "mcuxpresso/mz_board.h.j2", board=board, copies=copies, guard_bytes=STACK_GUARD_BYTES
        ),
        LINKER_SCRIPT: render(
            "mcuxpresso/mz_sections.ld.j2",
            board=board,
            sdk_board=board.sdk_board,
            placement=placement,
            sections=sdk_sections(board, placement),
            regions=added_regions(board, placement),
            copies=copies,
            retained=_retained_region(board),
            guard_bytes=STACK_GUARD_BYTES,
            retained_bytes=RETAINED_BYTES,
            flash_end=board.flash_region.base + board.flash.used_limit,
            symbol_of=symbol_of,
            hex32=lambda value: f"0x{value:08X}",
        ),
    }
