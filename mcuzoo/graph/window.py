"""Windows of filters and pooling: output sizes and padding, as TFLite computes them."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.graph.model import Op


@dataclass(frozen=True)
class Window:
    """A window that slides over an image; everything in pixels.

    `pad_top` and `pad_left` are what stands before the image; what the last window needs beyond its
    end is implied by the output size. height, width: of the window. stride_h, stride_w: from window
    to window. dilation_h, dilation_w: from tap to tap. output_height, output_width: how many
    windows there are.
    """

    height: int
    width: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int
    output_height: int
    output_width: int


def output_size(size: int, taps: int, stride: int, dilation: int, padding: str) -> int:
    """How many windows of `taps` taps fit along an axis; 0 or less when none does."""
    if padding == "SAME":
        return -(-size // stride)
    return (size - _extent(taps, dilation)) // stride + 1


def padding_before(size: int, taps: int, stride: int, dilation: int, windows: int) -> int:
    """The padding at the near end: half of the whole padding; an odd pixel goes to the far end."""
    return max((windows - 1) * stride + _extent(taps, dilation) - size, 0) // 2


def _extent(taps: int, dilation: int) -> int:
    return (taps - 1) * dilation + 1


def window_of(op: Op, image: tuple[int, int], taps: tuple[int, int]) -> Window:
    """The window of a convolution or pooling `op`; image and taps are (height, width).

    The op's strides and dilations must be positive.
    """
    options = op.options
    padding = str(options["padding"])
    strides = int(options["stride_h"]), int(options["stride_w"])
    dilations = int(options.get("dilation_h_factor", 1)), int(options.get("dilation_w_factor", 1))
    sizes = [
        output_size(size, tap, stride, dilation, padding)
        for size, tap, stride, dilation in zip(image, taps, strides, dilations, strict=True)
    ]
    pads = [
        padding_before(*axis) for axis in zip(image, taps, strides, dilations, sizes, strict=True)
    ]
    return Window(*taps, *strides, *dilations, *pads, *sizes)
