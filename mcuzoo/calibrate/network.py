"""The network whose layers are timed: each class of kernels at three shapes. It computes nothing
that means anything."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Quantization, Tensor
from mcuzoo.graph.write import write_model

INPUT = (1, 32, 32, 3)
_SEED = 1050
# As networks with RELU6 have them, which the fastest kernels want.
_SCALE, _ZERO = 6 / 255, -128
_FIRSTS = (4, 8, 16)
_STAGES = 3
_FIRST_CHANNELS = 8
_DENSE = (64, 32, 16)


def calibration_network() -> bytes:
    """A .tflite file, always the same: three first convolutions side by side; three stages of
    convolution, sum, pointwise and depthwise as one kernel, depthwise, pool, pointwise, pool, table
    and product; three fully connected layers, each with a softmax."""
    net = _Net()
    image = net.activation("image", INPUT)
    firsts = [net.conv(image, channels, window=3, stride=2) for channels in _FIRSTS]
    joined = net.op("CONCATENATION", firsts, (1, 16, 16, sum(_FIRSTS)), {"axis": 3})
    at = net.conv(joined, _FIRST_CHANNELS)
    for _ in range(_STAGES):
        at = _stage(net, at)
    size = int(np.prod(net.shape(at)))
    at = net.op("RESHAPE", [at], (1, size), {"new_shape": (1, size)})
    for channels in _DENSE:
        at = net.dense(at, channels)
        at = net.op("SOFTMAX", [at], net.shape(at), {"beta": 1.0}, scale=1 / 256, zero=-128)
    return write_model(net.model(image, at))


def _stage(net: _Net, at: int) -> int:
    """From (size, channels) to half the size and twice the channels."""
    channels = net.shape(at)[-1]
    mixed = net.conv(at, channels, window=3)
    summed = net.op("ADD", [mixed, at], net.shape(at))
    at = net.depthwise(net.conv(summed, 2 * channels))
    at = net.pool("MAX_POOL_2D", net.depthwise(at))
    at = net.conv(at, 2 * channels)
    smooth = net.pool("AVERAGE_POOL_2D", at, stride=1)
    table = net.op("LOGISTIC", [at], net.shape(at), scale=1 / 256, zero=-128)
    return net.op("MUL", [smooth, table], net.shape(at))


class _Net:
    """Tensors and ops so far."""

    def __init__(self) -> None:
        # Its stream of numbers is fixed for good, unlike that of numpy's newer generators.
        self._random = np.random.RandomState(_SEED)
        self._tensors: list[Tensor] = []
        self._ops: list[Op] = []

    def shape(self, index: int) -> tuple[int, ...]:
        return self._tensors[index].shape

    def activation(
        self, name: str, shape: tuple[int, ...], scale: float = _SCALE, zero: int = _ZERO
    ) -> int:
        return self._tensor(name, shape, DType.INT8, [scale], zero)

    def op(
        self,
        name: str,
        inputs: list[int],
        shape: tuple[int, ...],
        options: Mapping[str, Any] = {},
        *,
        scale: float = _SCALE,
        zero: int = _ZERO,
    ) -> int:
        """Append an op; the index of its output."""
        number = len(self._ops)
        output = self.activation(f"{name.lower()}{number}", shape, scale, zero)
        self._ops.append(Op(number, name, 1, tuple(inputs), (output,), dict(options)))
        return output

    def conv(self, input: int, channels: int, *, window: int = 1, stride: int = 1) -> int:
        _, height, width, depth = self.shape(input)
        weights = self._weights((channels, window, window, depth), 0, window * window * depth)
        shape = (1, height // stride, width // stride, channels)
        return self.op("CONV_2D", [input, *weights], shape, _steps(stride))

    def depthwise(self, input: int) -> int:
        channels = self.shape(input)[-1]
        weights = self._weights((1, 3, 3, channels), 3, 9)
        options = {**_steps(1), "depth_multiplier": 1}
        return self.op("DEPTHWISE_CONV_2D", [input, *weights], self.shape(input), options)

    def dense(self, input: int, channels: int) -> int:
        depth = self.shape(input)[-1]
        weights = self._weights((channels, depth), 0, depth, per_channel=False)
        return self.op("FULLY_CONNECTED", [input, *weights], (1, channels))

    def pool(self, name: str, input: int, *, stride: int = 2) -> int:
        _, height, width, channels = self.shape(input)
        size = (1, height // stride, width // stride, channels)
        window = {"filter_width": 2, "filter_height": 2}
        return self.op(name, [input], size, {**_steps(stride), **window})

    def model(self, input: int, output: int) -> Model:
        return Model(
            name="calibration",
            sha256="",
            raw=b"",
            description="mcuzoo calibrate",
            tensors=tuple(self._tensors),
            ops=tuple(self._ops),
            inputs=(input,),
            outputs=(output,),
        )

    def _weights(
        self, shape: tuple[int, ...], axis: int, terms: int, *, per_channel: bool = True
    ) -> list[int]:
        """Weights and bias; sums of `terms` products are about as large as the inputs."""
        channels = shape[axis]
        scales = [1 / (73 * sqrt(terms))] * (channels if per_channel else 1)
        name = f"weights{len(self._ops)}"
        values = self._random.randint(-127, 128, shape).astype(np.int8)
        weights = self._tensor(name, shape, DType.INT8, scales, 0, values, axis)
        bias = self._random.randint(-500, 500, channels).astype(np.int32)
        sums = [_SCALE * scale for scale in scales]
        return [
            weights,
            self._tensor(f"{name}/bias", (channels,), DType.INT32, sums, 0, bias),
        ]

    def _tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: DType,
        scales: list[float],
        zero: int,
        data: NDArray[Any] | None = None,
        axis: int = 0,
    ) -> int:
        zeros = np.full(len(scales), zero, np.int64)
        quantization = Quantization(np.array(scales, np.float32), zeros, axis)
        self._tensors.append(Tensor(len(self._tensors), name, shape, dtype, quantization, data))
        return len(self._tensors) - 1


def _steps(stride: int) -> dict[str, Any]:
    return {
        "padding": "SAME",
        "stride_w": stride,
        "stride_h": stride,
        "fused_activation_function": "RELU6",
    }
