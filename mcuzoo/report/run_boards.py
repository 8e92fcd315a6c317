"""The boards of a run on several, as a table and for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from mcuzoo.link.counts import agent_note
from mcuzoo.report.line import line_document
from mcuzoo.run.board_summary import BoardSummary
from mcuzoo.run.summary import RunSummary
from mcuzoo.tables import Column, table_text

_COLUMNS = (
    Column("board"),
    Column("kind", rank=3),
    Column("images", right=True),
    Column("images/s", right=True),
    Column("latency", right=True, rank=1),
    Column("wrong", right=True),
    Column("resent frames", right=True, rank=2),
    Column("reconnects", right=True, rank=1),
    Column("brought back", right=True, rank=2),
    Column("", rank=0),
)


def boards_text(boards: Sequence[BoardSummary], width: int = 80) -> str:
    """A row per board; ends with a newline."""
    rows = [_cells(board) for board in boards]
    used = [at for at, column in enumerate(_COLUMNS) if any(row[at] for row in rows)]
    columns = [_COLUMNS[at] for at in used]
    return table_text(columns, [[row[at] for at in used] for row in rows], width)


def _cells(board: BoardSummary) -> tuple[str, ...]:
    record = board.record
    facts, link = record.facts, record.link
    wrong = "" if board.wrong is None else str(board.wrong)
    rate = board.images_per_second
    return (
        record.name,
        "" if facts is None else f"{facts.board}{agent_note(facts.kind)}",
        str(board.images),
        "" if rate is None else f"{rate:.2f}",
        board_latency(board),
        wrong,
        "" if link is None or not link.frames_resent else f"{link.frames_resent:,}",
        "" if link is None or not link.reconnects else str(link.reconnects),
        str(record.recoveries) if record.recoveries else "",
        "retired" if record.retired is not None else "",
    )


def board_latency(board: BoardSummary) -> str:
    """The median of an inference; empty where it was not counted."""
    facts, count = board.record.facts, board.median_count
    if facts is None or count is None:
        return ""
    if board.median_ms is not None:
        return f"{board.median_ms:.2f} ms"
    return f"{count:,} {facts.unit}"


def boards_documents(summary: RunSummary) -> list[dict[str, object]]:
    """A document per board; what was not measured is null."""
    return [_document(board) for board in summary.boards]


def _document(board: BoardSummary) -> dict[str, object]:
    record = board.record
    return {
        "name": record.name,
        "port": record.port,
        "facts": None if record.facts is None else asdict(record.facts),
        "images": board.images,
        "answered_too": board.too,
        "unanswered": board.unanswered,
        "images_per_second": board.images_per_second,
        "median_count": board.median_count,
        "median_ms": board.median_ms,
        "reference": None if board.agreement is None else asdict(board.agreement),
        "resent": board.resent,
        "line": line_document(record.link, board.resent),
        "stack": None if record.stack is None else asdict(record.stack),
        "brought_back": record.recoveries,
        "retired": record.retired,
    }
