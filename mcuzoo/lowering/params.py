"""The kernels' parameter structs, field by field as the headers in firmware/kernels declare them.

From these the generator writes C initializers, and the tests build the same structs in memory.
Integers are int32_t, constants pointers to their elements, tuples arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import ClassVar, Union

from mcuzoo.lowering.constant import Constant

Value = Union[int, Constant, tuple["Value", ...], "CStruct"]


class CStruct:
    """A C struct by value; subclasses are dataclasses whose fields mirror its own."""

    c_type: ClassVar[str]

    def items(self) -> Iterator[tuple[str, Value]]:
        for field in fields(self):  # type: ignore[arg-type]
            yield field.name, getattr(self, field.name)

    def constants(self) -> Iterator[Constant]:
        for _, value in self.items():
            yield from _constants_in(value)


def _constants_in(value: Value) -> Iterator[Constant]:
    if isinstance(value, Constant):
        yield value
    elif isinstance(value, CStruct):
        yield from value.constants()
    elif isinstance(value, tuple):
        for item in value:
            yield from _constants_in(item)


@dataclass(frozen=True)
class ExtentStruct(CStruct):
    c_type = "mz_extent"
    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class WindowStruct(CStruct):
    c_type = "mz_window"
    height: int
    width: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int


@dataclass(frozen=True)
class RequantizationStruct(CStruct):
    c_type = "mz_requantization"
    multipliers: Constant
    shifts: Constant
    right_only: int
    zero_point: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Conv2dParams(CStruct):
    c_type = "mz_conv_2d_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    input_zero_point: int
    weights: Constant
    bias: Constant
    to: RequantizationStruct


@dataclass(frozen=True)
class DepthwiseConv2dParams(CStruct):
    c_type = "mz_depthwise_conv_2d_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    depth_multiplier: int
    input_zero_point: int
    weights: Constant
    bias: Constant
    to: RequantizationStruct


@dataclass(frozen=True)
class Depthwise3x3DspParams(CStruct):
    c_type = "mz_depthwise_3x3_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    stride: int
    pad_top: int
    pad_left: int
    input_zero_point: int
    strip: int
    tile: int
    channels: Constant
    zero_point: int
    maximum: int


@dataclass(frozen=True)
class FullyConnectedParams(CStruct):
    c_type = "mz_fully_connected_params"
    rows: int
    depth: int
    channels: int
    weights: Constant
    bias: Constant
    to: RequantizationStruct


@dataclass(frozen=True)
class FullyConnectedDspParams(CStruct):
    c_type = "mz_fully_connected_s8_dsp_params"
    rows: int
    depth: int
    channels: int
    packed: Constant
    alike: int
    multiplier: int
    offset: int
    shift: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Conv2dDspParams(CStruct):
    c_type = "mz_conv_2d_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    input_zero_point: int
    depth: int
    packed: Constant
    exact: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class PointwiseDspParams(CStruct):
    c_type = "mz_pointwise_s8_dsp_params"
    rows: int
    depth: int
    channels: int
    packed: Constant
    exact: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class PointwiseDepthwiseDspParams(CStruct):
    c_type = "mz_pointwise_depthwise_s8_dsp_params"
    pointwise: PointwiseDspParams
    depthwise: Depthwise3x3DspParams
    panel: int


@dataclass(frozen=True)
class ConvStemDspParams(CStruct):
    c_type = "mz_conv_2d_stem_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    pad_top: int
    input_zero_point: int
    packed: Constant
    zero_point: int
    maximum: int


@dataclass(frozen=True)
class AveragePool2dParams(CStruct):
    c_type = "mz_average_pool_2d_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    minimum: int
    maximum: int


@dataclass(frozen=True)
class MaxPool2dParams(CStruct):
    c_type = "mz_max_pool_2d_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    minimum: int
    maximum: int


@dataclass(frozen=True)
class MeanAxisStruct(CStruct):
    c_type = "mz_mean_axis"
    size: int
    stride: int


@dataclass(frozen=True)
class MeanParams(CStruct):
    c_type = "mz_mean_params"
    kept: tuple[MeanAxisStruct, MeanAxisStruct]
    reduced: tuple[MeanAxisStruct, MeanAxisStruct]
    sum_offset: int
    multiplier: int
    shift: int
    output_zero_point: int


@dataclass(frozen=True)
class AddOperandStruct(CStruct):
    c_type = "mz_add_operand"
    strides: tuple[int, int, int, int]
    zero_point: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class AddParams(CStruct):
    c_type = "mz_add_params"
    sizes: tuple[int, int, int, int]
    operands: tuple[AddOperandStruct, AddOperandStruct]
    output_zero_point: int
    output_multiplier: int
    output_shift: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class PadParams(CStruct):
    c_type = "mz_pad_params"
    sizes: tuple[int, int, int, int]
    before: tuple[int, int, int, int]
    after: tuple[int, int, int, int]
    value: int


@dataclass(frozen=True)
class RequantizeParams(CStruct):
    c_type = "mz_requantize_params"
    elements: int
    input_zero_point: int
    multiplier: int
    shift: int
    output_zero_point: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class SoftmaxParams(CStruct):
    c_type = "mz_softmax_params"
    rows: int
    depth: int
    exponentials: Constant
