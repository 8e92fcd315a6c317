"""The common part of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: weights, bias, scales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import Requantization, quantization_of, to_output
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import (
    ACCUMULATOR_LIMIT,
    MAX_DIFFERENCE,
    REQUANTIZATION_LIMIT,
    constant_bytes,
    describe,
    operands,
    symbol,
    window,
)
from mcuzoo.lowering.params import RequantizationStruct, WindowStruct
from mcuzoo.lowering.variant import Work
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.extreme_channels import brought_near


def weighted_requantization(model: Model, op: Op) -> Requantization:
    """The requantization of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED.

    input scale * weight scale / output scale, in double, for every output channel; a
    FULLY_CONNECTED of one weight scale multiplies the first two in float32.
    """
    source, weights = (quantization_of(model.tensor(index)) for index in op.inputs[:2])
    output = model.tensor(op.outputs[0])
    scales = weights.scales.astype(np.float64)
    if op.name == "FULLY_CONNECTED" and not weights.per_channel:
        products = (source.scales[:1] * weights.scales).astype(np.float64)
    else:
        products = source.scale * scales
    return to_output(op, output, products / quantization_of(output).scale)


def layer(model: Model, op: Op, channels: int, axis: int) -> None:
    """Weights with their output channels along `axis`, bias, activation and scales of a layer whose
    shapes fit."""
    source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
    weights, bias = rules.input_tensor(model, op, 1), rules.optional_input(model, op, 2)
    rules.known_activation(op)
    if source.dtype is DType.INT8:
        rules.symmetric_weights(weights, channels, axis)
        rules.int32_bias(bias, channels)
    else:
        rules.constant(weights, DType.FLOAT32)
        if bias is not None:
            rules.constant(bias, DType.FLOAT32)
            if bias.elements != channels:
                raise rules.Refusal(f"holds {bias.elements} values, not {channels}", bias.index)
    if target.dtype is DType.INT8:
        rules.shifts_in_range(weighted_requantization(model, op).shifts)


def bias_of(model: Model, op: Op, channels: int) -> NDArray[np.int64]:
    """int64 (channels,); zeros where the op has none."""
    if len(op.inputs) < 3 or op.inputs[2] == -1:
        return np.zeros(channels, dtype=np.int64)
    data = model.tensor(op.inputs[2]).data
    assert data is not None
    return data.reshape(-1).astype(np.int64)


@dataclass(frozen=True, eq=False)
class WeightedWork(Work):
    """A layer's numbers, independent of any kernel's layout.

    weights: int8 in the file's own shape, zero for some channels that are constant. bias: int32
    (channels,), with -input zero point * sum of the channel's weights folded in. wide: a sum may
    reach 2^30. padded_view: the window where `source` is the input of a PAD that the kernel does,
    too, quantized as the PAD's output. target: the output. weights_tensor, bias_tensor: as the file
    has them; None: no bias. to: from sums to int8.
    """

    source: Tensor
    target: Tensor
    weights_tensor: Tensor
    bias_tensor: Tensor | None
    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    to: Requantization
    wide: bool
    padded_view: WindowStruct | None = field(default=None, kw_only=True)

    @property
    def view(self) -> WindowStruct:
        """The window of a convolution on `source`, with the padding of a PAD before it."""
        if self.padded_view is not None:
            return self.padded_view
        _, height, width, _ = self.weights.shape
        return window(self.op, self.source, (height, width))

    @property
    def input_zero_point(self) -> int:
        return quantization_of(self.source).zero_point

    @property
    def channels(self) -> int:
        return len(self.bias)

    def weights_constant(self, packed: NDArray[np.int8], layout: str) -> Constant:
        meaning = (*describe(self.weights_tensor), f"Layout {layout}.")
        return Constant(symbol(self.op, "weights"), packed.reshape(-1), meaning)

    def bias_constant(self) -> Constant:
        source = describe(self.bias_tensor) if self.bias_tensor else ("No bias in the model.",)
        folded = f"Here less the input's zero point {self.input_zero_point} x the sum of weights."
        return Constant(symbol(self.op, "bias"), self.bias, (*source, folded))

    def requantization(self) -> RequantizationStruct:
        multipliers = Constant(
            symbol(self.op, "multipliers"),
            _for_every(self.channels, self.to.multipliers),
            ("Input scale x weight scale / output scale per output channel: Q0.31 mantissas.",),
        )
        shifts = Constant(
            symbol(self.op, "shifts"),
            _for_every(self.channels, self.to.shifts.astype(np.int8)),
            ("Their powers of two; negative is to the right.",),
        )
        return RequantizationStruct(
            multipliers=multipliers,
            shifts=shifts,
            right_only=int(np.all(self.to.shifts < 0)),
            wide=int(self.wide),
            zero_point=self.to.output_zero_point,
            minimum=self.to.minimum,
            maximum=self.to.maximum,
        )


def _for_every(channels: int, values: NDArray[Any]) -> NDArray[Any]:
    """One value per channel, from one per channel or one for all."""
    return np.ascontiguousarray(np.broadcast_to(values, channels))


def prepare_weighted(
    program: Program, step: Step, by_channel: Callable[[NDArray[Any]], NDArray[Any]]
) -> WeightedWork:
    """`by_channel` gives a view of the weights as (channels, taps)."""
    model, op = program.model, step.op
    source, weights_tensor = model.tensor(op.inputs[0]), model.tensor(op.inputs[1])
    bias_tensor = rules.optional_input(model, op, 2)
    zero_point = quantization_of(source).zero_point
    weights = np.array(weights_tensor.data, dtype=np.int8)
    to = weighted_requantization(model, op)
    plain = bias_of(model, op, len(by_channel(weights)))
    plain, to = brought_near(by_channel(weights), plain, zero_point, to)
    rows = by_channel(weights).astype(np.int64)
    sizes = np.abs(rows).sum(axis=1)
    folded = plain - zero_point * rows.sum(axis=1)
    return WeightedWork(
        op=op,
        inputs=operands(program, op, op.inputs[:1]),
        outputs=tuple(map(Activation, step.writes)),
        source=source,
        target=model.tensor(op.outputs[0]),
        weights_tensor=weights_tensor,
        bias_tensor=bias_tensor,
        weights=weights,
        bias=folded.astype(np.int32),
        to=to,
        wide=bool(np.any(_largest(plain, sizes, to) >= REQUANTIZATION_LIMIT)),
    )


def _largest(
    plain: NDArray[np.int64], sizes: NDArray[np.int64] | int, to: Requantization
) -> NDArray[np.int64]:
    """The largest magnitude of each channel's sum, after its shift to the left.

    sizes: sums of the weights' absolute values, or a bound. Inputs are at most 255 from the zero
    point.
    """
    largest: NDArray[np.int64] = (np.abs(plain) + MAX_DIFFERENCE * sizes) << np.maximum(
        to.shifts, 0
    ).astype(np.int64)
    return largest


def room(model: Model, op: Op, channels: int, axis: int) -> None:
    """Check that the sums of a layer stay within 32 bits: TFLM's wrap around silently.

    Its shapes must have been checked. A folded bias may be far from the plain one, and the values
    on the way to the complete sum reach 128 per unit of weight.
    """
    weights = model.tensor(op.inputs[1])
    assert weights.data is not None
    plain, to = bias_of(model, op, channels), weighted_requantization(model, op)
    bound = 128 * weights.elements // channels
    if np.all(_largest(plain, bound, to) < ACCUMULATOR_LIMIT // 2):
        return
    others = tuple(place for place in range(weights.data.ndim) if place != axis)
    sizes = np.abs(weights.data.astype(np.int16)).sum(axis=others, dtype=np.int64)
    on_the_way = np.abs(plain) + (MAX_DIFFERENCE + 128) * sizes
    complete = _largest(plain, sizes, to)
    bad = (sizes > 0) & ((on_the_way >= ACCUMULATOR_LIMIT) | (complete >= ACCUMULATOR_LIMIT - 256))
    if np.any(bad):
        suspect = rules.optional_input(model, op, 2) or weights
        raise rules.Refusal(
            f"gives output channel {int(np.argmax(bad))} sums that overflow 32 bits", suspect.index
        )


_BYTES_PER_CHANNEL = 4 + 4 + 1
"""An int32 bias, and the int32 multiplier and int8 shift of its requantization."""


def weighted_constant_bytes(model: Model, op: Op) -> int:
    """The `constant_bytes` of these operators."""
    channels = sum(sum(model.tensor(index).shape[-1:]) for index in op.outputs[:1])
    return constant_bytes(model, op.inputs[1:2]) + _BYTES_PER_CHANNEL * channels
