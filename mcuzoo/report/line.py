"""What the line of a board has cost and how it was used, as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator

from mcuzoo.link.state import LinkState

BOUNDS = {
    "line": "the line to the board",
    "inference": "inference",
    "host": "the host, which prepares images",
    "round trips": "round trips, and the work between them",
}


def line_text(link: LinkState) -> str:
    """Losses of the line, and the repairs, in one line."""
    facts = [
        (link.frames_resent, f"{link.frames_resent:,} of {link.frames_sent:,} frames sent again"),
        (link.bad_frames, f"{link.bad_frames:,} damaged from the board"),
        (link.board_bad_frames, f"{link.board_bad_frames:,} to it"),
        (link.board_lost_bytes, f"{link.board_lost_bytes:,} bytes lost in its receiver"),
        (link.reconnects, f"{link.reconnects} reconnect{'s' if link.reconnects > 1 else ''}"),
        (link.frames_resent, f"chunks down to {link.smallest_chunk_bytes} bytes"),
    ]
    return ", ".join(text for count, text in facts if count)


def line_document(link: LinkState | None, images_resent: int) -> dict[str, object] | None:
    """Losses of the line over all sessions of the run; null in older runs."""
    if link is None:
        return None
    return {
        "frames_sent": link.frames_sent,
        "frames_resent": link.frames_resent,
        "bad_frames_at_host": link.bad_frames,
        "bad_frames_at_board": link.board_bad_frames,
        "bytes_lost_by_board": link.board_lost_bytes,
        "images_resent": images_resent,
        "reconnects": link.reconnects,
        "chunk_bytes": link.chunk_bytes,
        "smallest_chunk_bytes": link.smallest_chunk_bytes,
        **_use_document(link),
    }


def line_use_lines(link: LinkState) -> Iterator[tuple[str, str]]:
    """Name and text of each line; none for a run without an image or of an older version."""
    use = link.use
    if not use.images:
        return
    goodput = use.goodput or 0.0
    yield (
        "wire",
        f"{use.up_bytes:,} bytes to the board, {use.down_bytes:,} from it; {goodput / 1000:,.1f} "
        "KB/s of tensors",
    )
    if use.up_share is not None:
        rates = " and ".join(f"{baud:,}" for baud in link.rates_used)
        why = f" ({link.fixed_rate})" if link.fixed_rate else ""
        yield "", f"{use.up_share:.1%} of the line at {rates} baud{why}".replace("%", " %")
    if link.not_ahead:
        yield "", f"each image waits for the result of the one before: {link.not_ahead}"
    yield "bound by", BOUNDS[use.bound(not link.not_ahead) or "line"]


def _use_document(link: LinkState) -> dict[str, object]:
    """As line_use_lines, for JSON: bytes, seconds, bytes a second; null where nothing is known."""
    use = link.use
    return {
        "bytes_to_board": use.up_bytes,
        "bytes_from_board": use.down_bytes,
        "tensor_bytes_per_second": use.goodput,
        "share_of_line": use.up_share,
        "seconds": {
            "line": use.up_s,
            "inference": use.result_s,
            "host": use.host_s,
            "images": use.images_s,
        },
        "bauds": list(link.rates_used) if use.up_s else [],
        "why_no_other_baud": link.fixed_rate or None,
        "why_not_ahead": link.not_ahead or None,
        "bound_by": use.bound(not link.not_ahead),
    }
