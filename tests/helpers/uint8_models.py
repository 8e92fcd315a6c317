"""Small UINT8 models as older converters wrote them: one zero point for all the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from helpers.tflite_file import O, T, build_model
from numpy.typing import NDArray

INPUT_SCALE, WEIGHT_SCALE = 0.03125, 0.0078125
_WINDOW: Mapping[str, Any] = {
    "padding": "SAME",
    "stride_w": 1,
    "stride_h": 1,
    "dilation_w_factor": 1,
    "dilation_h_factor": 1,
}


def weighted_model(
    name: str,
    weights: NDArray[Any],
    zero_point: int,
    *,
    bias: NDArray[np.int32] | None = None,
    dtype: str = "uint8",
    input_zero: int = 128,
    output_zero: int = 128,
    activation: str = "NONE",
) -> bytes:
    """CONV_2D on weights (out, h, w, in), or DEPTHWISE_CONV_2D that uses only the first `out`."""
    options: dict[str, Any] = {**_WINDOW, "fused_activation_function": activation}
    depth = weights.shape[3]
    channels = weights.shape[0]
    if name == "DEPTHWISE_CONV_2D":
        weights, channels = weights[:1], depth
        options["depth_multiplier"] = 1
    if bias is None:
        bias = np.arange(-200, 300, 137, dtype=np.int32).repeat(4)[:channels]
    tensors = [
        T("input", (1, 5, 5, depth), dtype, INPUT_SCALE, input_zero),
        T("weights", weights.shape, dtype, WEIGHT_SCALE, zero_point, data=weights),
        T("bias", (channels,), "int32", INPUT_SCALE * WEIGHT_SCALE, data=bias),
        T("output", (1, 5, 5, channels), dtype, 0.125, output_zero),
    ]
    return build_model(tensors, [O(name, (0, 1, 2), (3,), options)], [0], [3])


def dense_model(weights: NDArray[np.uint8], zero_point: int) -> bytes:
    """FULLY_CONNECTED on weights (out, in)."""
    channels, depth = weights.shape
    tensors = [
        T("input", (1, depth), "uint8", INPUT_SCALE, 100),
        T("weights", weights.shape, "uint8", WEIGHT_SCALE, zero_point, data=weights),
        T("bias", (channels,), "int32", INPUT_SCALE * WEIGHT_SCALE,
          data=np.arange(channels, dtype=np.int32) * 50),
        T("output", (1, channels), "uint8", 0.25, 90),
    ]  # fmt: skip
    return build_model(tensors, [O("FULLY_CONNECTED", (0, 1, 2), (3,))], [0], [3])


def uint8_net(float_ends: bool = False, last_pool: str = "AVERAGE_POOL_2D") -> bytes:
    """CONV_2D, MAX_POOL_2D, ADD of a constant, another pool, RESHAPE, SOFTMAX; 4x4x2 to 6.

    The weights stay within 127 of their zero point.
    """
    rng = np.random.default_rng(5)
    weights = rng.integers(0, 229, (6, 3, 3, 2), dtype=np.uint8)
    addend = rng.integers(0, 256, (6,), dtype=np.uint8)
    shape = np.array([1, 6], dtype=np.int32)
    pool = {"padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2}
    scale, zero_point = 0.07, 121
    tensors = [
        T("input", (1, 4, 4, 2), "uint8", 0.0078125, 128),
        T("weights", weights.shape, "uint8", 0.04, 101, data=weights),
        T("bias", (6,), "int32", 0.0003125, data=rng.integers(-500, 500, 6, dtype=np.int32)),
        T("convolved", (1, 4, 4, 6), "uint8", scale, zero_point),
        T("highest", (1, 2, 2, 6), "uint8", scale, zero_point),
        T("addend", (6,), "uint8", 0.01, 77, data=addend),
        T("sum", (1, 2, 2, 6), "uint8", scale, zero_point),
        T("mean", (1, 1, 1, 6), "uint8", scale, zero_point),
        T("shape", (2,), "int32", data=shape),
        T("flat", (1, 6), "uint8", scale, zero_point),
        T("scores", (1, 6), "uint8", 1 / 256, 0),
    ]
    ops = [
        O("CONV_2D", (0, 1, 2), (3,), _WINDOW),
        O("MAX_POOL_2D", (3,), (4,), pool),
        O("ADD", (4, 5), (6,)),
        O(last_pool, (6,), (7,), pool),
        O("RESHAPE", (7, 8), (9,), {"new_shape": shape}),
        O("SOFTMAX", (9,), (10,), {"beta": 1.0}),
    ]
    if not float_ends:
        return build_model(tensors, ops, [0], [10])
    tensors += [T("image", (1, 4, 4, 2), "float32"), T("real", (1, 6), "float32")]
    ops = [O("QUANTIZE", (11,), (0,)), *ops, O("DEQUANTIZE", (10,), (12,))]
    return build_model(tensors, ops, [11], [12])
