"""The ring that keeps what the board receives while it works: how large, and in which memory.

A ring as large as an input takes the whole next image during an inference. It takes what everything
else leaves free, and only on-chip memory; so it moves nothing, and no model fits less well for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcuzoo.board.memory import RegionKind
from mcuzoo.board.model import Board
from mcuzoo.plan.place.footprint import receive_ring_bytes
from mcuzoo.plan.place.placement import SECTION_BYTES, SPARE_BYTES, Placement, usable_regions
from mcuzoo.plan.place.regions import RegionFit
from mcuzoo.project.kinds import why_not_kept

_MOST_BYTES = 1 << 16
"""HELLO_REPLY has 16 bits for it."""
_CHUNK_BYTES, _FRAME_BYTES = 1024, 32
"""Of an input on the wire: a chunk's data, and what its frame adds at most."""
_REQUESTS_BYTES = 512
_KINDS = (RegionKind.OCRAM, RegionKind.DTCM)


def wanted_ring_bytes(input_bytes: int) -> int:
    """The least power of two that has room for an input with its frames, within what may be."""
    frames = -(-input_bytes // _CHUNK_BYTES) * _FRAME_BYTES
    least = input_bytes + frames + _REQUESTS_BYTES
    return max(receive_ring_bytes(), min(_MOST_BYTES, 1 << (least - 1).bit_length()))


def with_ring(
    placement: Placement,
    regions: Sequence[RegionFit],
    board: Board,
    input_bytes: int,
    output_bytes: int,
) -> Placement:
    """`placement` with the largest ring that is of use and that the memories leave room for.

    regions: what they hold, the smallest ring included. Of memories with room for as much, that of
    the data comes last: there its estimate needs room to be wrong, and so does the user's code.
    """
    if why_not_kept(output_bytes) or not all(region.fits for region in regions):
        return placement
    used = {region.region: region.used_bytes for region in regions}
    room = {
        region.name: region.size - used[region.name] - SECTION_BYTES
        for region in usable_regions(board.apart(placement.regions))
        if region.kind in _KINDS and region.name != placement.data_region
    }
    data = next(region for region in regions if region.region == placement.data_region)
    beside = data.size_bytes - data.used_bytes - SPARE_BYTES + receive_ring_bytes()
    ring = wanted_ring_bytes(input_bytes)
    while ring > receive_ring_bytes():
        for name, free in room.items():
            if free >= ring:
                return replace(placement, ring_bytes=ring, ring_region=name)
        if beside >= ring:
            return replace(placement, ring_bytes=ring)
        ring //= 2
    return placement
