"""docs/codec.md read once more: a decoder in plain Python, value by value."""

from __future__ import annotations

from collections.abc import Iterator

TOTAL, BLOCK = 65536, 256
# token: magnitudes from .. on, bits that say which one and its sign
TOKENS = [(0, 0), (1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (7, 2), (9, 3), (13, 3), (17, 4), (25, 4),
          (33, 5), (49, 5), (65, 6), (97, 6)]  # fmt: skip
START = [
    [241, 11, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    [159, 72, 14, 6, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    [103, 103, 30, 11, 4, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    [65, 99, 49, 22, 10, 7, 2, 1, 1, 1, 1, 1, 1, 1, 1],
    [40, 71, 54, 35, 21, 20, 8, 5, 1, 1, 1, 1, 1, 1, 1],
    [22, 41, 38, 34, 28, 39, 22, 19, 7, 4, 1, 1, 1, 1, 1],
    [11, 21, 21, 20, 19, 35, 29, 41, 24, 21, 7, 4, 1, 1, 1],
    [5, 10, 10, 9, 9, 18, 18, 32, 28, 41, 26, 27, 12, 9, 3],
]


class DamagedError(Exception):
    """These bytes are no stream for a tensor of this size."""


def decode(stream: bytes, tensor_bytes: int) -> bytes:
    """The tensor. Raises DamagedError."""
    if len(stream) < 4:
        raise DamagedError
    row, bits, log_lanes = int.from_bytes(stream[:2], "little"), stream[2], stream[3]
    channels, first, apart = bits & 7, bits >> 3 & 3, bool(bits & 32)
    sound = bits < 64 and log_lanes <= 4 and 1 <= channels <= 4 and first < channels
    if not sound or row == 0 or row % channels or tensor_bytes % row:
        raise DamagedError
    words = _words(stream[4:])
    lanes = [0] * (1 << log_lanes)
    weights = [list(start) for start in START]
    slots = [_slots(own) for own in weights]
    order = [first, *(c for c in range(channels) if c != first)]
    out = [0] * tensor_bytes
    magnitudes = [0] * tensor_bytes
    done = 0
    for pixel in range(0, tensor_bytes, channels):
        previous = 0
        for place, channel in enumerate(order):
            lane = done % len(lanes)
            while lanes[lane] < TOTAL:
                lanes[lane] = (lanes[lane] << 16 | next(words)) & 0xFFFFFFFF
            around = _around(out, pixel, channel, row, channels)
            base = 0
            if place > 0 and not apart:
                compared = _around(out, pixel, first, row, channels)
                around = [value - other for value, other in zip(around, compared, strict=True)]
                base = out[pixel + first]
            w, n, nw, ne = around
            median = sorted((w, n, w + n - nw))[1]
            predicted = min(255, max(0, (4 * median + 2 * w + n + ne + 4 >> 3) + base))
            slope = abs(w - nw) + abs(n - nw) + abs(ne - n)
            before = magnitudes[pixel - channels + channel] if pixel % row else 0
            activity = [2 * slope + 3 * before, 2 * (slope + before)][place] if place < 2 else (
                3 * slope + 4 * (before + previous)) // 2  # fmt: skip
            context = min(7, (activity | 1).bit_length() - 1)
            slot = lanes[lane] % TOTAL
            token = max(t for t in range(len(TOKENS)) if slots[context][t] <= slot)
            low, extra = TOKENS[token]
            share = (slots[context][token + 1] - slots[context][token]) >> extra
            which, rest = divmod(slot - slots[context][token], share)
            lanes[lane] = share * (lanes[lane] >> 16) + rest
            weights[context][token] += 4
            previous = magnitudes[pixel + channel] = low + (which >> 1)
            sign = -1 if which & 1 else 1
            out[pixel + channel] = (predicted + sign * previous) & 255
            done += 1
            if done % BLOCK == 0:
                for own in weights:
                    if sum(own) > 4096:
                        own[:] = [(weight + 1) // 2 for weight in own]
                slots = [_slots(own) for own in weights]
    if next(words, None) is not None or any(lane != TOTAL - 1 for lane in lanes[:tensor_bytes]):
        raise DamagedError
    return bytes(value ^ 0x80 for value in out)


def _words(data: bytes) -> Iterator[int]:
    for at in range(0, len(data) - 1, 2):
        yield data[at] | data[at + 1] << 8
    if len(data) % 2:
        raise DamagedError


def _around(out: list[int], pixel: int, channel: int, row: int, channels: int) -> list[int]:
    """west, north, northwest, northeast"""
    here, column = pixel + channel, pixel % row
    if pixel < row:
        return [out[here - channels] if column else 0] * 4
    north = out[here - row]
    west = out[here - channels] if column else north
    northwest = out[here - row - channels] if column else north
    northeast = out[here - row + channels] if column + channels < row else north
    return [west, north, northwest, northeast]


def _slots(weights: list[int]) -> list[int]:
    """The first slot of each token, and TOTAL."""
    counts = [
        max(1, weight * (TOTAL - 257) // sum(weights) >> extra) << extra
        for weight, (_, extra) in zip(weights, TOKENS, strict=True)
    ]
    counts[0] = TOTAL - sum(counts[1:])
    return [sum(counts[:token]) for token in range(len(TOKENS) + 1)]
