"""HARD_SWISH, which TFLM alone runs."""

from __future__ import annotations

import numpy as np

from mcuzoo.graph.fixedpoint import quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common.rules import MAX_LEFT_SHIFT, Refusal, one_to_one, same_shape
from mcuzoo.ops.operator import tflm_alone

_HARD_SWISH_FINER = np.float32(1 / 128)
_RELUISH_SCALE = np.float32(3 / 32768)


def demands(model: Model, op: Op) -> None:
    """HARD_SWISH."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    if source.dtype is not DType.INT8:
        return
    finer = _HARD_SWISH_FINER * quantization_of(source).scales[0]
    if quantize_multiplier(float(finer / quantization_of(target).scales[0]))[1] > 0:
        raise Refusal("has a scale too small for the input's", target.index)
    if quantize_multiplier(float(finer / _RELUISH_SCALE))[1] > MAX_LEFT_SHIFT:
        raise Refusal("has a scale too large", source.index)


OPERATOR = tflm_alone("HARD_SWISH", "AddHardSwish", demands)
