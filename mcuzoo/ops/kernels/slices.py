"""Convolutions slice by slice: some output channels of all pixels, then the next ones.

The weights of a slice stay in the data cache, so that they are fetched once and not for every block
of pixels. Each slice reads and mixes the inputs anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcuzoo.lowering.call import Call
from mcuzoo.lowering.params import KernelParams, pieces
from mcuzoo.lowering.rows import RowChain
from mcuzoo.ops.kernels.pointwise_depthwise_dsp import PointwiseDepthwiseDspParams
from mcuzoo.ops.kernels.product_blocks import PointwiseDspParams
from mcuzoo.ops.kernels.window_blocks import Conv2dDspParams

_PAIR = 2
_BLOCK_CYCLES = 100
_MIX_CYCLES = 24
_GATHER_CYCLES = 40
"""Core cycles of a block of pixels that is mixed, and of every four of its inputs; more if a window
is gathered. Above what the cycle model counts."""


@dataclass(frozen=True)
class _Slices:
    """How a call goes through its channels. slice: channels at a time, a multiple of `grain`.
    blocks: of pixels, that every slice mixes. quads: inputs of a pixel by fours."""

    channels: int
    slice: int
    grain: int
    blocks: int
    quads: int
    quad_cycles: int = _MIX_CYCLES


def sliced(call: Call, most_bytes: int) -> Call | None:
    """`call` in slices of about equal size, of at most `most_bytes` of constants or the fewest
    channels that can be.

    None if it needs none or its kernel has none. Its output shares no memory with its input.
    """
    params, slices = call.params, _slices(call)
    if slices is None or params.held_bytes <= most_bytes:
        return None
    size = _size(slices, params.held_bytes, most_bytes)
    if size >= slices.channels or slices.channels % size == 1:
        return None
    return replace(call, params=_in_slices(params, size), overlaps=())


def as_a_whole(call: Call) -> Call:
    """`call` with a single slice, for an estimate: its overlaps are not what they were."""
    slices = _slices(call)
    if slices is None or slices.slice >= slices.channels:
        return call
    return replace(call, params=_in_slices(call.params, slices.channels))


def extra_passes(call: Call) -> int:
    """How often more than once the call reads its input."""
    slices = _slices(call)
    return 0 if slices is None else pieces(slices.channels, slices.slice) - 1


def extra_cycles(call: Call) -> int:
    """Core cycles that the call takes for its slices, beside waits; an estimate."""
    slices = _slices(call)
    if slices is None:
        return 0
    block = _BLOCK_CYCLES + slices.quads * slices.quad_cycles
    return extra_passes(call) * slices.blocks * block


def _slices(call: Call) -> _Slices | None:
    params = call.params
    if isinstance(call, RowChain):
        return None
    if isinstance(params, PointwiseDspParams):
        blocks = params.passes(params.packed)
        return _Slices(params.channels, params.slice, _PAIR, blocks, params.depth // 4)
    if isinstance(params, Conv2dDspParams):
        blocks, quads = params.passes(params.packed), params.depth // 4
        channels = params.output.channels
        return _Slices(channels, params.slice, _PAIR, blocks, quads, _GATHER_CYCLES)
    if isinstance(params, PointwiseDepthwiseDspParams):
        pointwise = params.pointwise
        blocks, quads = params.passes(pointwise.packed), pointwise.depth // 4
        grain = max(_PAIR, params.panel)
        return _Slices(pointwise.channels, pointwise.slice, grain, blocks, quads)
    return None


def _size(slices: _Slices, bytes_: int, most_bytes: int) -> int:
    """Channels of a slice: a multiple of the grain that leaves no single channel."""
    grain, channels = slices.grain, slices.channels
    most = max(1, most_bytes * channels // bytes_ // grain)
    count = pieces(channels, most * grain)
    size = pieces(pieces(channels, count), grain) * grain
    if channels % size == 1 and size > grain:
        size -= grain
    return size


def _in_slices(params: KernelParams, size: int) -> KernelParams:
    if isinstance(params, PointwiseDepthwiseDspParams):
        return replace(params, pointwise=replace(params.pointwise, slice=size))
    assert isinstance(params, PointwiseDspParams | Conv2dDspParams)
    return replace(params, slice=size)
