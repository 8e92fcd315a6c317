"""TFLM's demands of the ops that slide a window or multiply by weights."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import quantization_of, weighted_requantization
from mcuzoo.graph.rules import (
    Refusal,
    arity,
    constant,
    input_tensor,
    int32_bias,
    known_activation,
    optional_input,
    output_tensor,
    shifts_in_range,
    symmetric_weights,
)
from mcuzoo.graph.rules_weighted import alike_for_pooling, dense_shapes, slides
from mcuzoo.graph.tflm_rules import one_to_one, operand, same_type

# Of GetQuantizedConvolutionMultipler: how far the bias may be off, in the output's scale.
BIAS_SCALE_TOLERANCE = 0.02
# CMSIS-NN's FULLY_CONNECTED takes outputs of these ranks.
DENSE_RANKS = range(2, 5)


def convolution(model: Model, op: Op) -> None:
    """CONV_2D: weights (out, h, w, in / groups), any batch."""
    arity(op, range(2, 4))
    source, target = _images(model, op)
    weights = input_tensor(model, op, 1)
    if len(weights.shape) != 4 or weights.elements == 0:
        raise Refusal(f"has the shape {list(weights.shape)}", weights.index)
    channels, height, width, depth = weights.shape
    groups, rest = divmod(source.shape[3], depth)
    if rest or channels % groups:
        raise Refusal("does not divide the channels into groups", weights.index)
    _weights(weights, optional_input(model, op, 2), source, channels, axis=0)
    slides(model, op, (height, width), channels)
    _requantized(model, op, target)


def depthwise(model: Model, op: Op) -> None:
    """DEPTHWISE_CONV_2D: weights (1, h, w, in * depth_multiplier), any batch."""
    arity(op, range(2, 4))
    source, target = _images(model, op)
    weights = input_tensor(model, op, 1)
    if len(weights.shape) != 4 or weights.shape[0] != 1 or weights.elements == 0:
        raise Refusal(f"has the shape {list(weights.shape)}", weights.index)
    _, height, width, channels = weights.shape
    multiplier = int(op.options["depth_multiplier"])
    if channels != source.shape[3] * multiplier:
        raise Refusal(f"does not fit the depth multiplier {multiplier}", weights.index)
    if len(op.inputs) == 3:
        # TFLM's reference kernel frees the bias tensor without a look whether it is one.
        input_tensor(model, op, 2)
    _weights(weights, optional_input(model, op, 2), source, channels, axis=3)
    slides(model, op, (height, width), channels)
    _requantized(model, op, target)


def fully_connected(model: Model, op: Op) -> None:
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
    _weights(weights, bias, source, channels, axis=0)
    if bias is not None and source.dtype is DType.INT8:
        _bias_scale(source, weights, bias, target)
    _requantized(model, op, target)


def pool(model: Model, op: Op) -> None:
    """AVERAGE_POOL_2D and MAX_POOL_2D: input and output share their quantization."""
    source, target = one_to_one(model, op)
    _images(model, op)
    taps = int(op.options["filter_height"]), int(op.options["filter_width"])
    slides(model, op, taps, source.shape[3])
    known_activation(op)
    if source.dtype is DType.INT8:
        alike_for_pooling(source, target)


def _images(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    for tensor in (source, target):
        operand(tensor)
        if len(tensor.shape) != 4:
            raise Refusal(
                f"has the shape {list(tensor.shape)}, not (batch, height, width, channels)",
                tensor.index,
            )
    same_type(target, source)
    return source, target


def _weights(
    weights: Tensor, bias: Tensor | None, source: Tensor, channels: int, axis: int
) -> None:
    if source.dtype is DType.INT8:
        symmetric_weights(weights, channels, axis)
        int32_bias(bias, channels)
        return
    constant(weights, DType.FLOAT32)
    if bias is not None:
        constant(bias, DType.FLOAT32)
        if bias.elements != channels:
            raise Refusal(f"holds {bias.elements} values, not {channels}", bias.index)


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


def _requantized(model: Model, op: Op, target: Tensor) -> None:
    known_activation(op)
    if target.dtype is DType.INT8:
        shifts_in_range(weighted_requantization(model, op).shifts)
