"""mcuzoo boards: what boards there are and what memory they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mcuzoo.board.model import Board

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("--json",),
)


def boards(
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    import json

    from mcuzoo.board.load import list_boards

    found = list_boards()
    if json_output:
        print(json.dumps([summary(board) for board in found], indent=2))
    else:
        _print_boards(found)


def summary(board: Board) -> dict[str, object]:
    """What --json prints of a board: all but the start-up, boot and emulator tables."""
    return board.model_dump(mode="json", exclude={"startup", "boot", "emulator", "peripherals"})


def _print_boards(found: list[Board]) -> None:
    from mcuzoo.cli.output import print_table
    from mcuzoo.tables import Column

    columns = (Column("  region"), Column("base"), Column("KiB", right=True), Column("use"))
    for board in found:
        core, uart = board.core, board.console
        print(f"{board.id}  {board.name}, {board.chip}")
        print(f"    {core.name} at {core.clock_hz / 1e6:g} MHz, FPU {core.fpu}")
        print(f"    console {uart.name} at {uart.baud} baud, up to {uart.max_baud}")
        print(f"    also known as {', '.join(board.aliases)}")
        rows = []
        for region in board.regions:
            use = "image" if region.name == board.flash.region else "arena" if region.arena else ""
            if not region.initialized:
                use = "off after reset"
            size = f"{region.size // 1024:,}"
            rows.append((f"  {region.name}", f"{region.base:#010x}", size, use))
        print_table(columns, rows)
        for join in board.joins:
            print(f"    {join.name} is one memory: {board.region(join.name).size // 1024:,} KiB")
        print()
