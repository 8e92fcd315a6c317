"""A block as MobileNetV2 has it, between others: expand, depthwise, project, and the sum of both
branches; its tensors are as large as a test wants."""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers.tflite_builder import O, T, build_model

ONE = {
    "stride_h": 1, "stride_w": 1, "dilation_h_factor": 1, "dilation_w_factor": 1,
    "fused_activation_function": "NONE", "padding": "SAME",
}  # fmt: skip
RELU = {**ONE, "fused_activation_function": "RELU6"}


def residual_net(size: int = 12, wide: int = 24, seed: int = 3) -> bytes:
    """int8 (1, size, size, 3) -> CONV 8 -> [CONV wide, DEPTHWISE, CONV 8] ADD -> CONV wide, PAD,
    DEPTHWISE at stride 2 -> CONV 8 -> int8 (1, size / 2, size / 2, 8). `size` is even."""
    rng = np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
        return rng.integers(-127, 128, shape, dtype=np.int8)

    half = size // 2
    pads = np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32)
    low: dict[str, Any] = {"scale": 0.0235, "zero_point": -128}
    tensors = [
        T("image", (1, size, size, 3), scale=0.02, zero_point=-1),
        T("stem/w", (8, 3, 3, 3), scale=0.01, data=weights(8, 3, 3, 3)),
        T("stem", (1, size, size, 8), scale=0.05, zero_point=4),
        T("expand/w", (wide, 1, 1, 8), scale=0.01, data=weights(wide, 1, 1, 8)),
        T("expand", (1, size, size, wide), **low),
        T("depthwise/w", (1, 3, 3, wide), scale=0.01, axis=3, data=weights(1, 3, 3, wide)),
        T("depthwise", (1, size, size, wide), **low),
        T("project/w", (8, 1, 1, wide), scale=0.01, data=weights(8, 1, 1, wide)),
        T("project", (1, size, size, 8), scale=0.06, zero_point=-7),
        T("sum", (1, size, size, 8), scale=0.08, zero_point=2),
        T("again/w", (wide, 1, 1, 8), scale=0.01, data=weights(wide, 1, 1, 8)),
        T("again", (1, size, size, wide), **low),
        T("pads", (4, 2), "int32", data=pads),
        T("padded", (1, size + 2, size + 2, wide), **low),
        T("halve/w", (1, 3, 3, wide), scale=0.01, axis=3, data=weights(1, 3, 3, wide)),
        T("halve", (1, half, half, wide), **low),
        T("last/w", (8, 1, 1, wide), scale=0.01, data=weights(8, 1, 1, wide)),
        T("last", (1, half, half, 8), scale=0.06, zero_point=-7),
    ]
    halving = {**RELU, "padding": "VALID", "stride_h": 2, "stride_w": 2, "depth_multiplier": 1}
    ops = [
        O("CONV_2D", (0, 1), (2,), ONE),
        O("CONV_2D", (2, 3), (4,), RELU),
        O("DEPTHWISE_CONV_2D", (4, 5), (6,), {**RELU, "depth_multiplier": 1}),
        O("CONV_2D", (6, 7), (8,), ONE),
        O("ADD", (2, 8), (9,)),
        O("CONV_2D", (9, 10), (11,), RELU),
        O("PAD", (11, 12), (13,)),
        O("DEPTHWISE_CONV_2D", (13, 14), (15,), halving),
        O("CONV_2D", (15, 16), (17,), ONE),
    ]
    return build_model(tensors, ops, [0], [17])
