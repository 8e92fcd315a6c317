"""What the line of a board has cost, as text and for JSON."""

from __future__ import annotations

from mcuzoo.link.state import LinkState


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
    }
