"""Rules for the ops that slide a window or multiply by weights."""

from __future__ import annotations

from mcuzoo.graph.model import Model, Op, Tensor
from mcuzoo.graph.parameters import quantization_of, weighted_requantization
from mcuzoo.graph.rules import (
    Refusal,
    arity,
    input_tensor,
    int8_activation,
    int32_bias,
    known_activation,
    optional_input,
    output_tensor,
    same_shape,
    shifts_in_range,
    symmetric_weights,
)
from mcuzoo.graph.window import window_of

POOL_SCALE_TOLERANCE = 1e-6
# Pixels; keeps every coordinate that a kernel forms within 32 bits.
MAX_REACH = 32767


def convolution(model: Model, op: Op) -> None:
    """CONV_2D: weights (out, h, w, in), no groups."""
    arity(op, range(2, 4))
    source, weights = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    _image(model, op)
    if len(weights.shape) != 4:
        raise Refusal(f"has the shape {list(weights.shape)}", weights.index)
    channels, height, width, depth = weights.shape
    if depth != source.shape[3]:
        raise Refusal("makes it a grouped convolution, which has no kernel", weights.index)
    symmetric_weights(weights, channels, axis=0)
    int32_bias(optional_input(model, op, 2), channels)
    slides(model, op, (height, width), channels)
    known_activation(op)
    int8_activation(target)
    shifts_in_range(weighted_requantization(model, op).shifts)


def depthwise(model: Model, op: Op) -> None:
    """DEPTHWISE_CONV_2D: weights (1, h, w, in * depth_multiplier)."""
    arity(op, range(2, 4))
    source, weights = (input_tensor(model, op, place) for place in (0, 1))
    _image(model, op)
    if len(weights.shape) != 4 or weights.shape[0] != 1:
        raise Refusal(f"has the shape {list(weights.shape)}", weights.index)
    _, height, width, channels = weights.shape
    multiplier = int(op.options["depth_multiplier"])
    if channels != source.shape[3] * multiplier:
        raise Refusal(f"does not fit the depth multiplier {multiplier}", weights.index)
    symmetric_weights(weights, channels, axis=3)
    int32_bias(optional_input(model, op, 2), channels)
    slides(model, op, (height, width), channels)
    known_activation(op)
    shifts_in_range(weighted_requantization(model, op).shifts)


def fully_connected(model: Model, op: Op) -> None:
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


def pool(model: Model, op: Op) -> None:
    """AVERAGE_POOL_2D and MAX_POOL_2D: input and output share their quantization."""
    arity(op, range(1, 2))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    _image(model, op)
    taps = int(op.options["filter_height"]), int(op.options["filter_width"])
    slides(model, op, taps, source.shape[3])
    known_activation(op)
    alike_for_pooling(source, target)


def alike_for_pooling(source: Tensor, target: Tensor) -> None:
    """Is the output of a pool quantized as its input is?"""
    before, after = quantization_of(source), quantization_of(target)
    if (
        abs(before.scale - after.scale) > POOL_SCALE_TOLERANCE
        or before.zero_point != after.zero_point
    ):
        raise Refusal("is quantized unlike the input", target.index)


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


def _image(model: Model, op: Op) -> None:
    for tensor in (input_tensor(model, op, 0), output_tensor(model, op)):
        int8_activation(tensor)
        if len(tensor.shape) != 4 or tensor.shape[0] != 1:
            raise Refusal(
                f"has the shape {list(tensor.shape)}, not (1, height, width, channels)",
                tensor.index,
            )


def slides(model: Model, op: Op, taps: tuple[int, int], channels: int) -> None:
    """Does a window of `taps` (height, width) over the input's rows give the output's shape?"""
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    names = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
    steps = [int(op.options.get(name, 1)) for name in names]
    reach = max(taps[0] * steps[2], taps[1] * steps[3], *steps)
    if min(*taps, *steps) < 1 or reach > MAX_REACH:
        raise Refusal(f"its window is {list(taps)} with strides and dilations {steps}")
    window = window_of(op, (source.shape[1], source.shape[2]), taps)
    shape = (source.shape[0], window.output_height, window.output_width, channels)
    same_shape(target, shape)
