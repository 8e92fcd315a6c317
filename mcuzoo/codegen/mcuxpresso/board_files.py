"""The files of an SDK application that depend on the board and on the memory plan."""

from __future__ import annotations

from mcuzoo.board.memory import Region, RegionKind, symbol_of
from mcuzoo.board.model import Board
from mcuzoo.codegen.mcuxpresso.sections import added_regions, own_copies, sdk_sections
from mcuzoo.codegen.templates import render
from mcuzoo.errors import BoardError
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.reserved import STACK_GUARD_BYTES, sdk_of

RETAINED_BYTES = 256
"""What outlives a reset. The SDK's script has no place for it in the memory of .data and .bss."""

LINKER_SCRIPT = "linker/mz_sections.ld"


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
