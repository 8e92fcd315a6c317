"""MobileNet V1 of any width and resolution, in memory, with random weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcuzoo.graph.model import DType, Model, Op, Quantization, Tensor

# Output channels at width 1 and stride of each depthwise-separable block (Howard et al. 2017).
BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
    (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


def mobilenet_v1(
    width: float = 0.25, resolution: int = 128, classes: int = 1001, blocks: int = len(BLOCKS)
) -> Model:
    """INT8 MobileNet V1 that ends in SOFTMAX. blocks: so many of its first ones."""
    net = _Network(np.random.default_rng(7))
    image = net.activation("input", (1, resolution, resolution, 3))
    out = net.convolution(image, round(32 * width), 3, 2, "RELU6")
    for channels, stride in BLOCKS[:blocks]:
        out = net.depthwise(out, stride)
        out = net.convolution(out, round(channels * width), 1, 1, "RELU6")
    out = net.average_pool(out)
    out = net.convolution(out, classes, 1, 1, "NONE")
    out = net.softmax(net.reshape(out, (1, classes)))
    return Model(
        name=f"mobilenet_v1_{width}_{resolution}",
        sha256="0" * 64,
        raw=b"",
        description="built for a test",
        tensors=tuple(net.tensors),
        ops=tuple(net.ops),
        inputs=(image.index,),
        outputs=(out.index,),
    )


class _Network:
    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []

    def activation(
        self, name: str, shape: tuple[int, ...], scale: float = 0.02, zero_point: int = -128
    ) -> Tensor:
        return self._tensor(name, shape, DType.INT8, _quantization([scale], zero_point))

    def convolution(
        self, source: Tensor, channels: int, taps: int, stride: int, activation: str
    ) -> Tensor:
        shape = (channels, taps, taps, source.shape[3])
        options = {"stride_w": stride, "stride_h": stride, **_window_options(activation)}
        return self._weighted("CONV_2D", source, shape, 0, stride, options)

    def depthwise(self, source: Tensor, stride: int) -> Tensor:
        options = {
            "stride_w": stride,
            "stride_h": stride,
            "depth_multiplier": 1,
            **_window_options("RELU6"),
        }
        shape = (1, 3, 3, source.shape[3])
        return self._weighted("DEPTHWISE_CONV_2D", source, shape, 3, stride, options)

    def average_pool(self, source: Tensor) -> Tensor:
        side = source.shape[1]
        out = self.activation("pool", (1, 1, 1, source.shape[3]))
        options = {
            "padding": "VALID",
            "stride_w": side,
            "stride_h": side,
            "filter_width": side,
            "filter_height": side,
            "fused_activation_function": "NONE",
        }
        return self._op("AVERAGE_POOL_2D", (source,), out, options)

    def reshape(self, source: Tensor, shape: tuple[int, ...]) -> Tensor:
        return self._op("RESHAPE", (source,), self.activation("flat", shape), {"new_shape": shape})

    def softmax(self, source: Tensor) -> Tensor:
        out = self.activation("scores", source.shape, scale=1 / 256)
        return self._op("SOFTMAX", (source,), out, {"beta": 1.0})

    def _weighted(
        self,
        name: str,
        source: Tensor,
        shape: tuple[int, int, int, int],
        axis: int,
        stride: int,
        options: dict[str, Any],
    ) -> Tensor:
        channels = shape[axis]
        number = len(self.ops)
        scales = [0.01] * channels
        weights = self.random.integers(-127, 128, shape, dtype=np.int8)
        bias = self.random.integers(-1000, 1000, channels, dtype=np.int32)
        constants = (
            self._tensor(f"w{number}", shape, DType.INT8, _quantization(scales, 0, axis), weights),
            self._tensor(
                f"b{number}", (channels,), DType.INT32, _quantization([0.0002] * channels), bias
            ),
        )
        height, width = (-(-side // stride) for side in source.shape[1:3])
        out = self.activation(f"a{number}", (1, height, width, channels))
        return self._op(name, (source, *constants), out, options)

    def _op(
        self, name: str, inputs: tuple[Tensor, ...], output: Tensor, options: dict[str, Any]
    ) -> Tensor:
        indices = tuple(tensor.index for tensor in inputs)
        self.ops.append(Op(len(self.ops), name, 1, indices, (output.index,), options))
        return output

    def _tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: DType,
        quantization: Quantization,
        data: np.ndarray[Any, Any] | None = None,
    ) -> Tensor:
        tensor = Tensor(len(self.tensors), name, shape, dtype, quantization, data)
        self.tensors.append(tensor)
        return tensor


def _window_options(activation: str) -> dict[str, Any]:
    return {
        "padding": "SAME",
        "dilation_w_factor": 1,
        "dilation_h_factor": 1,
        "fused_activation_function": activation,
    }


def _quantization(scales: list[float], zero_point: int = 0, axis: int = 0) -> Quantization:
    return Quantization(
        np.array(scales, dtype=np.float32),
        np.full(len(scales), zero_point, dtype=np.int64),
        axis,
    )
