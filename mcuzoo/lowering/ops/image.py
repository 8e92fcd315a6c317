"""Images and windows as the kernels' structs."""

from __future__ import annotations

from mcuzoo.graph.model import Op, Tensor
from mcuzoo.graph.window import window_of
from mcuzoo.lowering.params import ExtentStruct, WindowStruct


def extent(tensor: Tensor) -> ExtentStruct:
    """Of a tensor (1, height, width, channels)."""
    _, height, width, channels = tensor.shape
    return ExtentStruct(height, width, channels)


def window(op: Op, source: Tensor, taps: tuple[int, int]) -> WindowStruct:
    """Of a convolution or pooling `op` on the image `source`; taps are (height, width)."""
    placed = window_of(op, (source.shape[1], source.shape[2]), taps)
    return WindowStruct(
        height=placed.height,
        width=placed.width,
        stride_h=placed.stride_h,
        stride_w=placed.stride_w,
        dilation_h=placed.dilation_h,
        dilation_w=placed.dilation_w,
        pad_top=placed.pad_top,
        pad_left=placed.pad_left,
    )
