"""STRIDED_SLICE, which TFLM alone runs."""

from __future__ import annotations

import math

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.operator import tflm_alone

SLICED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.BOOL))


def demands(model: Model, op: Op) -> None:
    """STRIDED_SLICE with constant begin, end and strides of the input's rank."""
    rules.arity(op, range(4, 5))
    source, target = rules.moved(model, op, SLICED)
    for name in ("ellipsis_mask", "new_axis_mask", "offset"):
        if op.options[name]:
            raise rules.Refusal(f"it has the {name}, which TFLM ignores")
    rank = len(source.shape)
    bounds = []
    for place in (1, 2, 3):
        tensor = rules.input_tensor(model, op, place)
        values = rules.constant(tensor, DType.INT32).reshape(-1).tolist()
        if len(values) != rank:
            raise rules.Refusal(f"holds {len(values)} values, not {rank}", tensor.index)
        bounds.append(values)
    shape: list[int] = []
    for axis, (size, begin, end, stride) in enumerate(zip(source.shape, *bounds, strict=True)):
        if not 1 <= abs(stride) <= rules.MAX_REACH:
            raise rules.Refusal(f"has a stride of {stride}", op.inputs[3])
        masks = [bool(int(op.options[f"{name}_mask"]) >> axis & 1) for name in ("begin", "end")]
        start, stop = _slice_bounds(size, begin, end, stride, masks[0], masks[1])
        if int(op.options["shrink_axis_mask"]) >> axis & 1:
            if stride != 1 or not 0 <= start < size:
                raise rules.Refusal(f"shrinks axis {axis} from {begin} by {stride}", op.inputs[1])
        else:
            shape.append(max(0, -(-(stop - start) // stride)))
    rules.same_shape(target, tuple(shape))


def _slice_bounds(
    size: int, begin: int, end: int, stride: int, from_start: bool, to_end: bool
) -> tuple[int, int]:
    """StartForAxis and StopForAxis of strided_slice_logic.h, negative places from the end."""
    low, high = (0, size) if stride > 0 else (-1, size - 1)
    start: float = begin + size if begin < 0 else begin
    stop: float = end + size if end < 0 else end
    if from_start:
        start = -math.inf if stride > 0 else math.inf
    if to_end:
        stop = math.inf if stride > 0 else -math.inf
    return int(min(max(start, low), high)), int(min(max(stop, low), high))


OPERATOR = tflm_alone("STRIDED_SLICE", "AddStridedSlice", demands)
