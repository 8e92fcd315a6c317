"""Matrix products of several rows on mz_pointwise_s8_dsp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.lowering.call import Call, Overlap
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import describe, symbol
from mcuzoo.lowering.params import KernelParams, pieces
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.dsp_weights import exact_rounding, line_of, packable, starts, weight_words
from mcuzoo.ops.kernels.product import by_pixel, is_narrow

PIXELS = 4
"""MZ_BLOCK_PIXELS: read before the first of their outputs is written."""

_BEHIND_BYTES = 8
"""Of the scratch memory of a single quad: the activations of another one are loaded, too."""

_LAYOUT = "Packed with bias and scales, a pair of channels after the other: mz_pointwise_s8_dsp.h."


@dataclass(frozen=True)
class PointwiseDspParams(KernelParams):
    """As mz_pointwise_s8_dsp.h has them. rows: pixels. depth: input channels, a multiple of 4.
    channels: output channels, at least 2. packed: a stream of words per pair of output channels.
    slice: so many channels are computed of all rows before the next ones. exact: 0: sums become
    outputs by a straight line, 1: by TFLM's roundings (mz_requantization.h). minimum, maximum: the
    fused activation as int8 values of the output.
    """

    c_type = "mz_pointwise_s8_dsp_params"
    rows: int
    depth: int
    channels: int
    packed: Constant
    slice: int
    exact: int
    minimum: int
    maximum: int

    by_rows = by_pixel

    @property
    def held_bytes(self) -> int:
        return stream_bytes(self.packed, self.channels) * pieces(self.slice, 2)

    def passes(self, constant: Constant) -> int:
        return pieces(self.rows, PIXELS)


class ProductBlocks:
    """`rows_of` is the number of rows of a work, or 0 where it is no matrix product."""

    kernel = "mz_pointwise_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        weights = work.weights.reshape(work.channels, -1)
        return not is_narrow(work) and fits_pairs(work, weights)

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        weights = work.weights.reshape(work.channels, -1)
        channels, depth = weights.shape
        rows = work.source.elements // depth
        packed, exact = pack_pairs(work, weights)
        params = PointwiseDspParams(
            rows=rows,
            depth=depth,
            channels=channels,
            packed=Constant(
                symbol(work.op, "packed"), packed, (*describe(work.weights_tensor), _LAYOUT)
            ),
            slice=channels,
            exact=int(exact),
            minimum=work.to.minimum,
            maximum=work.to.maximum,
        )
        return work.call(
            self.kernel,
            params,
            scratch_bytes=block_scratch_bytes(depth),
            overlaps=(Overlap(distance(rows, depth, channels)),),
        )


def stream_bytes(packed: Constant, channels: int) -> int:
    """Of the weights of a pair of these channels, as pack_pairs makes them."""
    return packed.bytes // pieces(channels, 2)


def block_scratch_bytes(depth: int) -> int:
    """Of a block of pixels with `depth` inputs each: mixed activations."""
    return 2 * PIXELS * depth + (_BEHIND_BYTES if depth == 4 else 0)


def fits_pairs(work: WeightedWork, rows: NDArray[np.int8]) -> bool:
    """Whether pack_pairs may take these rows of weights."""
    return (
        work.channels >= 2
        and packable(rows)
        and (exact_rounding(work, rows) is not None or line_of(work, rows) is not None)
    )


def pack_pairs(work: WeightedWork, rows: NDArray[np.int8]) -> tuple[NDArray[np.int32], bool]:
    """The stream of every pair of channels, and whether it ends in exact rounding."""
    line = line_of(work, rows)
    words = weight_words(rows)
    channels = len(rows)
    first = np.minimum(np.arange(0, channels, 2), channels - 2)
    pairs = np.stack([first, first + 1], axis=1)
    if line is not None:
        start = starts(work, rows, line.beta)
        tails = [line.multipliers[pairs], np.full((len(pairs), 1), line.offset, np.int32)]
    else:
        exact = exact_rounding(work, rows)
        assert exact is not None
        start = starts(work, rows, 0)
        table = np.stack([exact.multipliers, exact.offsets, exact.shifts], axis=1)
        tails = [table[pairs].reshape(len(pairs), -1)]
    interleaved = words[pairs].transpose(0, 2, 1).reshape(len(pairs), -1)
    streams = np.concatenate([start[pairs], interleaved, *tails], axis=1)
    return np.ascontiguousarray(streams.reshape(-1).astype(np.int32)), line is None


def distance(rows: int, depth: int, channels: int, at_once: int = PIXELS) -> int:
    """Least input offset - output offset at which the outputs of `at_once` rows, written when all
    of them have been read, spare the rows after them."""
    blocks = -(-rows // at_once)
    if blocks == 1:
        return -rows * channels
    return max(at_once * done * (channels - depth) for done in (1, blocks - 1))
