"""FULLY_CONNECTED."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, exact_float, given, multiply, requantize
from mcuzoo.ops.common.weighted import (
    WeightedWork,
    bias_of,
    layer,
    prepare_weighted,
    room,
    weighted_constant_bytes,
    weighted_requantization,
)
from mcuzoo.ops.kernels.lone_channel import LoneChannel
from mcuzoo.ops.kernels.product import PortableProduct
from mcuzoo.ops.kernels.product_blocks import ProductBlocks
from mcuzoo.ops.kernels.product_parts import ProductParts
from mcuzoo.ops.kernels.product_rows import ProductRows
from mcuzoo.ops.kernels.two_channels import TwoChannels
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm, Weights


def rule(model: Model, op: Op) -> None:
    """Weights (out, in), the input read as rows of `in` values."""
    rules.arity(op, range(2, 4))
    for tensor in (rules.input_tensor(model, op, 0), rules.output_tensor(model, op)):
        rules.int8_activation(tensor)
    channels = dense_shapes(model, op)
    layer(model, op, channels, axis=0)
    room(model, op, channels, axis=0)


def dense_shapes(model: Model, op: Op) -> int:
    """The output channels of a FULLY_CONNECTED whose three shapes fit one another."""
    source, weights = (rules.input_tensor(model, op, place) for place in (0, 1))
    target = rules.output_tensor(model, op)
    if op.options["weights_format"] != "DEFAULT":
        raise rules.Refusal("is stored shuffled", weights.index)
    if len(weights.shape) != 2 or weights.elements == 0:
        raise rules.Refusal(f"has the shape {list(weights.shape)}", weights.index)
    channels, depth = weights.shape
    if source.elements % depth:
        raise rules.Refusal(f"of {depth} columns does not fit the input", weights.index)
    rows = source.elements // depth
    if target.elements != rows * channels or target.shape[-1:] != (channels,):
        raise rules.Refusal(f"has the shape {list(target.shape)}", target.index)
    return channels


# From GetQuantizedConvolutionMultipler: error limit of the bias scale, in the output's scale.
BIAS_SCALE_TOLERANCE = 0.02
# CMSIS-NN's FULLY_CONNECTED takes outputs of these ranks.
DENSE_RANKS = range(2, 5)


def demands(model: Model, op: Op) -> None:
    """The conditions of the rule; floats are allowed, too."""
    rules.arity(op, range(2, 4))
    source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
    for tensor in (source, target):
        rules.operand(tensor)
    rules.same_type(target, source)
    if len(target.shape) not in DENSE_RANKS:
        raise rules.Refusal(f"has {len(target.shape)} dimensions, not 2 to 4", target.index)
    layer(model, op, dense_shapes(model, op), axis=0)
    bias = rules.optional_input(model, op, 2)
    if bias is not None and source.dtype is DType.INT8:
        _bias_scale(source, rules.input_tensor(model, op, 1), bias, target)


def _bias_scale(source: Tensor, weights: Tensor, bias: Tensor, target: Tensor) -> None:
    """TFLM wants the scale of the bias to be that of the products, unless it is per channel."""
    if quantization_of(weights).per_channel:
        return
    product = quantization_of(source).scale * quantization_of(weights).scale
    written = bias.quantization.scale if bias.quantization else 0.0
    if abs(product - written) / quantization_of(target).scale > BIAS_SCALE_TOLERANCE:
        raise rules.Refusal(
            f"has the scale {written:g}, not {product:g}, the input's times the weights'",
            bias.index,
        )


def reference(model: Model, op: Op) -> Kernel:
    """Rows of the input times the transposed weights."""
    source, weights = (model.tensor(index) for index in op.inputs[:2])
    target = model.tensor(op.outputs[0])
    assert weights.data is not None
    channels, depth = weights.shape
    bias = bias_of(model, op, channels)
    dtype = exact_float(weights.data, bias)
    matrix = weights.data.T.astype(dtype, order="C")
    offsets = bias.astype(dtype)
    to = weighted_requantization(model, op)
    zero_point = quantization_of(source).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        rows = given(inputs, 0).reshape(-1, depth).astype(dtype) - dtype.type(zero_point)
        return requantize(multiply(rows, matrix) + offsets, to).reshape(target.shape)

    return run


def prepare(program: Program, step: Step) -> WeightedWork:
    """Weights (out, in)."""
    return prepare_weighted(program, step, lambda weights: weights)


OPERATOR = Operator(
    name="FULLY_CONNECTED",
    aot=Aot(
        constraint="int8, constant weights",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(
            TwoChannels(),
            LoneChannel("[input]"),
            ProductRows(),
            ProductParts(),
            ProductBlocks(),
            ProductParts(several=True),
            PortableProduct("[output][input]"),
        ),
        constant_bytes=weighted_constant_bytes,
    ),
    tflm=Tflm(resolver="AddFullyConnected", rule=demands),
    rewrite=Rewrite(int8_version=4, weights=Weights(channel_axis=None), output="any"),
)
