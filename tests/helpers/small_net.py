"""A network of a few hundred weights that uses every kind of op: for planners, fuzzers, engines."""

from __future__ import annotations

import numpy as np
from helpers.tflite_builder import O, T, build_model

CONVOLUTION = {
    "padding": "SAME",
    "stride_h": 1,
    "stride_w": 1,
    "dilation_h_factor": 1,
    "dilation_w_factor": 1,
    "fused_activation_function": "RELU6",
}
POOL = {
    "padding": "VALID",
    "stride_h": 2,
    "stride_w": 2,
    "filter_width": 2,
    "filter_height": 2,
}


def small_net(seed: int = 0) -> bytes:
    """int8 (1, 4, 4, 2) -> CONV, DEPTHWISE, ADD, AVERAGE_POOL, PAD, MAX_POOL, RESHAPE,
    FULLY_CONNECTED, SOFTMAX, DEQUANTIZE -> float32 (1, 5)."""
    rng = np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
        return rng.integers(-127, 128, shape, dtype=np.int8)

    scales = [0.01, 0.02, 0.03, 0.04]
    bias = rng.integers(-500, 500, 4, dtype=np.int32)
    paddings = np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32)
    shape = np.array([1, 16], np.int32)
    tensors = [
        T("image", (1, 4, 4, 2), scale=0.1),
        T("conv/w", (4, 3, 3, 2), scale=scales, data=weights(4, 3, 3, 2)),
        T("bias", (4,), "int32", scale=[0.001, 0.002, 0.003, 0.004], data=bias),
        T("conv", (1, 4, 4, 4), scale=0.05, zero_point=-128),
        T("depthwise/w", (1, 3, 3, 4), scale=scales, axis=3, data=weights(1, 3, 3, 4)),
        T("depthwise", (1, 4, 4, 4), scale=0.05, zero_point=-128),
        T("sum", (1, 4, 4, 4), scale=0.1, zero_point=-100),
        T("average", (1, 2, 2, 4), scale=0.1, zero_point=-100),
        T("paddings", (4, 2), "int32", data=paddings),
        T("padded", (1, 4, 4, 4), scale=0.1, zero_point=-100),
        T("largest", (1, 2, 2, 4), scale=0.1, zero_point=-100),
        T("shape", (2,), "int32", data=shape),
        T("row", (1, 16), scale=0.1, zero_point=-100),
        T("dense/w", (5, 16), scale=0.02, data=weights(5, 16)),
        T("logits", (1, 5), scale=0.4, zero_point=4),
        T("scores", (1, 5), scale=1 / 256, zero_point=-128),
        T("probabilities", (1, 5), "float32"),
    ]
    ops = [
        O("CONV_2D", (0, 1, 2), (3,), CONVOLUTION),
        O("DEPTHWISE_CONV_2D", (3, 4, 2), (5,), {**CONVOLUTION, "depth_multiplier": 1}),
        O("ADD", (3, 5), (6,)),
        O("AVERAGE_POOL_2D", (6,), (7,), POOL),
        O("PAD", (7, 8), (9,)),
        O("MAX_POOL_2D", (9,), (10,), POOL),
        O("RESHAPE", (10, 11), (12,), {"new_shape": shape}),
        O("FULLY_CONNECTED", (12, 13), (14,)),
        O("SOFTMAX", (14,), (15,), {"beta": 1.0}),
        O("DEQUANTIZE", (15,), (16,)),
    ]
    return build_model(tensors, ops, [0], [16])
