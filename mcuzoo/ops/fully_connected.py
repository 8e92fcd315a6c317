"""FULLY_CONNECTED."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.ops.common.reference import Kernel, exact_float, given, multiply, requantize
from mcuzoo.ops.common.rules import (
    Refusal,
    arity,
    input_tensor,
    int8_activation,
    int32_bias,
    known_activation,
    optional_input,
    output_tensor,
    shifts_in_range,
    symmetric_weights,
)
from mcuzoo.ops.common.tflm import operand, same_type
from mcuzoo.ops.common.weighted import (
    WeightedWork,
    bias_of,
    prepare_weighted,
    requantized,
    tflm_weights,
    weighted_constant_bytes,
    weighted_requantization,
)
from mcuzoo.ops.kernels.product import PortableProduct
from mcuzoo.ops.kernels.product_blocks import ProductBlocks
from mcuzoo.ops.kernels.product_rows import ProductRows
from mcuzoo.ops.operator import Aot, Operator, Recipe, Tflm, Weights


def rule(model: Model, op: Op) -> None:
    """FULLY_CONNECTED: weights (out, in), the input read as rows of `in` values."""
    arity(op, range(2, 4))
    source, weights = (input_tensor(model, op, place) for place in (0, 1))
    int8_activation(source)
    int8_activation(output_tensor(model, op))
    channels = dense_shapes(model, op)
    symmetric_weights(weights, channels, axis=0)
    int32_bias(optional_input(model, op, 2), channels)
    known_activation(op)
    shifts_in_range(weighted_requantization(model, op).shifts)


def dense_shapes(model: Model, op: Op) -> int:
    """The output channels of a FULLY_CONNECTED whose three shapes fit one another."""
    source, weights = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    if op.options["weights_format"] != "DEFAULT":
        raise Refusal("is stored shuffled", weights.index)
    if len(weights.shape) != 2 or weights.elements == 0:
        raise Refusal(f"has the shape {list(weights.shape)}", weights.index)
    channels, depth = weights.shape
    if source.elements % depth:
        raise Refusal(f"of {depth} columns does not fit the input", weights.index)
    rows = source.elements // depth
    if target.elements != rows * channels or target.shape[-1:] != (channels,):
        raise Refusal(f"has the shape {list(target.shape)}", target.index)
    return channels


# Of GetQuantizedConvolutionMultipler: how far the bias may be off, in the output's scale.
BIAS_SCALE_TOLERANCE = 0.02
# CMSIS-NN's FULLY_CONNECTED takes outputs of these ranks.
DENSE_RANKS = range(2, 5)


def demands(model: Model, op: Op) -> None:
    """FULLY_CONNECTED: weights (out, in), the input read as rows of `in` values."""
    arity(op, range(2, 4))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    for tensor in (source, target):
        operand(tensor)
    same_type(target, source)
    if len(target.shape) not in DENSE_RANKS:
        raise Refusal(f"has {len(target.shape)} dimensions, not 2 to 4", target.index)
    channels = dense_shapes(model, op)
    weights, bias = input_tensor(model, op, 1), optional_input(model, op, 2)
    tflm_weights(weights, bias, source, channels, axis=0)
    if bias is not None and source.dtype is DType.INT8:
        _bias_scale(source, weights, bias, target)
    requantized(model, op, target)


def _bias_scale(source: Tensor, weights: Tensor, bias: Tensor, target: Tensor) -> None:
    """TFLM wants the scale of the bias to be that of the products, unless it is per channel."""
    if quantization_of(weights).per_channel:
        return
    product = quantization_of(source).scale * quantization_of(weights).scale
    written = bias.quantization.scale if bias.quantization else 0.0
    if abs(product - written) / quantization_of(target).scale > BIAS_SCALE_TOLERANCE:
        raise Refusal(
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
            ProductRows(),
            ProductBlocks(),
            PortableProduct("[output][input]"),
        ),
        constant_bytes=weighted_constant_bytes,
    ),
    tflm=Tflm(resolver="AddFullyConnected", rule=demands),
    recipe=Recipe(int8_version=4, weights=Weights(channel_axis=None), output="any"),
)
