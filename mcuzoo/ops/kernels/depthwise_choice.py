"""Which kernel takes the fewest cycles for a depthwise convolution, where several can do it.

Sums of few terms, fitted to modelled cycles of drawn shapes, as `benchmarks/timing.py` does it for
estimates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from mcuzoo.lowering.call import Call
from mcuzoo.lowering.params import pieces
from mcuzoo.lowering.variant import Variant
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.depthwise_3x3_dsp import Depthwise3x3Dsp, strip_rows
from mcuzoo.ops.kernels.depthwise_dsp import GROUP, DepthwiseConv2dDspParams, DepthwiseDsp
from mcuzoo.ops.kernels.depthwise_pixel_dsp import LANES, DepthwisePixel, whole_windows
from mcuzoo.ops.kernels.depthwise_row_dsp import DepthwiseRow, DepthwiseRowDspParams
from mcuzoo.ops.kernels.plane_groups import plane_groups

_CLEARLY = 0.75
"""What another kernel must take of the cycles of that for 3x3, which most networks need anyway."""

_MUCH = 0.88
"""The same of that for any window: where it takes as many cycles, it takes fewer instructions."""

_NEARLY = 0.95
"""What a row counts of its cycles: it takes fewer instructions than pixels of as many."""


@dataclass(frozen=True)
class Quickest:
    """The variant where no other takes fewer cycles."""

    variant: Variant[Any]

    @property
    def kernel(self) -> str:
        return self.variant.kernel

    def accepts(self, work: WeightedWork) -> bool:
        return self.variant.accepts(work) and _quickest(work) == self.kernel

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        return self.variant.lower(work)


def _quickest(work: WeightedWork) -> str:
    kinds: tuple[tuple[Variant[Any], Callable[[WeightedWork], float]], ...] = (
        (DepthwiseRow(), _of_row),
        (DepthwisePixel(), _of_pixels),
        (Depthwise3x3Dsp(), _of_3x3),
        (DepthwiseDsp(), _of_planes),
    )
    cycles = {kind.kernel: of(work) for kind, of in kinds if kind.accepts(work)}
    return min(cycles, key=cycles.__getitem__)


def _of_pixels(work: WeightedWork) -> float:
    (_, height, width, channels), taps = work.target.shape, prod(work.weights.shape[1:3])
    pixels = height * width
    over_edges = pixels - prod(whole_windows(work))
    four = 36 + 12.3 * (taps // 2) + 7 * (taps % 2)
    return 240 + pixels * (59 + channels / LANES * four) + 9 * over_edges * taps


def _of_row(work: WeightedWork) -> float:
    (call,) = DepthwiseRow().lower(work)
    params = call.params
    assert isinstance(params, DepthwiseRowDspParams)
    taps, width = params.taps, params.output_width
    group = 23.5 if taps <= 3 else 29 if taps <= 5 else 23.5 + 9 * (taps // 4 + 1)
    begin = pieces(width, params.tile) * (132 + 2.7 * taps)
    return _NEARLY * params.channels * (begin + 1.1 * (width + taps) + pieces(width, GROUP) * group)


def _of_planes(work: WeightedWork) -> float:
    (call,) = DepthwiseDsp().lower(work)
    params = call.params
    assert isinstance(params, DepthwiseConv2dDspParams)
    window, output = params.window, params.output
    words = window.width // 2 + 1 if window.stride_w == 1 else pieces(window.width, 2)
    strips, columns = pieces(output.height, params.strip), min(output.width, params.tile)
    begins = strips * pieces(output.width, params.tile)
    begin = 213 + 9.7 * window.height * words + 84 * (columns > GROUP and columns % GROUP > 0)
    group = 26 + 4.6 * window.height * words
    if window.stride_w > 2 or words not in (2, 3, 4):
        group = 61 + 4.8 * window.height * words
    elif (window.height, words) == (3, 2):
        group = 46
    moved = 19 * output.height * (columns < GROUP - 1)
    rows = (output.height - strips) * window.stride_h + strips * window.height
    widened = 2.5 * rows * params.input.width
    groups = output.height * pieces(output.width, GROUP)
    return _MUCH * output.channels * (begins * begin + widened + moved + groups * group)


def _of_3x3(work: WeightedWork) -> float:
    (_, height, width, channels), stride = work.target.shape, work.view.stride_h
    strip = strip_rows(work, work.view)
    strips = [
        plane_groups(stride, width, min(strip, height - first)) for first in range(0, height, strip)
    ]
    group = 44.5 if stride == 1 else 58
    each = sum(group * groups + 70 * passes for groups, passes in strips)
    return _CLEARLY * (770 * len(strips) + channels * each)
