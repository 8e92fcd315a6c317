"""A network of the ops that TFLM has beside those of the ahead-of-time runtime; and of a few of
its own that no other net of the tests has in its middle."""

from __future__ import annotations

import numpy as np
from helpers.tflite_builder import O, T, build_model

RESIZED = np.array([6, 6], np.int32)


def wide_net() -> bytes:
    """int8 (1, 4, 4, 4) -> each op once -> float32 (1, 8)."""
    alpha = np.array([[[40, -30, 20, 100]]], np.int8)
    begin, end, strides = (
        np.array(values, np.int32) for values in ([0, 1, 1, 0], [1, 6, 6, 8], [1, 1, 1, 1])
    )
    order = np.array([0, 2, 1, 3], np.int32)
    paddings = np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32)
    small, wide = (1, 4, 4, 4), (1, 4, 4, 8)

    def same(name: str, shape: tuple[int, ...]) -> T:
        return T(name, shape, scale=0.05, zero_point=-3)

    tensors = [
        same("image", small),
        T("logistic", small, scale=1 / 256, zero_point=-128),
        T("tanh", small, scale=1 / 128),
        same("hard swish", small),
        same("product", small),
        same("difference", small),
        T("alpha", (1, 1, 4), scale=0.01, data=alpha),
        same("prelu", small),
        same("leaky", small),
        same("larger", small),
        same("smaller", small),
        same("both", wide),
        T("size", (2,), "int32", data=RESIZED),
        same("bilinear", (1, 6, 6, 8)),
        T("begin", (4,), "int32", data=begin),
        T("end", (4,), "int32", data=end),
        T("strides", (4,), "int32", data=strides),
        same("inner", (1, 5, 5, 8)),
        same("nearest", (1, 6, 6, 8)),
        T("order", (4,), "int32", data=order),
        same("turned", (1, 6, 6, 8)),
        same("relu", (1, 6, 6, 8)),
        same("relu6", (1, 6, 6, 8)),
        T("finer", (1, 6, 6, 8), scale=0.03, zero_point=5),
        T("paddings", (4, 2), "int32", data=paddings),
        T("filler", (1,), scale=0.03, zero_point=5, data=np.array([7], np.int8)),
        T("padded", (1, 8, 8, 8), scale=0.03, zero_point=5),
        T("axes", (2,), "int32", data=np.array([1, 2], np.int32)),
        T("mean", (1, 8), scale=0.02, zero_point=1),
        T("means", (1, 8), "float32"),
    ]
    ops = [
        O("LOGISTIC", (0,), (1,)),
        O("TANH", (0,), (2,)),
        O("HARD_SWISH", (0,), (3,)),
        O("MUL", (1, 2), (4,), {"fused_activation_function": "NONE"}),
        O("SUB", (4, 3), (5,), {"fused_activation_function": "NONE"}),
        O("PRELU", (5, 6), (7,)),
        O("LEAKY_RELU", (7,), (8,), {"alpha": 0.3}),
        O("MAXIMUM", (5, 8), (9,)),
        O("MINIMUM", (9, 7), (10,)),
        O("CONCATENATION", (10, 8), (11,), {"axis": 3}),
        O("RESIZE_BILINEAR", (11, 12), (13,), {"half_pixel_centers": True}),
        O("STRIDED_SLICE", (13, 14, 15, 16), (17,)),
        O("RESIZE_NEAREST_NEIGHBOR", (17, 12), (18,)),
        O("TRANSPOSE", (18, 19), (20,)),
        O("RELU", (20,), (21,)),
        O("RELU6", (21,), (22,)),
        O("QUANTIZE", (22,), (23,)),
        O("PADV2", (23, 24, 25), (26,)),
        O("MEAN", (26, 27), (28,), {"keep_dims": False}),
        O("DEQUANTIZE", (28,), (29,)),
    ]
    return build_model(tensors, ops, [0], [29])
