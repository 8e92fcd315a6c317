"""How often a kernel goes through its constants in one call: what decides where they should lie.

Read off the kernels in firmware/kernels; tests/lowering/test_passes.py counts what the emulated
core loads.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import (
    AddParams,
    Conv2dDspParams,
    Conv2dParams,
    ConvStemDspParams,
    CStruct,
    Depthwise3x3DspParams,
    DepthwiseConv2dParams,
    FullyConnectedDspParams,
    FullyConnectedParams,
    PointwiseDepthwiseDspParams,
    PointwiseDspParams,
    RequantizationStruct,
    SoftmaxParams,
)
from mcuzoo.lowering.row_chain import RowChain

BLOCK_PIXELS = 4
"""MZ_BLOCK_PIXELS in firmware/kernels/mz_packed_block.h."""

PAIR = 2
"""Pixels or rows that the portable kernels take together."""


def constant_passes(call: Call) -> Iterator[tuple[Constant, int]]:
    """Every constant of `call` and how often it is gone through from end to end.

    Kernels without a rule here are taken to do it once.
    """
    if isinstance(call, RowChain):
        # By bands of rows: as often as on the whole image, but for what bands leave unfinished.
        for stage in call.stages:
            yield from constant_passes(stage.call)
        return
    yield from _of_params(call.params)
    for operand in call.inputs:
        if isinstance(operand, Constant):
            yield operand, _of_operand(call.params, operand)


def _of_params(params: CStruct) -> Iterator[tuple[Constant, int]]:
    if isinstance(params, PointwiseDepthwiseDspParams):
        yield from ((constant, _fused_rows(params)) for constant in params.pointwise.constants())
        yield from _of_params(params.depthwise)
    else:
        passes, outputs = passes_of(params), _outputs_one_by_one(params)
        for _, value in params.items():
            if isinstance(value, Constant):
                yield value, passes
            elif isinstance(value, RequantizationStruct):
                yield from ((constant, outputs) for constant in value.constants())


def passes_of(params: CStruct) -> int:
    """Of weights and biases, packed or not."""
    match params:
        case PointwiseDspParams():
            return _cut(params.rows, BLOCK_PIXELS)
        case Conv2dDspParams():
            return _cut(params.output.height * params.output.width, BLOCK_PIXELS)
        case Depthwise3x3DspParams():
            strips = _cut(params.output.height, params.strip)
            return strips * _cut(params.output.width, params.tile)
        case ConvStemDspParams() | DepthwiseConv2dParams():
            return params.output.height * params.output.width
        case FullyConnectedDspParams() | SoftmaxParams():
            return params.rows
        case FullyConnectedParams():
            return _cut(params.rows, PAIR)
        case Conv2dParams():
            return params.output.height * _cut(params.output.width, PAIR)
        case _:
            return 1


def _outputs_one_by_one(params: CStruct) -> int:
    """The portable kernels requantize pixel by pixel, by tables for all channels."""
    match params:
        case FullyConnectedParams():
            return params.rows
        case Conv2dParams() | DepthwiseConv2dParams():
            return params.output.height * params.output.width
        case _:
            return 1


def _fused_rows(params: PointwiseDepthwiseDspParams) -> int:
    """The pointwise kernel is called for one row after the other, as far as rows are read."""
    depthwise = params.depthwise
    read = (depthwise.output.height - 1) * depthwise.stride - depthwise.pad_top + 3
    return min(read, depthwise.input.height) * passes_of(params.pointwise)


def _of_operand(params: CStruct, operand: Constant) -> int:
    """An operand that is broadcast is gone through again and again."""
    if isinstance(params, AddParams):
        return _cut(prod(params.sizes), operand.values.size)
    return 1


def _cut(count: int, by: int) -> int:
    return -(-count // by)
