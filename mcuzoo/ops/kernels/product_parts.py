"""Matrix products on mz_fully_connected_parts_s8_dsp: sums, weights and scales of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import describe, symbol
from mcuzoo.lowering.params import KernelParams, RequantizationStruct, pieces
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.dsp_weights import mixing_correction, unpackable, weight_words
from mcuzoo.ops.kernels.product import FEW_CHANNELS, by_pixel
from mcuzoo.ops.kernels.product_rows import CHANNELS
from mcuzoo.ops.kernels.window_blocks import rows_of

_BLOCK_CHANNELS = 32
"""MZ_BLOCK_CHANNELS in firmware/kernels/mz_requantize_block.h."""

PARTS = (512, 256, 128)
"""Inputs at a time: their sum is below 2^23, as no two neighbours both reach 2^14. Fewer where
memory is short."""

_LEAST_DEPTH = 32
"""Of fewer inputs the portable kernel is as fast."""

_LAYOUT = "Exceptions, then packed by blocks of 32 channels and parts: see the kernel's header."


@dataclass(frozen=True)
class FullyConnectedPartsDspParams(KernelParams):
    """As mz_fully_connected_parts_s8_dsp.h has them. rows: products with the same weights. depth:
    input values of a row. channels: output values of a row. part: inputs at a time. packed: words
    for exceptions, then for each block of channels, each part and every four channels. exceptions:
    weights that are one more in `packed`. bias: int32 [channels], less input zero point times the
    sum of the weights. to: from sums to int8.
    """

    c_type = "mz_fully_connected_parts_s8_dsp_params"
    rows: int
    depth: int
    channels: int
    part: int
    packed: Constant
    exceptions: int
    bias: Constant
    to: RequantizationStruct

    by_rows = by_pixel

    def passes(self, constant: Constant) -> int:
        return self.rows


@dataclass(frozen=True)
class ProductParts:
    """Weights (channels, ..., depth), whatever they, the bias and the scales are: where these have
    no room in the kernels that take rows as a whole. several: more rows than one, too. most: inputs
    at a time, of PARTS."""

    several: bool = False
    most: int = PARTS[0]
    kernel = "mz_fully_connected_parts_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        depth = work.weights.size // work.channels
        return (
            (self.several or work.source.elements == depth)
            and depth >= _LEAST_DEPTH
            and work.channels > FEW_CHANNELS
        )

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        depth = work.weights.size // work.channels
        part = align_up(pieces(depth, pieces(depth, self.most)), 8)
        weights = rows_of(work)
        exceptions = unpackable(weights)
        weights[tuple(exceptions.T)] = -127
        words = [exceptions.astype(np.int32).reshape(-1), *_streams(weights, part)]
        meaning = (*describe(work.weights_tensor), _LAYOUT)
        params = FullyConnectedPartsDspParams(
            rows=work.source.elements // depth,
            depth=depth,
            channels=work.channels,
            part=part,
            packed=Constant(symbol(work.op, "packed"), np.concatenate(words), meaning),
            exceptions=len(exceptions),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return work.call(self.kernel, params, scratch_bytes=2 * min(part, align_up(depth, 8)))


def _streams(weights: NDArray[np.int8], part: int) -> list[NDArray[np.int32]]:
    """int32 words, in the order in which the kernel reads them."""
    channels, depth = weights.shape
    padded = np.zeros((align_up(channels, CHANNELS), align_up(depth, 8)), np.int8)
    padded[:channels, :depth] = weights
    found = []
    for first in range(0, channels, _BLOCK_CHANNELS):
        block = padded[first : first + _BLOCK_CHANNELS]
        for begin in range(0, depth, part):
            rows = block[:, begin : begin + part]
            start = -mixing_correction(rows).astype(np.int32)[:, None]
            words = np.concatenate([start, weight_words(rows)], axis=1)
            found.append(words.reshape(-1, CHANNELS, words.shape[1]).swapaxes(1, 2).reshape(-1))
    return found
