"""Weights of an NPU operation as an array: the order in which the hardware walks through a kernel.

The hardware takes weights block of output channels by block, and in it micro-blocks of 8 (4 on the
U55-32) output and 8 input channels; what is missing to whole micro-blocks is filled up with zeros.
Facts from `mlw_encode.c` and `weight_compressor.py` of ethos-u-vela (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError
from mcuzoo.npu.mlw import HINT, decode

__all__ = ["Bricks", "decode", "decode_weights"]

_INPUT_MICRO_BLOCK = 8
_SUB_KERNEL = 8
"""The hardware takes larger kernels in parts of 8 by 8 taps, dilation included."""


@dataclass(frozen=True)
class Bricks:
    """How the weights of one operation lie in its streams."""

    shape: tuple[int, int, int, int]
    """output channels, height, width, input channels (1 if depthwise)"""
    block_depth: int
    """output channels of a block, over all cores (NPU_SET_OFM_BLK_DEPTH_M1 + 1)"""
    depthwise: bool = False
    """an input channel for each output channel"""
    part_kernel_first: bool = False
    """taps of 16 input channels first, not 32 input channels of a tap"""
    input_bits: int = 8
    """of an activation, 8 or 16"""
    dilation: tuple[int, int] = (1, 1)
    """of rows and columns, 1 or 2"""
    output_micro_block: int = 8
    """output channels of a micro-block; 4 on the U55-32"""

    def of_core(self, core: int, cores: int) -> Bricks:
        """Core `core` has every `cores`th output channel."""
        depth = len(range(core, self.shape[0], cores))
        block = (self.block_depth + cores - 1 - core) // cores
        return Bricks(
            shape=(depth, *self.shape[1:]),
            block_depth=block,
            depthwise=self.depthwise,
            part_kernel_first=self.part_kernel_first,
            input_bits=self.input_bits,
            dilation=self.dilation,
            output_micro_block=self.output_micro_block,
        )

    @property
    def places(self) -> int:
        """Weights of the stream of one core, padding included."""
        depth, height, width, channels = self.shape
        if self.depthwise:
            inputs = 1
        elif self.part_kernel_first:
            inputs = _up(channels, _INPUT_MICRO_BLOCK)
        else:
            inputs = _up(channels, self.input_block)
        blocks, left = divmod(depth, self.block_depth)
        outputs = blocks * _up(self.block_depth, self.output_micro_block)
        outputs += _up(left, self.output_micro_block)
        taps = sum(
            self.taps(rows * columns)
            for rows in _parts(height, self.sub_height)
            for columns in _parts(width, self.sub_width)
        )
        return outputs * inputs * taps

    @property
    def input_block(self) -> int:
        return 16 if self.part_kernel_first or self.input_bits == 16 else 32

    @property
    def sub_height(self) -> int:
        return _SUB_KERNEL // self.dilation[0]

    @property
    def sub_width(self) -> int:
        return _SUB_KERNEL // self.dilation[1]

    def taps(self, taps: int) -> int:
        """Taps of a part of the kernel, filled up."""
        if self.depthwise:
            return _up(taps, 4)
        if self.part_kernel_first:
            return _up(taps, 2 if self.input_bits == 16 else 4)
        return taps


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _parts(length: int, most: int) -> Iterator[int]:
    for start in range(0, length, most):
        yield min(most, length - start)


def decode_weights(streams: Sequence[bytes], bricks: Bricks) -> NDArray[np.int16]:
    """Weights (output channels, height, width, input channels) of the streams, one per core.

    int16, as the hardware multiplies them: a uint8 model's zero point is already subtracted.
    Raises `ModelError` if a stream is damaged, too short or too long, or if padding is not zero.
    """
    result = np.zeros(bricks.shape, np.int16)
    for core, stream in enumerate(streams):
        own = bricks.of_core(core, len(streams))
        if not own.shape[0]:
            if stream:
                raise ModelError(f"Weights of core {core}, which has no output channel.", HINT)
            continue
        if own.block_depth < 1:
            raise ModelError(f"Core {core} has no output channels in a block.", HINT)
        flat = decode(stream, own.places)
        if len(flat) != own.places:
            raise ModelError(
                f"A weight stream has {len(flat)} weights and the operation takes {own.places}.",
                HINT,
            )
        result[core :: len(streams)] = _in_order(flat, own)
    return result


def _in_order(flat: NDArray[np.int16], bricks: Bricks) -> NDArray[np.int16]:
    """Take the weights of one core out of the order of the hardware."""
    depth, height, width, channels = bricks.shape
    result = np.zeros(bricks.shape, np.int16)
    block, micro = bricks.input_block, bricks.output_micro_block
    at = written = 0
    for output in range(0, depth, bricks.block_depth):
        outputs = min(depth - output, bricks.block_depth)
        groups = -(-outputs // micro)
        # A block that is no whole micro-blocks reaches into the next, which has these weights, too.
        reach = min(groups * micro, depth - output)
        twice = max(written - output, 0)
        written = output + reach
        for start in range(0, 1 if bricks.depthwise else channels, block):
            outer, inner = 1, block // _INPUT_MICRO_BLOCK
            if bricks.part_kernel_first:
                outer = -(-min(block, channels - start) // _INPUT_MICRO_BLOCK)
                inner = 1
            unit = _INPUT_MICRO_BLOCK
            if bricks.depthwise:
                outer, inner, unit = 1, 1, 1
            for y in range(0, height, bricks.sub_height):
                rows = min(height - y, bricks.sub_height)
                for x in range(0, width, bricks.sub_width):
                    columns = min(width - x, bricks.sub_width)
                    taps = bricks.taps(rows * columns)
                    size = outer * groups * taps * inner * micro * unit
                    part = flat[at : at + size].reshape(outer, groups, taps, inner, micro, unit)
                    at += size
                    inputs = outer * inner * unit
                    whole = part.transpose(1, 4, 2, 0, 3, 5).reshape(groups * micro, taps, inputs)
                    kept = whole[:reach, : rows * columns, : channels - start]
                    if np.count_nonzero(kept) != np.count_nonzero(whole):
                        raise ModelError("Padding between weights is not zero.", HINT)
                    target = result[output : output + reach, y : y + rows, x : x + columns]
                    target = target[..., start : start + inputs]
                    kept = kept.reshape(target.shape)
                    if not np.array_equal(target[:twice], kept[:twice]):
                        raise ModelError("Two blocks have other weights for one channel.", HINT)
                    target[:] = kept
    return result
