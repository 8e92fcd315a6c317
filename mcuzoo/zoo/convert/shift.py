"""Activations from UINT8 to INT8: the same real values, every integer 128 lower."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcuzoo.graph.model import DType, Model, Quantization, Tensor
from mcuzoo.zoo.convert.operators import CONVERSIONS

SHIFT = 128


def computes_in_uint8(model: Model) -> bool:
    """Whether an op other than a conversion reads or writes UINT8."""
    return any(
        model.tensor(index).dtype is DType.UINT8
        for op in model.ops
        if op.name not in CONVERSIONS
        for index in (*op.inputs, *op.outputs)
        if index != -1
    )


def shifted(tensor: Tensor) -> Tensor:
    """A UINT8 tensor, constant or not, as INT8 with the same scale; exact for every value."""
    quantization = tensor.quantization
    assert tensor.dtype is DType.UINT8 and quantization is not None
    data = tensor.data
    return replace(
        tensor,
        dtype=DType.INT8,
        quantization=Quantization(quantization.scales, quantization.zero_points - SHIFT),
        data=None if data is None else (data.astype(np.int16) - SHIFT).astype(np.int8),
    )


def with_fixed_output(tensor: Tensor) -> Tensor:
    """Give an op the scale 1/256 and zero point -128 exactly, as its INT8 kernel demands."""
    exact = Quantization(np.array([1 / 256], np.float32), np.array([-SHIFT], np.int64))
    return replace(tensor, quantization=exact)
