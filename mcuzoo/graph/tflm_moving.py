"""TFLM's demands of the ops that move, resize or reduce, and compute little."""

from __future__ import annotations

import math

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import mean_requantization
from mcuzoo.graph.rules import (
    Refusal,
    arity,
    constant,
    input_tensor,
    output_tensor,
    same_shape,
    shifts_in_range,
    shown,
)
from mcuzoo.graph.rules_other import mean_shape, padded_shape
from mcuzoo.graph.rules_weighted import MAX_REACH
from mcuzoo.graph.tflm_rules import (
    REAL,
    carried,
    operand,
    per_tensor,
    same_quantization,
    same_type,
)

# CMSIS-NN's kernels for int8 know four dimensions, TFLM's for slices, too.
MAX_MOVED_RANK = 4
# ResolveAxis writes so many into its parameters, for floats.
MAX_FLOAT_AXES = 4
# concatenation.cc, kMaxInputNum.
MAX_CONCATENATED = 10
# TfLiteReshapeParams holds so many.
MAX_NEW_SHAPE = 8
CONCATENATED = frozenset(
    (DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL)
)
PADDED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32))
SLICED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.BOOL))
TURNED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16))
# In ResizeBilinearInteger a pixel is 2**10 steps.
_PIXEL_STEPS = 1 << 10


def mean(model: Model, op: Op) -> None:
    """MEAN over constant axes."""
    arity(op, range(2, 3))
    source, axes = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    for tensor in (source, target):
        operand(tensor)
    same_type(target, source)
    same_shape(target, mean_shape(source, axes, bool(op.options["keep_dims"])))
    if axes.elements == 0:
        raise Refusal("names no axis", axes.index)
    if source.dtype is DType.INT8:
        count = source.elements // target.elements
        shifts_in_range(mean_requantization(model, op, count).shifts)
    elif axes.elements > MAX_FLOAT_AXES:
        raise Refusal(f"names {axes.elements} axes, more than {MAX_FLOAT_AXES}", axes.index)


def pad(model: Model, op: Op) -> None:
    """PAD and PADV2, by zeros (the zero point) or one constant value."""
    arity(op, range(2, 4))
    source, target = _moved(model, op, PADDED)
    same_shape(target, padded_shape(source, input_tensor(model, op, 1)))
    if source.dtype is DType.INT8:
        for tensor in (source, target):
            per_tensor(tensor)
    if len(op.inputs) == 3:
        value = input_tensor(model, op, 2)
        constant(value, source.dtype)
        if value.elements != 1:
            raise Refusal(f"holds {value.elements} values, not one", value.index)
        if source.dtype is DType.INT8:
            same_quantization(value, target, "the output")


def concatenation(model: Model, op: Op) -> None:
    """CONCATENATION of up to ten tensors."""
    arity(op, range(1, MAX_CONCATENATED + 1))
    sources = [input_tensor(model, op, place) for place in range(len(op.inputs))]
    target = output_tensor(model, op)
    rank = len(target.shape)
    axis = int(op.options["axis"])
    if not -rank <= axis < rank:
        raise Refusal(f"its axis is {axis} of {rank}")
    axis %= rank
    if op.options["fused_activation_function"] != "NONE":
        raise Refusal(f"it fuses {op.options['fused_activation_function']}")
    carried(target, CONCATENATED)
    for source in sources:
        carried(source, CONCATENATED)
        same_type(source, target)
        _joins(source, target, axis)
        if source.dtype is DType.INT8:
            same_quantization(source, target, "the output")
        elif source.dtype is DType.INT16 and _zero_point(source) | _zero_point(target):
            raise Refusal("is int16 with a zero point", source.index)
    if sum(source.shape[axis] for source in sources) != target.shape[axis]:
        raise Refusal(f"has the shape {list(target.shape)}", target.index)


def reshape(model: Model, op: Op) -> None:
    """RESHAPE: the same values under another shape; whatever a second input says."""
    arity(op, range(1, 3))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    if len(op.options["new_shape"]) > MAX_NEW_SHAPE:
        raise Refusal(f"its new_shape has {len(op.options['new_shape'])} dimensions")
    if source.elements == 0:
        raise Refusal(f"of shape {list(source.shape)} is empty", source.index)
    same_type(target, source)
    if target.elements != source.elements:
        raise Refusal("differs from the input in size", target.index)


def resize_bilinear(model: Model, op: Op) -> None:
    """RESIZE_BILINEAR to a constant size."""
    source, target = _resized(model, op, REAL)
    corners, centers = _resize_options(op)
    if corners and centers:
        raise Refusal("it has align_corners and half_pixel_centers")
    if source.dtype is DType.INT8:
        for before, after in zip(source.shape[1:3], target.shape[1:3], strict=True):
            if _last_row(before, after, corners, centers) >= before:
                raise Refusal(f"resizes {before} to {after}, beyond TFLM's precision", target.index)


def resize_nearest(model: Model, op: Op) -> None:
    """RESIZE_NEAREST_NEIGHBOR to a constant size."""
    _resized(model, op, TURNED)


def strided_slice(model: Model, op: Op) -> None:
    """STRIDED_SLICE with constant begin, end and strides of the input's rank."""
    arity(op, range(4, 5))
    source, target = _moved(model, op, SLICED)
    for name in ("ellipsis_mask", "new_axis_mask", "offset"):
        if op.options[name]:
            raise Refusal(f"it has the {name}, which TFLM ignores")
    rank = len(source.shape)
    bounds = []
    for place in (1, 2, 3):
        tensor = input_tensor(model, op, place)
        values = constant(tensor, DType.INT32).reshape(-1).tolist()
        if len(values) != rank:
            raise Refusal(f"holds {len(values)} values, not {rank}", tensor.index)
        bounds.append(values)
    shape: list[int] = []
    for axis, (size, begin, end, stride) in enumerate(zip(source.shape, *bounds, strict=True)):
        if not 1 <= abs(stride) <= MAX_REACH:
            raise Refusal(f"has a stride of {stride}", op.inputs[3])
        masks = [bool(int(op.options[f"{name}_mask"]) >> axis & 1) for name in ("begin", "end")]
        start, stop = _slice_bounds(size, begin, end, stride, masks[0], masks[1])
        if int(op.options["shrink_axis_mask"]) >> axis & 1:
            if stride != 1 or not 0 <= start < size:
                raise Refusal(f"shrinks axis {axis} from {begin} by {stride}", op.inputs[1])
        else:
            shape.append(max(0, -(-(stop - start) // stride)))
    same_shape(target, tuple(shape))


def transpose(model: Model, op: Op) -> None:
    """TRANSPOSE by a constant permutation."""
    arity(op, range(2, 3))
    source, target = _moved(model, op, TURNED)
    order = input_tensor(model, op, 1)
    values = constant(order, DType.INT32)
    if values.ndim != 1 or sorted(values) != list(range(len(source.shape))):
        raise Refusal(f"holds {shown(values)}", order.index)
    same_shape(target, tuple(source.shape[int(axis)] for axis in values))


def _moved(model: Model, op: Op, kinds: frozenset[DType]) -> tuple[Tensor, Tensor]:
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    for tensor in (source, target):
        carried(tensor, kinds, MAX_MOVED_RANK)
    same_type(target, source)
    if not source.shape:
        raise Refusal("has no dimension", source.index)
    return source, target


def _resized(model: Model, op: Op, kinds: frozenset[DType]) -> tuple[Tensor, Tensor]:
    arity(op, range(2, 3))
    source, target = _moved(model, op, kinds)
    if len(source.shape) != 4:
        raise Refusal(f"has {len(source.shape)} dimensions, not 4", source.index)
    size = input_tensor(model, op, 1)
    values = constant(size, DType.INT32)
    if values.shape != (2,) or values.min() < 1 or max(*values, *source.shape[1:3]) > MAX_REACH:
        raise Refusal(f"holds {shown(values)}", size.index)
    same_shape(target, (source.shape[0], int(values[0]), int(values[1]), source.shape[3]))
    return source, target


def _resize_options(op: Op) -> tuple[bool, bool]:
    return bool(op.options["align_corners"]), bool(op.options["half_pixel_centers"])


def _last_row(before: int, after: int, corners: bool, centers: bool) -> int:
    """The first of the two rows that ResizeBilinearInteger mixes for its last output row; its
    scale is rounded to 2**-10, so that it may lie behind the image."""
    if corners and after > 1:
        scale = (_PIXEL_STEPS * (before - 1) + (after - 1) // 2) // (after - 1)
    else:
        scale = (_PIXEL_STEPS * before + after // 2) // after
    place = (after - 1) * scale + (scale // 2 - _PIXEL_STEPS // 2 if centers else 0)
    return max(0, place) // _PIXEL_STEPS


def _joins(source: Tensor, target: Tensor, axis: int) -> None:
    kept = [size for place, size in enumerate(source.shape) if place != axis]
    wanted = [size for place, size in enumerate(target.shape) if place != axis]
    if len(source.shape) != len(target.shape) or kept != wanted:
        raise Refusal(
            f"has the shape {list(source.shape)}, the output {list(target.shape)}", source.index
        )


def _zero_point(tensor: Tensor) -> int:
    return tensor.quantization.zero_point if tensor.quantization else 0


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
