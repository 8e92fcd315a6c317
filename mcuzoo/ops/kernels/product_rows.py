"""Matrix products of one row or two on mz_fully_connected_s8_dsp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Call, Overlap
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import describe, symbol
from mcuzoo.lowering.params import KernelParams
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.dsp_weights import exact_rounding, packable, starts, weight_words
from mcuzoo.ops.kernels.product import MOST_ROWS, by_pixel, is_narrow
from mcuzoo.ops.kernels.product_blocks import distance
from mcuzoo.ops.kernels.window_blocks import rows_of

CHANNELS = 4
"""MZ_ROW_CHANNELS in firmware/kernels/mz_packed_row.h."""


_LAYOUT = "Packed with bias and scales, four channels after the other: see the kernel's header."


@dataclass(frozen=True)
class FullyConnectedDspParams(KernelParams):
    """As mz_fully_connected_s8_dsp.h has them. rows: images, or pixels of one. depth: input values
    of a row. channels: output values of a row. packed: a stream of words per four
    channels. alike: 1 if all channels have this multiplier, offset and shift. minimum, maximum: the
    fused activation as int8 values of the output.
    """

    c_type = "mz_fully_connected_s8_dsp_params"
    rows: int
    depth: int
    channels: int
    packed: Constant
    alike: int
    multiplier: int
    offset: int
    shift: int
    minimum: int
    maximum: int

    by_rows = by_pixel

    def passes(self, constant: Constant) -> int:
        return self.rows


class ProductRows:
    """Weights (channels, ..., depth); every `depth` values of the input are a row."""

    kernel = "mz_fully_connected_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        weights = rows_of(work)
        return (
            work.source.elements // _depth(work) <= MOST_ROWS
            and not is_narrow(work)
            and packable(weights)
            and exact_rounding(work, weights) is not None
        )

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        weights = rows_of(work)
        channels, depth = work.channels, _depth(work)
        rows = work.source.elements // depth
        meaning = (*describe(work.weights_tensor), _LAYOUT)
        packed, alike = pack_fours(work, weights)
        multiplier, offset, shift = alike or (0, 0, 0)
        params = FullyConnectedDspParams(
            rows=rows,
            depth=depth,
            channels=channels,
            packed=Constant(symbol(work.op, "packed"), packed, meaning),
            alike=int(alike is not None),
            multiplier=multiplier,
            offset=offset,
            shift=shift,
            minimum=work.to.minimum,
            maximum=work.to.maximum,
        )
        return work.call(
            self.kernel,
            params,
            scratch_bytes=2 * align_up(depth, 8),
            overlaps=(Overlap(distance(rows, depth, channels, at_once=1)),),
        )


def _depth(work: WeightedWork) -> int:
    return work.weights.size // work.channels


def pack_fours(
    work: WeightedWork, rows: NDArray[np.int8]
) -> tuple[NDArray[np.int32], tuple[int, int, int] | None]:
    """The stream of every four channels; multiplier, offset and shift where all share them.

    They are in the stream otherwise: 9 bytes per channel.
    """
    exact = exact_rounding(work, rows)
    assert exact is not None
    channels, depth = rows.shape
    fours, quads = -(-channels // CHANNELS), align_up(depth, 8) // 4

    def by_fours(values: NDArray[np.int32]) -> NDArray[np.int32]:
        """(channels, n) as (fours, n * CHANNELS), a channel changing fastest."""
        padded = np.zeros((fours * CHANNELS, values.shape[1]), np.int32)
        padded[:channels] = values
        return np.swapaxes(padded.reshape(fours, CHANNELS, -1), 1, 2).reshape(fours, -1)

    words = np.zeros((channels, quads), np.int32)
    words[:, : depth // 4] = weight_words(rows)
    start = by_fours(starts(work, rows, 0)[:, None])
    table = np.stack([exact.multipliers, exact.offsets, exact.shifts], axis=1)
    if np.all(table == table[0]):
        multiplier, offset, shift = table[0].tolist()
        return np.ravel(np.concatenate([start, by_fours(words)], axis=1)), (
            multiplier,
            offset,
            shift,
        )
    numbers = np.stack([exact.multipliers, exact.offsets], axis=1)
    shifts = by_fours(exact.shifts[:, None]) << np.arange(0, 32, 8)
    streams = np.concatenate(
        [
            start,
            by_fours(words),
            by_fours(numbers),
            shifts.sum(axis=1, dtype=np.int32, keepdims=True),
        ],
        axis=1,
    )
    return np.ravel(streams), None
