"""How a run used its line: bytes, rates, the share of the line, and what bounds the run."""

from __future__ import annotations

from collections.abc import Iterator

from mcuzoo.link.state import LinkState

_BOUNDS = {
    "line": "the line to the board",
    "inference": "inference",
    "host": "the host, which prepares images",
    "round trips": "round trips, and the work between them",
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
    yield "bound by", _BOUNDS[use.bound(not link.not_ahead) or "line"]


def line_use_document(link: LinkState) -> dict[str, object]:
    """The same for JSON: bytes, seconds, bytes a second; null where nothing is known."""
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
