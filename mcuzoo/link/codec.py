"""The lossless codec for int8 input tensors; docs/codec.md has its format.

firmware/link/mz_codec.c decodes. All that a decoder adapts to depends only on earlier values, in
steps of BLOCK values, so that an encoder, which has them all, can compute with whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONTEXTS = 8
TOKENS = 15
MOST_LANES = 16
MOST_CHANNELS = 4
TOTAL = 1 << 16
"""Slots of a context; also the least state of a lane."""

BLOCK = 256
_COUNT, _MOST = 4, 4096
_VALUES_PER_LANE = 1024
_LOW = np.array([0, 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97])
_EXTRA = np.array([0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6])
_LEAST = int((1 << _EXTRA).sum())
# From MobileNet's inputs of 50 photographs: the share of each token in each context, times 256.
_START = np.array(
    [
        [241, 11, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [159, 72, 14, 6, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [103, 103, 30, 11, 4, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [65, 99, 49, 22, 10, 7, 2, 1, 1, 1, 1, 1, 1, 1, 1],
        [40, 71, 54, 35, 21, 20, 8, 5, 1, 1, 1, 1, 1, 1, 1],
        [22, 41, 38, 34, 28, 39, 22, 19, 7, 4, 1, 1, 1, 1, 1],
        [11, 21, 21, 20, 19, 35, 29, 41, 24, 21, 7, 4, 1, 1, 1],
        [5, 10, 10, 9, 9, 18, 18, 32, 28, 41, 26, 27, 12, 9, 3],
    ]
)
# By a difference as a byte: its magnitude, its token, and its number among those of the token.
_DIFFERENCE = np.arange(256).astype(np.uint8).view(np.int8).astype(np.int64)
_MAGNITUDE: NDArray[np.int16] = np.abs(_DIFFERENCE).astype(np.int16)
_TOKEN: NDArray[np.int64] = np.searchsorted(_LOW, _MAGNITUDE, side="right") - 1
_WHICH: NDArray[np.int64] = np.where(
    _TOKEN == 0, 0, 2 * (_MAGNITUDE - _LOW[_TOKEN]) + (_DIFFERENCE < 0)
)

_APART = 0x20
_HEADER_BYTES = 4

Planes = NDArray[np.int16]


@dataclass(frozen=True)
class Layout:
    """How a stream sees its tensor: rows of pixels.

    row_bytes: of a row of pixels. first: the channel that is coded first and, unless `apart`, the
    one that the others are compared with. channels: of a pixel. lanes: coders that take turns, a
    power of 2.
    """

    row_bytes: int
    channels: int
    first: int
    apart: bool
    lanes: int

    @property
    def header(self) -> bytes:
        bits = self.channels | self.first << 3 | (_APART if self.apart else 0)
        return self.row_bytes.to_bytes(2, "little") + bytes([bits, self.lanes.bit_length() - 1])

    @property
    def order(self) -> list[int]:
        """The channels in the order of coding."""
        return [self.first, *(c for c in range(self.channels) if c != self.first)]


def encode(tensor: NDArray[np.int8]) -> bytes | None:
    """`tensor` encoded; None if that would not be shorter, or its rows are too long.

    tensor: int8 of any shape; the last three dimensions are taken as rows, columns and channels.
    """
    layout = _layout(tensor)
    if layout is None:
        return None
    pixels = np.ascontiguousarray(tensor).view(np.uint8) ^ np.uint8(0x80)
    pixels = pixels.reshape(-1, layout.row_bytes // layout.channels, layout.channels)
    differences, contexts = _modelled(pixels[..., layout.order], layout.apart)
    tokens = _TOKEN[differences]
    starts, shares = _shares(contexts, tokens)
    firsts: NDArray[np.int64] = starts + _WHICH[differences] * shares
    if _HEADER_BYTES + np.log2(TOTAL / shares).sum() / 8 >= tensor.nbytes:
        return None
    encoded = layout.header + _coded(firsts, shares, layout.lanes)
    return encoded if len(encoded) < tensor.nbytes else None


def _layout(tensor: NDArray[np.int8]) -> Layout | None:
    if tensor.size == 0:
        return None
    channels = tensor.shape[-1] if tensor.ndim > 2 and tensor.shape[-1] <= MOST_CHANNELS else 1
    columns = tensor.shape[-2 if tensor.ndim > 2 else -1] if tensor.ndim else 1
    row_bytes = columns * tensor.shape[-1] if tensor.ndim > 2 else columns
    if row_bytes >= 1 << 16:
        return None
    lanes = 1
    while lanes < MOST_LANES and 2 * lanes * _VALUES_PER_LANE <= tensor.size:
        lanes *= 2
    # Of red, green and blue, green is most like the other two.
    first = 1 if channels == 3 else 0
    apart = channels == 1 or not _alike(tensor.reshape(-1, channels), first)
    return Layout(row_bytes, channels, first, apart, lanes)


def _alike(pixels: NDArray[np.int8], first: int) -> bool:
    """Whether the channels change together, from one pixel to the next."""
    steps = np.diff(pixels.astype(np.int16), axis=0)
    together = np.abs(steps - steps[:, first : first + 1]).sum(dtype=np.int64)
    others = np.abs(np.delete(steps, first, axis=1)).sum(dtype=np.int64)
    return bool(together < others)


def _modelled(
    pixels: NDArray[np.uint8], apart: bool
) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    """The difference from its prediction, and the context, of each value in the order of coding.

    pixels: uint8 [rows, columns, channels], the channels in that order.
    """
    differences = np.empty(pixels.shape, np.uint8)
    contexts = np.empty(pixels.shape, np.int16)
    planes = np.moveaxis(pixels, 2, 0).astype(np.int16)
    magnitude: Planes | None = None
    for channel, plane in enumerate(planes):
        base: Planes | int = 0 if channel == 0 or apart else planes[0]
        west, north, northwest, northeast = _around(plane - base)
        low, high = np.minimum(west, north), np.maximum(west, north)
        median = np.clip(west + north - northwest, low, high)
        predicted = (4 * median + 2 * west + north + northeast + 4) >> 3
        difference = (plane - np.clip(predicted + base, 0, 255)).astype(np.uint8)
        slope = np.abs(west - northwest) + np.abs(north - northwest) + np.abs(northeast - north)
        previous, magnitude = magnitude, _MAGNITUDE[difference]
        before = np.zeros_like(magnitude)
        before[:, 1:] = magnitude[:, :-1]
        if channel == 0:
            activity = 2 * slope + 3 * before
        elif channel == 1 or previous is None:
            activity = 2 * (slope + before)
        else:
            activity = (3 * slope + 4 * (before + previous)) >> 1
        differences[..., channel] = difference
        contexts[..., channel] = _CONTEXT[activity]
    return differences.reshape(-1), contexts.reshape(-1)


# By an activity: at most 3 * (3 * 510) + 4 * (128 + 128), halved, or 2 * (3 * 510) + 3 * 128.
_CONTEXT = np.array(
    [min(CONTEXTS - 1, (activity | 1).bit_length() - 1) for activity in range(4096)], np.int16
)


def _around(plane: Planes) -> tuple[Planes, Planes, Planes, Planes]:
    """The neighbours west, north, northwest and northeast of each value of a plane.

    What lies outside is taken from the nearest one inside that comes earlier; 0 at the very first.
    """
    west, north = np.empty_like(plane), np.empty_like(plane)
    northwest, northeast = np.empty_like(plane), np.empty_like(plane)
    west[:, 1:] = plane[:, :-1]
    west[0, 0] = 0
    west[1:, 0] = plane[:-1, 0]
    north[1:] = plane[:-1]
    northwest[1:, 1:] = plane[:-1, :-1]
    northwest[1:, 0] = plane[:-1, 0]
    northeast[1:, :-1] = plane[:-1, 1:]
    northeast[1:, -1] = plane[:-1, -1]
    north[0] = northwest[0] = northeast[0] = west[0]
    return west, north, northwest, northeast


def _shares(
    contexts: NDArray[np.int16], tokens: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first slot of each value's token, and the slots of each value."""
    blocks = -(-tokens.size // BLOCK)
    block = np.arange(tokens.size) // BLOCK
    counts = np.bincount(
        (block * CONTEXTS + contexts) * TOKENS + tokens, minlength=blocks * CONTEXTS * TOKENS
    ).reshape(blocks, CONTEXTS, TOKENS)
    weights = np.empty_like(counts)
    now = _START.copy()
    for at, count in enumerate(counts):
        weights[at] = now
        now = now + _COUNT * count
        full = now.sum(axis=1) > _MOST
        if full.any():
            now[full] = (now[full] + 1) // 2
    starts, shares = share_out(weights)
    place = (block, contexts, tokens)
    return starts[place], shares[place]


def share_out(
    weights: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first slot of each token, and the slots of each of its values.

    weights: [..., TOKENS]. The first token gets what rounding leaves.
    """
    shares = weights * (TOTAL - _LEAST) // weights.sum(axis=-1, keepdims=True) >> _EXTRA
    shares = np.maximum(shares, 1)
    slots = shares << _EXTRA
    shares[..., 0] = slots[..., 0] = TOTAL - slots[..., 1:].sum(axis=-1)
    return np.cumsum(slots, axis=-1) - slots, shares


def _coded(firsts: NDArray[np.int64], shares: NDArray[np.int64], lanes: int) -> bytes:
    """The words of all values: first slots and slots of each, coded from the last one on."""
    steps = -(-firsts.size // lanes)
    # Values that fill the last step have all slots, and so change no lane.
    first = np.zeros((steps, lanes), np.int64)
    share = np.full((steps, lanes), TOTAL, np.int64)
    first.reshape(-1)[: firsts.size] = firsts
    share.reshape(-1)[: shares.size] = shares
    rest, limit = TOTAL - share, share << 16
    # The largest state that needs no word before its first value, whatever that is.
    state = np.full(lanes, TOTAL - 1, np.int64)
    states = np.empty((steps, lanes), np.int64)
    shift = np.empty((steps, lanes), np.int64)
    quotient = np.empty(lanes, np.int64)
    for at in range(steps - 1, -1, -1):
        states[at] = state
        shifted = np.greater_equal(state, limit[at], out=shift[at])
        shifted <<= 4
        state >>= shifted
        np.floor_divide(state, share[at], out=quotient)
        quotient *= rest[at]
        state += quotient
        state += first[at]
    begun = state[: firsts.size]
    ends = np.stack([begun >> 16, begun & 0xFFFF], axis=1)
    words = np.concatenate([ends.reshape(-1), states[shift > 0] & 0xFFFF])
    return words.astype("<u2").tobytes()
