"""Build small .tflite files for tests: one-op INT8 graphs, and `build_model` for any other.

`conv_model`, `add_model`, ... write graphs whose output shape follows from their arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from helpers.tflite_file import O as O
from helpers.tflite_file import T as T
from helpers.tflite_file import build_model as build_model
from numpy.typing import NDArray


def window_size(size: int, filter_size: int, stride: int, dilation: int, padding: str) -> int:
    if padding == "SAME":
        return -(-size // stride)
    return (size - (filter_size - 1) * dilation - 1) // stride + 1


def conv_model(
    input_shape: tuple[int, int, int, int],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: str = "SAME",
    activation: str = "NONE",
    input_scale: float = 0.05,
    input_zero_point: int = 0,
    weight_scales: Sequence[float] = (0.01,),
    output_scale: float = 0.1,
    output_zero_point: int = 0,
) -> bytes:
    """CONV_2D: weights int8 (out, h, w, in); stride and dilation are (h, w)."""
    batch, height, width, _ = input_shape
    channels, filter_h, filter_w, _ = weights.shape
    output_shape = (
        batch,
        window_size(height, filter_h, stride[0], dilation[0], padding),
        window_size(width, filter_w, stride[1], dilation[1], padding),
        channels,
    )
    options = _convolution_options(stride, dilation, padding, activation)
    return _weighted_model(
        "CONV_2D", input_shape, weights, 0, bias, output_shape, options, input_scale,
        input_zero_point, weight_scales, output_scale, output_zero_point,
    )  # fmt: skip


def depthwise_model(
    input_shape: tuple[int, int, int, int],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: str = "SAME",
    activation: str = "NONE",
    input_scale: float = 0.05,
    input_zero_point: int = 0,
    weight_scales: Sequence[float] = (0.01,),
    output_scale: float = 0.1,
    output_zero_point: int = 0,
) -> bytes:
    """DEPTHWISE_CONV_2D: weights int8 (1, h, w, in * depth_multiplier)."""
    batch, height, width, depth = input_shape
    _, filter_h, filter_w, channels = weights.shape
    output_shape = (
        batch,
        window_size(height, filter_h, stride[0], dilation[0], padding),
        window_size(width, filter_w, stride[1], dilation[1], padding),
        channels,
    )
    options = {
        **_convolution_options(stride, dilation, padding, activation),
        "depth_multiplier": channels // depth,
    }
    return _weighted_model(
        "DEPTHWISE_CONV_2D", input_shape, weights, 3, bias, output_shape, options, input_scale,
        input_zero_point, weight_scales, output_scale, output_zero_point,
    )  # fmt: skip


def fully_connected_model(
    input_shape: tuple[int, ...],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    *,
    activation: str = "NONE",
    keep_num_dims: bool = False,
    input_scale: float = 0.05,
    input_zero_point: int = 0,
    weight_scales: Sequence[float] = (0.01,),
    output_scale: float = 0.1,
    output_zero_point: int = 0,
) -> bytes:
    """FULLY_CONNECTED: weights int8 (out, in); the input is read as rows of `in` values."""
    channels, depth = weights.shape
    rows = int(np.prod(input_shape)) // depth
    output_shape = (*input_shape[:-1], channels) if keep_num_dims else (rows, channels)
    options = {"fused_activation_function": activation, "keep_num_dims": keep_num_dims}
    return _weighted_model(
        "FULLY_CONNECTED", input_shape, weights, 0, bias, output_shape, options, input_scale,
        input_zero_point, weight_scales, output_scale, output_zero_point,
    )  # fmt: skip


def _convolution_options(
    stride: tuple[int, int], dilation: tuple[int, int], padding: str, activation: str
) -> dict[str, Any]:
    return {
        "padding": padding,
        "stride_h": stride[0],
        "stride_w": stride[1],
        "dilation_h_factor": dilation[0],
        "dilation_w_factor": dilation[1],
        "fused_activation_function": activation,
    }


def _weighted_model(
    name: str,
    input_shape: tuple[int, ...],
    weights: NDArray[np.int8],
    axis: int,
    bias: NDArray[np.int32] | None,
    output_shape: tuple[int, ...],
    options: dict[str, Any],
    input_scale: float,
    input_zero_point: int,
    weight_scales: Sequence[float],
    output_scale: float,
    output_zero_point: int,
) -> bytes:
    tensors = [
        T("input", input_shape, scale=input_scale, zero_point=input_zero_point),
        T("weights", weights.shape, scale=list(weight_scales), axis=axis, data=weights),
        T("output", output_shape, scale=output_scale, zero_point=output_zero_point),
    ]
    inputs: tuple[int, ...] = (0, 1)
    if bias is not None:
        # TFLM forms this product in float32 and wants the bias scale to agree with it.
        scales = np.float32(input_scale) * np.array(weight_scales, dtype=np.float32)
        tensors.append(T("bias", bias.shape, "int32", scale=list(scales), data=bias))
        inputs = (0, 1, 3)
    return build_model(tensors, [O(name, inputs, (2,), options)], [0], [2])


def pool_model(
    kind: str,
    input_shape: tuple[int, int, int, int],
    *,
    filter_size: tuple[int, int] = (2, 2),
    stride: tuple[int, int] = (2, 2),
    padding: str = "VALID",
    activation: str = "NONE",
    scale: float = 0.05,
    zero_point: int = 0,
) -> bytes:
    """AVERAGE_POOL_2D or MAX_POOL_2D; filter_size and stride are (h, w)."""
    batch, height, width, depth = input_shape
    output_shape = (
        batch,
        window_size(height, filter_size[0], stride[0], 1, padding),
        window_size(width, filter_size[1], stride[1], 1, padding),
        depth,
    )
    options = {
        "padding": padding,
        "stride_h": stride[0],
        "stride_w": stride[1],
        "filter_height": filter_size[0],
        "filter_width": filter_size[1],
        "fused_activation_function": activation,
    }
    return unary_model(
        kind, input_shape, output_shape, options, input_scale=scale, input_zero_point=zero_point,
        output_scale=scale, output_zero_point=zero_point,
    )  # fmt: skip


def reduction_model(
    name: str,
    input_shape: tuple[int, ...],
    axes: Sequence[int],
    *,
    keep_dims: bool = True,
    input_scale: float = 0.05,
    input_zero_point: int = 0,
    output_scale: float = 0.05,
    output_zero_point: int = 0,
) -> bytes:
    """MEAN, SUM, REDUCE_MAX or REDUCE_MIN over `axes` (negative ones count from the end)."""
    reduced = {axis % len(input_shape) for axis in axes}
    output_shape = tuple(
        1 if axis in reduced else size
        for axis, size in enumerate(input_shape)
        if keep_dims or axis not in reduced
    )
    tensors = [
        T("input", input_shape, scale=input_scale, zero_point=input_zero_point),
        T("axes", (len(axes),), "int32", data=np.array(axes, dtype=np.int32)),
        T("output", output_shape, scale=output_scale, zero_point=output_zero_point),
    ]
    return build_model(tensors, [O(name, (0, 1), (2,), {"keep_dims": keep_dims})], [0], [2])


def mean_model(input_shape: tuple[int, ...], axes: Sequence[int], **changes: Any) -> bytes:
    """MEAN, otherwise as `reduction_model`."""
    return reduction_model("MEAN", input_shape, axes, **changes)


def binary_model(
    name: str,
    input_shape: tuple[int, ...],
    other: NDArray[np.int8] | tuple[int, ...] | None = None,
    *,
    other_first: bool = False,
    activation: str | None = None,
    scales: tuple[float, float, float] = (0.05, 0.07, 0.1),
    zero_points: tuple[int, int, int] = (0, 0, 0),
) -> bytes:
    """An op of the input and another operand: a constant of any broadcastable shape; the input's
    MEAN over the axes `other`, which it keeps (over none: the input, QUANTIZEd); or the input.

    other_first: whether the other operand is the op's first one. activation: None for an op without
    options. scales, zero_points: of the input, the other operand and the output.
    """
    shape = tuple(input_shape)
    if isinstance(other, tuple):
        shape = tuple(1 if at in other else size for at, size in enumerate(shape))
    elif other is not None:
        shape = other.shape
    quantized: list[dict[str, Any]] = [
        {"scale": scale, "zero_point": zero}
        for scale, zero in zip(scales, zero_points, strict=True)
    ]
    output_shape = tuple(np.broadcast_shapes(input_shape, shape))
    tensors = [T("input", input_shape, **quantized[0]), T("output", output_shape, **quantized[2])]
    ops = []
    if isinstance(other, tuple) and other:
        axes = np.array(other, np.int32)
        tensors += [T("other", shape, **quantized[1]), T("axes", axes.shape, "int32", data=axes)]
        ops.append(O("MEAN", (0, 3), (2,), {"keep_dims": True}))
    elif isinstance(other, tuple):
        tensors.append(T("other", shape, **quantized[1]))
        ops.append(O("QUANTIZE", (0,), (2,)))
    elif other is not None:
        tensors.append(T("other", shape, data=other, **quantized[1]))
    inputs = (0, 0) if other is None else (2, 0) if other_first else (0, 2)
    options = {} if activation is None else {"fused_activation_function": activation}
    ops.append(O(name, inputs, (1,), options))
    return build_model(tensors, ops, [0], [1])


def add_model(
    input_shape: tuple[int, ...],
    other: NDArray[np.int8] | None = None,
    *,
    activation: str = "NONE",
    scales: tuple[float, float, float] = (0.05, 0.07, 0.1),
    zero_points: tuple[int, int, int] = (0, 0, 0),
) -> bytes:
    """ADD of the input and a constant of any broadcastable shape, or of the input to itself."""
    return binary_model(
        "ADD", input_shape, other, activation=activation, scales=scales, zero_points=zero_points
    )


def pad_model(
    input_shape: tuple[int, ...],
    paddings: Sequence[tuple[int, int]],
    *,
    scale: float = 0.05,
    zero_point: int = 0,
    value: int | None = None,
) -> bytes:
    """PAD with the quantized zero, or PADV2 with `value`; one (before, after) per dimension."""
    output_shape = tuple(
        before + size + after for size, (before, after) in zip(input_shape, paddings, strict=True)
    )
    data = np.array(paddings, dtype=np.int32)
    tensors = [
        T("input", input_shape, scale=scale, zero_point=zero_point),
        T("paddings", data.shape, "int32", data=data),
        T("output", output_shape, scale=scale, zero_point=zero_point),
    ]
    if value is None:
        return build_model(tensors, [O("PAD", (0, 1), (2,))], [0], [2])
    constant = np.array([value], dtype=np.int8)
    tensors.append(T("value", (1,), "int8", scale, zero_point, data=constant))
    return build_model(tensors, [O("PADV2", (0, 1, 3), (2,))], [0], [2])


def softmax_model(
    input_shape: tuple[int, ...],
    *,
    beta: float = 1.0,
    input_scale: float = 0.1,
    input_zero_point: int = 0,
) -> bytes:
    """SOFTMAX over the last dimension; the output is 1/256, -128 as the kernel demands."""
    return unary_model(
        "SOFTMAX", input_shape, input_shape, {"beta": beta}, input_scale=input_scale,
        input_zero_point=input_zero_point, output_scale=1 / 256, output_zero_point=-128,
    )  # fmt: skip


FIXED_OUTPUTS = {
    "LOGISTIC": (1 / 256, -128),
    "TANH": (1 / 128, 0),
    "LOG_SOFTMAX": (1 / 16, 127),
    "L2_NORMALIZATION": (1 / 128, 0),
}
"""Scale and zero point that the kernels demand."""


def fixed_output_model(
    name: str,
    input_shape: tuple[int, ...],
    options: Mapping[str, Any] | None = None,
    *,
    input_scale: float = 0.1,
    input_zero_point: int = 0,
) -> bytes:
    """An op of FIXED_OUTPUTS."""
    scale, zero_point = FIXED_OUTPUTS[name]
    return unary_model(
        name, input_shape, input_shape, options, input_scale=input_scale,
        input_zero_point=input_zero_point, output_scale=scale, output_zero_point=zero_point,
    )  # fmt: skip


def logistic_model(
    input_shape: tuple[int, ...], *, input_scale: float = 0.1, input_zero_point: int = 0
) -> bytes:
    """LOGISTIC, as `fixed_output_model`."""
    return fixed_output_model(
        "LOGISTIC", input_shape, input_scale=input_scale, input_zero_point=input_zero_point
    )


def concatenation_model(
    shape: tuple[int, ...],
    parts: Sequence[int | NDArray[np.int8] | None],
    axis: int,
    *,
    zero_point: int = 3,
) -> bytes:
    """CONCATENATION of the input (None), of the input PADded by so many elements along `axis`, and
    of constants; the input may be one of them several times."""
    quantized: dict[str, Any] = {"scale": 0.05, "zero_point": zero_point}
    place, rank = axis % len(shape), len(shape)
    tensors, ops, joined, size = [T("input", shape, **quantized)], [], [], 0
    for part in parts:
        mine = list(shape)
        if part is None:
            joined.append(0)
        elif isinstance(part, int):
            mine[place] += part
            pads = np.array([(0, part if at == place else 0) for at in range(rank)], np.int32)
            tensors += [
                T("pads", pads.shape, "int32", data=pads),
                T("pad", tuple(mine), **quantized),
            ]
            ops.append(O("PAD", (0, len(tensors) - 2), (len(tensors) - 1,)))
            joined.append(len(tensors) - 1)
        else:
            mine = list(part.shape)
            tensors.append(T("constant", part.shape, data=part, **quantized))
            joined.append(len(tensors) - 1)
        size += mine[place]
    tensors.append(T("output", (*shape[:place], size, *shape[place + 1 :]), **quantized))
    options = {"axis": axis, "fused_activation_function": "NONE"}
    ops.append(O("CONCATENATION", tuple(joined), (len(tensors) - 1,), options))
    return build_model(tensors, ops, [0], [len(tensors) - 1])


def reshape_model(input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bytes:
    shape = np.array(output_shape, dtype=np.int32)
    tensors = [
        T("input", input_shape, scale=0.05),
        T("shape", shape.shape, "int32", data=shape),
        T("output", output_shape, scale=0.05),
    ]
    options = {"new_shape": shape}
    return build_model(tensors, [O("RESHAPE", (0, 1), (2,), options)], [0], [2])


def unary_model(
    name: str,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    options: Mapping[str, Any] | None = None,
    *,
    input_dtype: str = "int8",
    output_dtype: str = "int8",
    input_scale: float | None = 0.05,
    input_zero_point: int = 0,
    output_scale: float | None = 0.05,
    output_zero_point: int = 0,
) -> bytes:
    """One input, one output: RELU, RELU6, QUANTIZE, DEQUANTIZE, pools, SOFTMAX."""
    tensors = [
        T("input", input_shape, input_dtype, input_scale, input_zero_point),
        T("output", output_shape, output_dtype, output_scale, output_zero_point),
    ]
    return build_model(tensors, [O(name, (0,), (1,), options or {})], [0], [1])
