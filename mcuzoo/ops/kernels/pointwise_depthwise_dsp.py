"""Two calls as one: a pointwise convolution and a depthwise one that takes rows as they come."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcuzoo.lowering.call import Call, Overlap
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import KernelParams, not_by_rows
from mcuzoo.lowering.rows import RowChain
from mcuzoo.ops.kernels.depthwise_3x3_dsp import SCRATCH_ROW, Depthwise3x3DspParams
from mcuzoo.ops.kernels.product_blocks import PIXELS, PointwiseDspParams


@dataclass(frozen=True)
class PointwiseDepthwiseDspParams(KernelParams):
    """As mz_pointwise_depthwise_s8_dsp.h has them. pointwise: for one row of the image. depthwise:
    reads what that writes. panel: channels whose planes share rows, an even number or 1.
    """

    c_type = "mz_pointwise_depthwise_s8_dsp_params"
    pointwise: PointwiseDspParams
    depthwise: Depthwise3x3DspParams
    panel: int

    by_rows = not_by_rows

    @property
    def held_bytes(self) -> int:
        slice_, channels = self.pointwise.slice, self.pointwise.channels
        return self.pointwise.held_bytes + self.depthwise.held_bytes * slice_ // channels

    def passes(self, constant: Constant) -> int:
        if constant is not self.pointwise.packed:
            return self.depthwise.passes(constant)
        # The pointwise kernel is called for one row after the other, as far as rows are read.
        depthwise = self.depthwise
        read = (depthwise.output.height - 1) * depthwise.stride - depthwise.pad_top + 3
        return min(read, depthwise.input.height) * self.pointwise.passes(constant)


_KERNEL = "mz_pointwise_depthwise_s8_dsp"


GAP = 2
"""MZ_PLANES_GAP: columns between the planes of neighbouring channels."""


ROW_COLUMNS = SCRATCH_ROW // 2
"""MZ_PLANE_ROW: columns of planes that have a row in common."""


_BEHIND_BYTES = 16
_STRIPS = (1, 2, 4, 8, 16, 32)
_MOST_BYTES = 65_536


def fuse(first: Call, second: Call) -> tuple[Call, ...]:
    """Single calls that do the work of both, from the fastest to the one that needs least memory.

    Empty if no kernel does both. The caller ensures that no other call reads what is between them.
    """
    pointwise, depthwise = first.params, second.params
    # A chain may begin or end in such a kernel, too; it is no call of it.
    if isinstance(first, RowChain) or isinstance(second, RowChain):
        return ()
    if not isinstance(pointwise, PointwiseDspParams):
        return ()
    if not isinstance(depthwise, Depthwise3x3DspParams) or second.inputs != first.outputs:
        return ()
    if not _fits_planes(pointwise, depthwise):
        return ()
    height = depthwise.output.height
    strips = sorted({*(strip for strip in _STRIPS if strip < height), height}, reverse=True)
    calls = [_fused(first, second, pointwise, depthwise, strip) for strip in strips]
    return tuple(call for call in calls if call.scratch_bytes <= _MOST_BYTES or call is calls[-1])


def _fits_planes(pointwise: PointwiseDspParams, depthwise: Depthwise3x3DspParams) -> bool:
    width = depthwise.input.width
    return (
        width % PIXELS == 0
        and width + GAP <= ROW_COLUMNS
        and pointwise.channels % 2 == 0
        and not pointwise.exact
        and (pointwise.minimum, pointwise.maximum) == (-128, 127)
        and depthwise.pad_left == (1 if depthwise.stride == 1 else 0)
    )


def _fused(
    first: Call,
    second: Call,
    pointwise: PointwiseDspParams,
    depthwise: Depthwise3x3DspParams,
    strip: int,
) -> Call:
    together = ROW_COLUMNS // (depthwise.input.width + GAP)
    panel = together // 2 * 2 if together > 1 else 1
    panels = -(-pointwise.channels // panel)
    params = PointwiseDepthwiseDspParams(
        pointwise=replace(pointwise, rows=depthwise.input.width),
        depthwise=replace(depthwise, strip=strip, tile=depthwise.output.width),
        panel=panel,
    )
    rows = panels * ((strip - 1) * depthwise.stride + 3)
    if strip == 1 and depthwise.output.width <= 2:
        rows += depthwise.stride  # that the last panel's second row would need
    return Call(
        op=second.op,
        kernel=_KERNEL,
        params=params,
        inputs=first.inputs,
        outputs=second.outputs,
        scratch_bytes=rows * SCRATCH_ROW + _BEHIND_BYTES + first.scratch_bytes,
        overlaps=(Overlap(_distance(params)),),
        before=(*first.ops, *second.before),
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
