"""Ethos-U's compressed weights ("MLW") as numbers: Golomb-Rice codes, palettes, runs of zeros.

A stream is a list of slices. A slice has a header, then chunks of up to 12 codes: all codes' unary
parts come first, their remainders with the next chunk. Weights and runs of zeros are two sequences
of codes that share the chunks, so that a decoder in hardware has both at the same time; what lags
behind is read next. Format: mlw_encode.c and mlw_decode.c of ethos-u-vela (Apache-2.0), as facts.

The reading goes in two steps. A loop in Python finds where chunks begin, for which it needs no more
than the number of ones in their unary parts. All values are then taken out at once by numpy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError

Ints = NDArray[np.int64]

HINT = "Compile the model again by Vela; if the file stays like this, it is not Vela's."

_ONES = tuple(number.bit_count() for number in range(1 << 12))
_NO_RUNS, _END = 6, 7
"""Values of a slice's first field instead of a number of remainder bits."""
_UNCOMPRESSED = 7
_MAX_VALUE = 511
"""A weight has nine bits, sign included."""


def _bad(bit: int, what: str) -> ModelError:
    return ModelError(f"Compressed weights, bit {bit}: {what}.", HINT)


@dataclass
class _Slices:
    """Headers of the slices, a number per slice in each list."""

    count: list[int] = field(default_factory=list)
    """weights that are coded, runs of zeros apart"""
    bits: list[int] = field(default_factory=list)
    """of a weight's remainder"""
    truncated: list[int] = field(default_factory=list)
    """1: a quotient of two needs no third bit"""
    runs: list[int] = field(default_factory=list)
    """runs of zeros that are coded"""
    run_bits: list[int] = field(default_factory=list)
    """of a run's remainder"""
    leads: list[int] = field(default_factory=list)
    """1: the first run is before the first weight"""
    offset: list[int] = field(default_factory=list)
    """added to numbers that are not in the palette"""
    palette: list[int] = field(default_factory=list)
    """where the palette begins in `colours`"""
    palette_size: list[int] = field(default_factory=list)
    """entries of the palette"""
    colours: list[int] = field(default_factory=list)
    """all palettes behind one another"""


@dataclass
class _Chunks:
    """Unary parts, a number per chunk in each list; one object for weights, one for runs."""

    slices: list[int] = field(default_factory=list)
    """which slice it belongs to"""
    first: list[int] = field(default_factory=list)
    """its unary bits"""
    second: list[int] = field(default_factory=list)
    """weights: a bit more for each one in `first`"""
    width: list[int] = field(default_factory=list)
    """how many unary bits it has"""
    rest: list[int] = field(default_factory=list)
    """the bit of the stream where its remainders begin"""


class _Reader:
    """Walks through a stream once; `weights` and `runs` are what it met."""

    def __init__(self, data: bytes) -> None:
        self.end = len(data) * 8
        padded = np.frombuffer(data + bytes(8), np.uint8).astype(np.uint32)
        last = len(data) + 4
        windows = padded[:last].copy()
        for byte in range(1, 4):
            windows |= padded[byte : last + byte] << np.uint32(8 * byte)
        self.windows = windows
        """The 32 bits that begin at each byte."""
        self._look: list[int] = windows.tolist()
        self.at = 0
        self.headers = _Slices()
        self.weights = _Chunks()
        self.runs = _Chunks()

    def take(self, bits: int) -> int:
        """The next bits, 25 at most."""
        at = self.at
        if at + bits > self.end:
            raise _bad(at, f"the stream ends within a number of {bits} bits")
        self.at = at + bits
        return (self._look[at >> 3] >> (at & 7)) & ((1 << bits) - 1)

    def read(self) -> None:
        fresh = True
        while self.at < self.end:
            kind = self.take(3)
            if kind == _END:
                self.at = (self.at + 7) & ~7
                fresh = True
            elif kind in (4, 5):
                raise _bad(self.at - 3, f"a slice of the unknown kind {kind}")
            else:
                self._slice(kind, fresh)
                fresh = False

    def _slice(self, kind: int, fresh: bool) -> None:
        heads, start = self.headers, self.at - 3
        count = self.take(15) + 1
        bits, truncated, new = self.take(3), self.take(1), self.take(1)
        if new:
            self._palette()
        elif fresh:
            raise _bad(start, "the first slice has no palette")
        else:
            if (heads.runs[-1] == 0) != (kind == _NO_RUNS):
                raise _bad(start, "runs of zeros begin or end without a new palette")
            for kept in (heads.offset, heads.palette, heads.palette_size):
                kept.append(kept[-1])
        plain = bits == _UNCOMPRESSED
        if plain:
            size = heads.palette_size[-1]
            bits = (size - 1).bit_length() if size else self._plain_bits
        elif bits > 5:
            raise _bad(start, f"remainders of {bits} bits")
        runs = 0 if kind == _NO_RUNS else count + new
        heads.count.append(count)
        heads.bits.append(bits)
        heads.truncated.append(truncated)
        heads.runs.append(runs)
        heads.run_bits.append(0 if kind == _NO_RUNS else kind)
        heads.leads.append(new if runs else 0)
        self._chunks(plain)

    def _palette(self) -> None:
        heads = self.headers
        heads.offset.append(self.take(5))
        size = self.take(5)
        size += size > 0
        self._plain_bits = self.take(3) + 2
        heads.palette.append(len(heads.colours))
        heads.palette_size.append(size)
        heads.colours += [self.take(self._plain_bits) for _ in range(size)]

    def _chunks(self, plain: bool) -> None:
        """Find the chunks of the slice whose header was read last."""
        heads, number = self.headers, len(self.headers.count) - 1
        count, bits, truncated = heads.count[-1], heads.bits[-1], heads.truncated[-1]
        runs, run_bits = heads.runs[-1], heads.run_bits[-1]
        width = 8 if plain and bits > 5 else 12
        run_width = 12 if run_bits < 3 else 8
        look, at, end = self._look, self.at, self.end
        found = run_found = 0
        """Codes whose unary part is complete."""
        rest = run_rest = 0
        """Remainders of the chunk before, which are still to come."""
        while True:
            ahead = found - run_found if runs else 0
            weights_here = found < count and ahead < 8
            runs_here = run_found < runs and ahead >= 0
            ones = first = unary = 0
            if weights_here and not plain:
                first = (look[at >> 3] >> (at & 7)) & 0xFFF
                ones = _ONES[first]
                at += 12
            if runs_here:
                # `at` may be at the stream's end by now, and the window there is of zeros.
                if at >= end:
                    raise _bad(at, "the stream ends within a slice")
                unary = (look[at >> 3] >> (at & 7)) & ((1 << run_width) - 1)
                at += run_width
            if at > end or (ones and at + ones > end):
                raise _bad(at, "the stream ends within a slice")
            second = 0
            if ones:
                second = (look[at >> 3] >> (at & 7)) & ((1 << ones) - 1)
                at += ones
            if rest:
                self.weights.rest.append(at)
                at += (rest - 1) * bits
                rest = 0
            if run_rest:
                self.runs.rest.append(at)
                at += (run_rest - 1) * run_bits
                run_rest = 0
            if at > end:
                raise _bad(at, "the stream ends within a slice")
            if weights_here:
                complete = width if truncated or plain else width - _ONES[second]
                rest = 1 + min(complete, count - found)
                found += complete
                _append(self.weights, number, first, second, width)
            if runs_here:
                complete = run_width - _ONES[unary]
                run_rest = 1 + min(complete, runs - run_found)
                run_found += complete
                _append(self.runs, number, unary, 0, run_width)
            if not rest and not run_rest:
                self.at = at
                return


def _append(chunks: _Chunks, number: int, first: int, second: int, width: int) -> None:
    chunks.slices.append(number)
    chunks.first.append(first)
    chunks.second.append(second)
    chunks.width.append(width)


def _codes(reader: _Reader, chunks: _Chunks, wanted: list[int], of_weights: bool) -> Ints:
    """The coded numbers of all chunks: quotient and remainder, `wanted` of them per slice."""
    heads = reader.headers
    slices = np.asarray(chunks.slices, np.int64)
    if not len(slices):
        return np.zeros(0, np.int64)
    place = np.arange(12)
    first = np.asarray(chunks.first, np.int64)[:, None] >> place & 1
    used = place < np.asarray(chunks.width, np.int64)[:, None]
    if of_weights:
        nth = np.maximum(np.cumsum(first, axis=1) - 1, 0)
        step = first + first * (np.asarray(chunks.second, np.int64)[:, None] >> nth & 1)
        truncated = np.asarray(heads.truncated, np.int64)[slices][:, None] > 0
        last = ((step < 2) | truncated) & used
        bits = np.asarray(heads.bits, np.int64)
    else:
        step, last = first, (first == 0) & used
        bits = np.asarray(heads.run_bits, np.int64)
    step = step * used
    row, _ = np.nonzero(last)
    total = np.cumsum(step)[last.ravel()]
    quotient = np.diff(total, prepend=0)
    # A slice begins anew: what the unary bits at the end of the slice before left over is nothing.
    of_slice = slices[row]
    starts = np.searchsorted(of_slice, np.arange(len(heads.count)))
    ends = np.append(starts[1:], len(of_slice))
    begun = np.flatnonzero(ends > starts)
    before = np.concatenate([[0], np.cumsum(step.sum(axis=1))])
    head = np.searchsorted(slices, begun)
    quotient[starts[begun]] = total[starts[begun]] - before[head]
    nth_of_slice = np.arange(len(row)) - starts[of_slice]
    nth_of_row = (np.cumsum(last, axis=1) - 1)[last]
    kept = nth_of_slice < np.asarray(wanted, np.int64)[of_slice]
    row, of_slice = row[kept], of_slice[kept]
    width = bits[of_slice]
    at = np.asarray(chunks.rest, np.int64)[row] + nth_of_row[kept] * width
    rest = reader.windows[at >> 3].astype(np.int64) >> (at & 7) & ((1 << width) - 1)
    numbers: Ints = (quotient[kept] << width) + rest
    return numbers


def decode(data: bytes, limit: int) -> NDArray[np.int16]:
    """Decode a stream to weights in the order of the hardware; int16, of one dimension.

    `limit`: more weights than this are an error, before they take memory. Time and memory grow with
    the length of `data`, whatever it says. Raises `ModelError`.
    """
    reader = _Reader(data)
    reader.read()
    heads = reader.headers
    if not heads.count:
        return np.zeros(0, np.int16)
    number = _codes(reader, reader.weights, heads.count, True)
    if number.max() > _MAX_VALUE:
        raise _bad(0, f"a weight of number {number.max()}, and hardware has {_MAX_VALUE}")
    count: Any = np.asarray(heads.count, np.int64)
    of_slice = np.repeat(np.arange(len(count)), count)
    size = np.asarray(heads.palette_size, np.int64)[of_slice]
    colours = np.asarray([*heads.colours, 0], np.int64)
    index = np.asarray(heads.palette, np.int64)[of_slice] + np.minimum(number, size - 1)
    coded = number - size + np.asarray(heads.offset, np.int64)[of_slice]
    value = np.where(number < size, colours[np.maximum(index, 0)], coded)
    value = np.where(value & 1, -(value >> 1), value >> 1)

    run = _codes(reader, reader.runs, heads.runs, False)
    runs: Any = np.asarray(heads.runs, np.int64)
    behind = np.zeros(len(number), np.int64)
    before = np.zeros(len(number), np.int64)
    run_slice = np.repeat(np.arange(len(runs)), runs)
    run_nth = np.arange(len(run)) - np.repeat(np.cumsum(runs) - runs, runs)
    lead = np.asarray(heads.leads, np.int64)[run_slice]
    first = np.cumsum(count) - count
    ahead = (run_nth == 0) & (lead > 0)
    before[first[run_slice[ahead]]] = run[ahead]
    behind[first[run_slice[~ahead]] + (run_nth - lead)[~ahead]] = run[~ahead]
    place = np.cumsum(before) + np.cumsum(behind) - behind + np.arange(len(number))
    length = int(place[-1] + 1 + behind[-1])
    if length > limit:
        raise _bad(reader.at, f"{length} weights, and there are places for {limit}")
    result = np.zeros(length, np.int16)
    result[place] = value
    return result
