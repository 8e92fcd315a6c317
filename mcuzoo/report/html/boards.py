"""The boards of a run on several, and how a line was used, on a page."""

from __future__ import annotations

from mcuzoo.link.counts import agent_note
from mcuzoo.link.state import LinkState
from mcuzoo.report.html.blocks import Cell, Fact, Head, Table, number
from mcuzoo.report.line import BOUNDS
from mcuzoo.report.run_boards import board_latency
from mcuzoo.run.summary import RunSummary


def board_table(summary: RunSummary) -> Table | None:
    """A row per board of a run on several; those that are retired or wrong are told apart."""
    rows, bad = [], set()
    most = max((board.images for board in summary.boards), default=0)
    for place, board in enumerate(summary.boards):
        record, facts, link = board.record, board.record.facts, board.record.link
        wrong = board.wrong
        if wrong or record.retired is not None:
            bad.add(place)
        latency = board_latency(board)
        count = board.median_count if board.median_ms is None else board.median_ms
        rows.append(
            (
                Cell(record.name),
                Cell("at work" if record.retired is None else f"retired: {record.retired}"),
                Cell("never answered" if facts is None else facts.board + agent_note(facts.kind)),
                Cell(f"{board.images:,}", board.images, bar=board.images / most if most else None),
                number(board.images_per_second, ",.2f"),
                Cell(latency, count) if latency else number(None),
                number(wrong),
                number(board.unanswered),
                number(board.resent),
                number(None if link is None else link.frames_resent),
                number(None if link is None else link.reconnects),
                number(record.recoveries),
                Cell(record.port),
            )
        )
    numbers = (
        "images", "images/s", "latency", "wrong", "unanswered", "images resent", "frames resent",
        "reconnects", "brought back",
    )  # fmt: skip
    heads = (
        Head("board"), Head("state"), Head("kind"), *(Head(name, right=True) for name in numbers),
        Head("port"),
    )  # fmt: skip
    if not rows:
        return None
    told = [at for at in range(len(heads)) if any(row[at].text not in ("0", "-") for row in rows)]
    return Table(
        "What each board did",
        tuple(heads[at] for at in told),
        tuple(tuple(row[at] for at in told) for row in rows),
        frozenset(bad),
    )


def use_facts(link: LinkState) -> list[Fact]:
    """How much the line carried, how long, and what bounds a run. Nothing of an older run."""
    use = link.use
    found = []
    if use.goodput is not None:
        carried = f"{use.payload_bytes:,} bytes of inputs and outputs"
        found.append(Fact("goodput", f"{use.goodput / 1e3:,.1f} kB/s", carried))
        found.append(Fact("to the board", f"{use.up_bytes:,} bytes"))
        found.append(Fact("from the board", f"{use.down_bytes:,} bytes"))
    if use.up_share is not None:
        found.append(Fact("line busy", f"{use.up_share:.0%} of the time", "towards the board"))
    bound = use.bound(not link.not_ahead)
    if bound is not None:
        found.append(Fact("bound by", BOUNDS[bound]))
    if link.rates_used:
        rates = ", ".join(f"{rate:,}" for rate in link.rates_used)
        found.append(Fact("rates", f"{rates} baud", link.fixed_rate))
    if link.not_ahead:
        found.append(Fact("one image at a time", link.not_ahead))
    if link.falls:
        fell = f"the last time at {link.fallen_baud:,} baud"
        found.append(Fact("rate lowered", f"{link.falls:,} times", fell))
    return found
