"""Which kernels can be run on some rows of an image at a time, and how they are told.

Such a kernel is given a few rows as an image of their own: less input, less output, and padding
only where the whole image has it. Nothing in the kernel knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mcuzoo.graph.model import Model
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.ops.depthwise_3x3_dsp import SCRATCH_ROW
from mcuzoo.lowering.params import (
    AveragePool2dParams,
    Conv2dDspParams,
    Conv2dParams,
    ConvStemDspParams,
    Depthwise3x3DspParams,
    DepthwiseConv2dParams,
    FullyConnectedDspParams,
    FullyConnectedParams,
    MaxPool2dParams,
    PadParams,
    PointwiseDspParams,
    RequantizeParams,
)

BandField = Literal["input_rows", "output_rows", "pad_top", "pad_bottom"]
"""Of mz_band in firmware/runtime/aot/mz_rows.h."""


@dataclass(frozen=True)
class Setting:
    """`params.field = band.source * factor`."""

    field: str
    source: BandField
    factor: int = 1


@dataclass(frozen=True)
class Rows:
    """A kernel's image as rows. An output row y reads `window` input rows from
    y * stride - pad_top on; those outside the image are the kernel's own affair.

    settings: what its parameters must say for some of the rows.
    """

    input_rows: int
    input_row_bytes: int
    output_rows: int
    output_row_bytes: int
    window: int
    stride: int
    pad_top: int
    settings: tuple[Setting, ...]

    def buffer_rows(self, band: int, arriving: int) -> int:
        """Input rows to keep for making `band` rows of output at a time, when `arriving` come at a
        time; as mz_rows.h has it."""
        return (band - 1) * self.stride + max(self.window, self.stride) + arriving - 1


_Windowed = (
    Conv2dParams | Conv2dDspParams | DepthwiseConv2dParams | AveragePool2dParams | MaxPool2dParams
)
_ByPixel = FullyConnectedParams | FullyConnectedDspParams | PointwiseDspParams

_HEIGHTS = (Setting("input.height", "input_rows"), Setting("output.height", "output_rows"))
_AS_IT_IS = (1, 1, 0)

STEM_WINDOW = 4
"""The first convolution's kernel reads a row beyond its window before it writes one: it is slower,
not wrong, where that row is not there."""


def rows_of(model: Model, call: Call) -> Rows | None:
    """How `call` takes its one activation by rows; None where it cannot."""
    shapes = [model.tensor(index).shape for index in (call.ops[0].inputs[0], call.op.outputs[0])]
    images = all(len(shape) == 4 and shape[0] == 1 for shape in shapes)
    if not images or len(call.inputs) != 1 or not isinstance(call.inputs[0], Activation):
        return None
    found = _placed(call, shapes[0][2], shapes[1][2] * shapes[1][3])
    if found is None:
        return None
    (window, stride, pad_top), settings = found
    (_, height, width, channels), (_, rows, columns, out_channels) = shapes
    return Rows(
        input_rows=height,
        input_row_bytes=width * channels,
        output_rows=rows,
        output_row_bytes=columns * out_channels,
        window=window,
        stride=stride,
        pad_top=pad_top,
        settings=settings,
    )


def for_band(call: Call, band: int) -> Call:
    """`call` as it is best run on that many rows of output at a time: with no more memory than they
    need."""
    params = call.params
    if not isinstance(params, Depthwise3x3DspParams):
        return call
    strip = min(params.strip, band)
    return replace(
        call,
        params=replace(params, strip=strip),
        scratch_bytes=SCRATCH_ROW * ((strip - 1) * params.stride + 3),
    )


def _placed(
    call: Call, width: int, row_elements: int
) -> tuple[tuple[int, int, int], tuple[Setting, ...]] | None:
    """(window, stride, padding on top) in rows, and the settings."""
    params = call.params
    if isinstance(params, ConvStemDspParams):
        return (STEM_WINDOW, 2, params.pad_top), (*_HEIGHTS, Setting("pad_top", "pad_top"))
    if isinstance(params, Depthwise3x3DspParams):
        place = (3, params.stride, params.pad_top)
        return place, (*_HEIGHTS, Setting("pad_top", "pad_top"))
    if isinstance(params, _Windowed):
        view = params.window
        reach = (view.height - 1) * view.dilation_h + 1
        return (
            (reach, view.stride_h, view.pad_top),
            (*_HEIGHTS, Setting("window.pad_top", "pad_top")),
        )
    if isinstance(params, _ByPixel) and call.op.name == "CONV_2D":
        return _AS_IT_IS, (Setting("rows", "input_rows", width),)
    if isinstance(params, RequantizeParams):
        return _AS_IT_IS, (Setting("elements", "input_rows", row_elements),)
    if isinstance(params, PadParams):
        settings = (
            Setting("sizes[1]", "input_rows"),
            Setting("before[1]", "pad_top"),
            Setting("after[1]", "pad_bottom"),
        )
        return (1, 1, params.before[1]), settings
    return None
