"""Boards and their memory, as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import AnyBoard
from mcuzoo.board.model import Board
from mcuzoo.tables import Column, table_text

LEFT_OUT = frozenset(("startup", "boot", "emulator", "peripherals"))
"""The tables of a board that its document does not have."""


def board_document(board: Board) -> dict[str, object]:
    """The JSON document of a board: all but the start-up, boot and emulator tables."""
    return board.model_dump(mode="json", exclude=set(LEFT_OUT))


def linux_board_document(board: LinuxBoard) -> dict[str, object]:
    """The JSON document of a board that runs Linux: all that is known of it."""
    return board.model_dump(mode="json")


def boards_text(found: Sequence[AnyBoard], width: int) -> str:
    """Clock, console and memory regions of each; of one that runs Linux its cores and its NPU."""
    parts = (
        part
        for board in found
        for part in (_linux(board) if isinstance(board, LinuxBoard) else _board(board, width))
    )
    return "".join(f"{part}\n" for part in parts)


def _board(board: Board, width: int) -> Iterator[str]:
    columns = (Column("  region"), Column("base"), Column("KiB", right=True), Column("use"))
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


def _linux(board: LinuxBoard) -> Iterator[str]:
    cores, console, npu = board.cores, board.console, board.npu
    yield f"{board.id}  {board.name}, {board.soc}, runs Linux"
    yield f"    {cores.count} x {cores.name} at up to {cores.clock_hz / 1e6:g} MHz, {board.arch}"
    yield f"    console {console.device} at {console.baud} baud"
    yield f"    also known as {', '.join(board.aliases)}"
    yield f"    memory {board.dram.size / (1 << 30):g} GiB"
    if npu is not None:
        facts = [npu.name]
        facts += [] if npu.macs is None else [f"{npu.macs} MACs"]
        facts += [] if npu.clock_hz is None else [f"{npu.clock_hz / 1e6:g} MHz"]
        facts += [] if npu.sram_bytes is None else [f"{npu.sram_bytes // 1024} KiB of its own"]
        yield f"    NPU {', '.join(facts)}"
        yield f"    delegate {npu.delegate.name}, {npu.delegate.library}"
    for index, bsp in enumerate(board.bsp):
        vela = "" if bsp.vela is None else f", Vela {bsp.vela}"
        head = "BSP" if index == 0 else "   "
        yield f"    {head} {bsp.version}: TFLite {bsp.tflite}{vela}"
    yield ""
