"""Two calls as one: a pointwise convolution whose rows a depthwise one takes as they are made."""

from __future__ import annotations

from dataclasses import replace

from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Call, Overlap
from mcuzoo.lowering.params import (
    Depthwise3x3DspParams,
    PointwiseDepthwiseDspParams,
    PointwiseDspParams,
)

_KERNEL = "mz_pointwise_depthwise_s8_dsp"


def fuse(first: Call, second: Call) -> Call | None:
    """One call for both, or None where no kernel does both.

    The caller answers for it that nobody else reads what lies between them.
    """
    pointwise, depthwise = first.params, second.params
    if not isinstance(pointwise, PointwiseDspParams):
        return None
    if not isinstance(depthwise, Depthwise3x3DspParams) or second.inputs != (first.output,):
        return None
    ring_rows = min((depthwise.strip - 1) * depthwise.stride + 3, depthwise.input.height)
    ring_bytes = ring_rows * depthwise.input.width * depthwise.input.channels
    params = PointwiseDepthwiseDspParams(
        pointwise=replace(pointwise, rows=depthwise.input.width),
        depthwise=depthwise,
        ring_rows=ring_rows,
    )
    return Call(
        op=second.op,
        kernel=_KERNEL,
        params=params,
        inputs=first.inputs,
        output=second.output,
        scratch_bytes=align_up(ring_bytes) + max(first.scratch_bytes, second.scratch_bytes),
        overlaps=(Overlap(_distance(params)),),
        before=first.ops,
    )


def _distance(params: PointwiseDepthwiseDspParams) -> int:
    """Least input offset - output offset at which no strip writes over rows still to be read."""
    depthwise = params.depthwise
    input_row = params.pointwise.rows * params.pointwise.depth
    output_row = depthwise.output.width * depthwise.output.channels
    rows, height = depthwise.output.height, depthwise.input.height
    needed = []
    for first in range(0, rows, depthwise.strip):
        end = min(first + depthwise.strip, rows)
        read = (end - 1) * depthwise.stride - depthwise.pad_top + 3
        if read < height:
            needed.append(end * output_row - read * input_row)
    return max(needed, default=-rows * output_row)
