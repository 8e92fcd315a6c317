"""Images of one column, such as samples over time, are taken as images of one row: the bytes are
the same, and kernels compute a row's pixels together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mcuzoo.graph.model import Tensor
from mcuzoo.lowering.direct import DirectWork
from mcuzoo.lowering.params import ExtentStruct, WindowStruct
from mcuzoo.lowering.variant import Work
from mcuzoo.ops.common.pooling import PoolParams
from mcuzoo.ops.common.weighted import WeightedWork

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def columns_as_rows(works: Sequence[Work]) -> list[Work]:
    """The works, those of windows over one column as if it was a row."""
    return [_laid(work) for work in works]


def _laid(work: Work) -> Work:
    if isinstance(work, WeightedWork) and work.op.name in _CONVOLUTIONS:
        source, target = (tensor.shape[1:3] for tensor in (work.source, work.target))
        if not _is_column(work.view, source, target):
            return work
        return replace(
            work,
            source=_row(work.source),
            target=_row(work.target),
            weights=np.ascontiguousarray(work.weights.swapaxes(1, 2)),
            padded_view=_along(work.view),
        )
    if isinstance(work, DirectWork) and isinstance(work.params, PoolParams):
        params = work.params
        shapes = ((one.height, one.width) for one in (params.input, params.output))
        if not _is_column(params.window, *shapes):
            return work
        image, output = (
            ExtentStruct(1, one.height, one.channels) for one in (params.input, params.output)
        )
        laid = replace(params, input=image, output=output, window=_along(params.window))
        return replace(work, params=laid)
    return work


def _is_column(view: WindowStruct, source: Sequence[int], target: Sequence[int]) -> bool:
    """Whether windows lie below each other in one column, (height, width) of both images, and more
    than a pixel is seen by each, or not every one is seen."""
    return (
        (source[1], target[1], view.width) == (1, 1, 1)
        and source[0] > 1
        and (view.height, view.stride_h) != (1, 1)
    )


def _row(tensor: Tensor) -> Tensor:
    _, height, _, channels = tensor.shape
    return replace(tensor, shape=(1, 1, height, channels))


def _along(view: WindowStruct) -> WindowStruct:
    return WindowStruct(
        height=1,
        width=view.height,
        stride_h=1,
        stride_w=view.stride_h,
        dilation_h=1,
        dilation_w=view.dilation_h,
        pad_top=0,
        pad_left=view.pad_top,
    )
