"""Biases and scales of an NPU operation: ten bytes for each output channel.

Five bytes are the bias, signed; four the multiplier, unsigned; of the last, six bits are the shift
(the result is sum times multiplier over two to the power of shift). Source: `encode_bias` of
`weight_compressor.py` in ethos-u-vela (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError
from mcuzoo.npu.mlw import HINT

ENTRY_BYTES = 10

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scales:
    """Of all output channels, in their order; int64, one number per channel."""

    bias: Ints
    """added to the sum of products; 40 bits, signed"""
    multiplier: Ints
    """32 bits, unsigned"""
    shift: Ints
    """to the right, 0 to 63"""
    unused: Ints
    """the two bits that the hardware does not read, and Vela writes as 0"""


def decode_scales(streams: Sequence[bytes], channels: int) -> Scales:
    """Decode the entries of `channels` channels; a stream per core, which has every n-th channel.

    Vela fills a stream up to a multiple of 16 bytes; what is behind the entries has to be zero.
    Raises `ModelError` if a stream is too short, or has more than that behind its entries.
    """
    table = np.zeros((channels, ENTRY_BYTES), np.int64)
    for core, stream in enumerate(streams):
        count = len(range(core, channels, len(streams)))
        needed = count * ENTRY_BYTES
        if len(stream) < needed or len(stream) - needed >= 16:
            raise ModelError(
                f"{len(stream)} bytes of biases and scales, and {count} channels take {needed}.",
                HINT,
            )
        if any(stream[needed:]):
            raise ModelError(
                "There is something behind the biases and scales of the channels.", HINT
            )
        entries = np.frombuffer(stream[:needed], np.uint8).reshape(count, ENTRY_BYTES)
        table[core :: len(streams)] = entries
    bias = _number(table[:, :5])
    return Scales(
        bias=np.where(bias >> 39, bias - (1 << 40), bias),
        multiplier=_number(table[:, 5:9]),
        shift=table[:, 9] & 63,
        unused=table[:, 9] >> 6,
    )


def _number(little_endian: Ints) -> Ints:
    places = 8 * np.arange(little_endian.shape[1])
    return np.asarray((little_endian << places).sum(axis=1), np.int64)
