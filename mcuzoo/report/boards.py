"""Boards and their memory, as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcuzoo.board.model import Board
from mcuzoo.tables import Column, table_text

LEFT_OUT = frozenset(("startup", "boot", "emulator", "peripherals"))
"""The tables of a board that its document does not have."""


def board_document(board: Board) -> dict[str, object]:
    """The JSON document of a board: all but the start-up, boot and emulator tables."""
    return board.model_dump(mode="json", exclude=set(LEFT_OUT))


def boards_text(found: Sequence[Board], width: int) -> str:
    """Clock, console and memory regions of each."""
    return "".join(f"{part}\n" for part in _boards(found, width))


def _boards(found: Sequence[Board], width: int) -> Iterator[str]:
    columns = (Column("  region"), Column("base"), Column("KiB", right=True), Column("use"))
    for board in found:
        core, uart = board.core, board.console
        yield f"{board.id}  {board.name}, {board.part}"
        yield f"    {core.name} at {core.clock_hz / 1e6:g} MHz, FPU {core.fpu}"
        yield f"    console {uart.name} at {uart.baud} baud, up to {uart.max_baud}"
        yield f"    also known as {', '.join(board.aliases)}"
        rows = []
        for region in board.regions:
            use = "image" if region.name == board.flash.region else "arena" if region.arena else ""
            if not region.initialized:
                use = "off after reset"
            size = f"{region.size // 1024:,}"
            rows.append((f"  {region.name}", f"{region.base:#010x}", size, use))
        yield table_text(columns, rows, width).rstrip("\n")
        for join in board.joins:
            yield f"    {join.name} is one memory: {board.region(join.name).size // 1024:,} KiB"
        yield ""
