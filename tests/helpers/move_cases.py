"""Models of operators that move bytes, drawn by hypothesis: any axes, strides, masks and sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from helpers import tflite_builder as build
from helpers.op_cases import (
    CHANNELS,
    SEEDS,
    ZERO_POINTS,
    biases,
    layer_quantization,
    weights,
)
from helpers.tflite_builder import O, T
from hypothesis import assume
from hypothesis import strategies as st

Shape = tuple[int, ...]


def ints(values: Any, dtype: str = "int32") -> T:
    data = np.array(values, dtype)
    return T("numbers", data.shape, dtype, data=data)


def moved(name: str, inputs: list[T], output: T, **options: Any) -> bytes:
    """A model of one operator on `inputs[0]`, from one row of values to another.

    A QUANTIZE comes first: what moves the model's input alone, mcuzoo may leave to the host.
    """
    source, *numbers = inputs
    quantization: dict[str, Any] = {"scale": 0.1, "zero_point": source.zero_point}
    tensors = [
        T("image", (1, int(np.prod(source.shape))), scale=0.05, zero_point=source.zero_point),
        T("row", (1, int(np.prod(source.shape))), **quantization),
        source,
        output,
        T("made", (1, int(np.prod(output.shape))), **quantization),
        *numbers,
    ]
    ops = [
        O("QUANTIZE", (0,), (1,)),
        O("RESHAPE", (1,), (2,), {"new_shape": list(source.shape)}),
        O(name, (2, *range(5, len(tensors))), (3,), options),
        O("RESHAPE", (3,), (4,), {"new_shape": list(tensors[4].shape)}),
    ]
    return build.build_model(tensors, ops, [0], [4])


def shapes(low: int = 1, high: int = 4) -> st.SearchStrategy[Shape]:
    return st.lists(st.integers(1, 6), min_size=low, max_size=high).map(tuple)


@st.composite
def pairs(draw: st.DrawFn) -> Callable[..., T]:
    """Makes int8 tensors that are quantized alike."""
    zero_point = draw(ZERO_POINTS)

    def make(*shape: int) -> T:
        return T("tensor", shape, scale=0.1, zero_point=zero_point)

    return make


@st.composite
def transposes(draw: st.DrawFn) -> bytes:
    shape = draw(shapes(high=5))
    order = draw(st.permutations(range(len(shape))))
    make = draw(pairs())
    turned = [shape[axis] for axis in order]
    return moved("TRANSPOSE", [make(*shape), ints(order)], make(*turned))


@st.composite
def strided_slices(draw: st.DrawFn) -> bytes:
    """Any bounds, also beyond the ends, either direction, all masks; something is left."""
    shape = draw(shapes())
    bound, bits = st.integers(-8, 8), st.integers(0, 2 ** len(shape) - 1)
    begin, end = ([draw(bound) for _ in shape] for _ in range(2))
    step = [draw(st.sampled_from([1, 1, 2, 3, -1, -2])) for _ in shape]
    masks = {name: draw(bits) for name in ("begin_mask", "end_mask")}
    shrink = draw(st.one_of(st.just(0), bits))
    index: list[Any] = []
    for axis, size in enumerate(shape):
        if shrink >> axis & 1:
            step[axis] = 1
            place = 0 if masks["begin_mask"] >> axis & 1 else begin[axis]
            assume(-size <= place < size)
            index.append(place)
            continue
        first = None if masks["begin_mask"] >> axis & 1 else begin[axis]
        last = None if masks["end_mask"] >> axis & 1 else end[axis]
        index.append(slice(first, last, step[axis]))
    left = np.empty(shape)[tuple(index)].shape
    assume(np.prod(left) > 0)
    make = draw(pairs())
    return moved(
        "STRIDED_SLICE",
        [make(*shape), ints(begin), ints(end), ints(step)],
        make(*left),
        **masks,
        shrink_axis_mask=shrink,
    )


@st.composite
def slices(draw: st.DrawFn) -> bytes:
    shape = draw(shapes(high=5))
    begin = [draw(st.integers(0, size - 1)) for size in shape]
    left = [draw(st.integers(1, size - first)) for size, first in zip(shape, begin, strict=True)]
    sizes = [
        draw(st.sampled_from([-1, taken])) if first + taken == size else taken
        for size, first, taken in zip(shape, begin, left, strict=True)
    ]
    make, dtype = draw(pairs()), draw(st.sampled_from(["int32", "int64"]))
    return moved("SLICE", [make(*shape), ints(begin, dtype), ints(sizes, dtype)], make(*left))


@st.composite
def splits(draw: st.DrawFn) -> bytes:
    """SPLIT or SPLIT_V, and the parts joined in another order; or only one of them used."""
    shape = list(draw(shapes()))
    axis = draw(st.integers(0, len(shape) - 1))
    named = axis - draw(st.sampled_from([0, len(shape)]))
    make, kind = draw(pairs()), draw(st.sampled_from(["SPLIT", "SPLIT_V"]))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    if kind == "SPLIT":
        sizes = [sizes[0]] * len(sizes)
    shape[axis] = sum(sizes)
    parts = [make(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
    numbers = [ints(named)] if kind == "SPLIT" else [ints(sizes), ints(named)]
    image = len(numbers)
    first = image + 1
    outputs = tuple(range(first, first + len(parts)))
    inputs = (0, image) if kind == "SPLIT" else (image, 0, 1)
    ops = [O(kind, inputs, outputs, {"num_splits": len(parts)})]
    tensors = [*numbers, make(*shape), *parts]
    if draw(st.booleans()):
        return build.build_model(tensors, ops, [image], [draw(st.sampled_from(outputs))])
    order = draw(st.permutations(outputs))
    ops.append(O("CONCATENATION", tuple(order), (len(tensors),), {"axis": axis}))
    return build.build_model([*tensors, make(*shape)], ops, [image], [len(tensors)])


@st.composite
def packs(draw: st.DrawFn) -> bytes:
    """UNPACK, then PACK along another axis, some parts twice and a constant among them."""
    shape = draw(shapes(2))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    count, inner = shape[axis], tuple(np.delete(shape, axis).tolist())
    make = draw(pairs())
    constant = draw(weights(*inner))
    again = draw(st.lists(st.integers(1, count + 1), min_size=1, max_size=5))
    target = draw(st.integers(-len(shape), len(shape) - 1))
    packed = np.stack([np.empty(inner)] * len(again), target).shape
    tensors = [
        make(*shape),
        *(make(*inner) for _ in range(count)),
        T("constant", inner, scale=0.1, data=constant),
        make(*packed),
    ]
    ops = [
        O("UNPACK", (0,), tuple(range(1, count + 1)), {"num": count, "axis": axis}),
        O("PACK", tuple(again), (count + 2,), {"values_count": len(again), "axis": target}),
    ]
    assume(set(again) != {count + 1})
    return build.build_model(tensors, ops, [0], [count + 2])


@st.composite
def gathers(draw: st.DrawFn) -> bytes:
    shape = draw(shapes(high=5))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    size = shape[axis]
    wanted = draw(shapes(0, 2)) if len(shape) < 5 else (draw(st.integers(1, 7)),)
    count = int(np.prod(wanted))
    places = draw(st.lists(st.integers(0, size - 1), min_size=count, max_size=count))
    positions = np.array(places, np.int32).reshape(wanted)
    make = draw(pairs())
    taken = np.take(np.empty(shape), positions, axis).shape
    return moved("GATHER", [make(*shape), ints(positions)], make(*taken), axis=axis)


@st.composite
def mirror_pads(draw: st.DrawFn) -> bytes:
    shape, mode = draw(shapes()), draw(st.integers(0, 1))
    paddings = []
    for size in shape:
        most = st.integers(0, size - 1 if mode == 0 else size)
        paddings.append((draw(most), draw(most)))
    make, dtype = draw(pairs()), draw(st.sampled_from(["int32", "int64"]))
    padded = np.pad(np.empty(shape), paddings).shape
    return moved("MIRROR_PAD", [make(*shape), ints(paddings, dtype)], make(*padded), mode=mode)


@st.composite
def resizes(draw: st.DrawFn, kind: str) -> bytes:
    batch = 1 if kind == "RESIZE_BILINEAR" else draw(st.integers(1, 2))
    size = st.integers(1, 23)
    height, width, channels = draw(size), draw(size), draw(st.integers(1, 5))
    wanted = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    options = draw(st.sampled_from([{}, {"align_corners": True}, {"half_pixel_centers": True}]))
    make = draw(pairs())
    image, output = make(batch, height, width, channels), make(batch, *wanted, channels)
    return moved(kind, [image, ints(wanted)], output, **options)


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """SPACE_TO_DEPTH or DEPTH_TO_SPACE."""
    size, block = st.integers(1, 4), draw(st.integers(1, 4))
    batch, height, width, channels = (draw(size) for _ in range(4))
    make = draw(pairs())
    wide = make(batch, height * block, width * block, channels)
    deep = make(batch, height, width, channels * block**2)
    kind = draw(st.sampled_from(["SPACE_TO_DEPTH", "DEPTH_TO_SPACE"]))
    source, target = (wide, deep) if kind == "SPACE_TO_DEPTH" else (deep, wide)
    return moved(kind, [source], target, block_size=block)


@st.composite
def broadcasts(draw: st.DrawFn) -> bytes:
    shape = draw(shapes())
    thin = tuple(draw(st.sampled_from([1, size])) for size in shape)
    # TFLM compares a shorter input's axes with the output's last ones.
    source = thin[draw(st.integers(0, len(shape) - 1)) :]
    make, dtype = draw(pairs()), draw(st.sampled_from(["int32", "int64"]))
    return moved("BROADCAST_TO", [make(*source), ints(shape, dtype)], make(*shape))


@st.composite
def tiles(draw: st.DrawFn) -> bytes:
    shape = draw(shapes(high=3))
    times = [draw(st.integers(1, 4)) for _ in shape]
    make, dtype = draw(pairs()), draw(st.sampled_from(["int32", "int64"]))
    made = np.tile(np.empty(shape), times).shape
    return moved("TILE", [make(*shape), ints(times, dtype)], make(*made))


@st.composite
def reversals(draw: st.DrawFn) -> bytes:
    """Along neighbouring axes: TFLM knows no others."""
    shape = draw(shapes(high=5))
    first = draw(st.integers(0, len(shape) - 1))
    last = draw(st.integers(first, len(shape) - 1))
    axes = [axis - draw(st.sampled_from([0, len(shape)])) for axis in range(first, last + 1)]
    make = draw(pairs())
    return moved("REVERSE_V2", [make(*shape), ints(axes)], make(*shape))


@st.composite
def batches(draw: st.DrawFn, padded: bool = False) -> bytes:
    """SPACE_TO_BATCH_ND or, unless padded, BATCH_TO_SPACE_ND with crops."""
    rank = draw(st.integers(1, 2))
    size = st.integers(1, 4)
    block = [draw(st.integers(1, 3)) for _ in range(rank)]
    parts = [draw(size) for _ in range(rank)]
    batch, channels, edges = draw(st.integers(1, 2)), draw(size), []
    to_batch = padded or draw(st.booleans())
    for part, step in zip(parts, block, strict=True):
        most = part * step - 1 if padded or not to_batch else 0
        before = draw(st.integers(0, min(3, most)))
        edges.append((before, draw(st.integers(0, min(3, most - before)))))
    sizes = [
        part * step - before - after
        for part, step, (before, after) in zip(parts, block, edges, strict=True)
    ]
    make = draw(pairs())
    image = make(batch, *sizes, channels)
    apart = make(batch * int(np.prod(block)), *parts, channels)
    if to_batch:
        return moved("SPACE_TO_BATCH_ND", [image, ints(block), ints(edges)], apart)
    return moved("BATCH_TO_SPACE_ND", [apart, ints(block), ints(edges)], image)


@st.composite
def transpose_convolutions(draw: st.DrawFn) -> bytes:
    size, taps, steps = st.integers(1, 6), st.integers(1, 4), st.integers(1, 3)
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    image = draw(size), draw(size)
    window, stride = (draw(taps), draw(taps)), (draw(steps), draw(steps))
    output = tuple(
        pixels * step - draw(st.integers(0, step - 1))
        if padding == "SAME"
        else (pixels - 1) * step + tap + draw(st.integers(0, step - 1))
        for pixels, tap, step in zip(image, window, stride, strict=True)
    )
    depth, channels = draw(CHANNELS), draw(CHANNELS)
    data, bias = draw(weights(channels, *window, depth)), draw(biases(channels))
    numbers = draw(layer_quantization(channels))
    tensors = [
        ints((1, *output, channels)),
        T("weights", data.shape, scale=numbers["weight_scales"], data=data),
        T("image", (1, *image, depth), scale=numbers["input_scale"],
          zero_point=numbers["input_zero_point"]),
        T("output", (1, *output, channels), scale=numbers["output_scale"],
          zero_point=numbers["output_zero_point"]),
    ]  # fmt: skip
    inputs: tuple[int, ...] = (0, 1, 2)
    if bias is not None:
        products = np.float32(numbers["input_scale"]) * np.array(
            numbers["weight_scales"], np.float32
        )
        tensors.append(T("bias", bias.shape, "int32", scale=list(products), data=bias))
        inputs = (0, 1, 2, 4)
    options = {
        "padding": padding,
        "stride_h": stride[0],
        "stride_w": stride[1],
        "fused_activation_function": numbers["activation"],
    }
    return build.build_model(tensors, [O("TRANSPOSE_CONV", inputs, (3,), options)], [2], [3])


@st.composite
def renames(draw: st.DrawFn) -> bytes:
    """What only gives the values another shape, between two operators that compute."""
    shape = list(draw(shapes(1, 2)))
    shape.insert(draw(st.integers(0, len(shape))), 1)
    make = draw(pairs())
    kind = draw(st.sampled_from(["SQUEEZE", "EXPAND_DIMS", "TRANSPOSE"]))
    if kind == "SQUEEZE":
        ones = [axis for axis, size in enumerate(shape) if size == 1]
        options = draw(st.sampled_from([{}, {"squeeze_dims": ones}]))
        numbers, made = [], [size for size in shape if size != 1]
    elif kind == "EXPAND_DIMS":
        axis = draw(st.integers(-len(shape) - 1, len(shape)))
        options, numbers = {}, [ints(axis)]
        made = list(np.expand_dims(np.empty(shape), axis).shape)
    else:
        long = [axis for axis, size in enumerate(shape) if size != 1]
        order = list(long)
        for axis in range(len(shape)):
            if axis not in long:
                order.insert(draw(st.integers(0, len(order))), axis)
        options, numbers, made = {}, [ints(order)], [shape[axis] for axis in order]
    tensors = [make(*shape), make(*shape), make(*made), make(*made), *numbers]
    ops = [
        O("RELU", (0,), (1,)),
        O(kind, (1, *range(4, len(tensors))), (2,), options),
        O("RELU6", (2,), (3,)),
    ]
    return build.build_model(tensors, ops, [0], [3])


MOVES = {
    "transpose": transposes(),
    "strided slice": strided_slices(),
    "slice": slices(),
    "split": splits(),
    "pack": packs(),
    "gather": gathers(),
    "mirror pad": mirror_pads(),
    "resize nearest": resizes("RESIZE_NEAREST_NEIGHBOR"),
    "resize bilinear": resizes("RESIZE_BILINEAR"),
    "blocks": blocks(),
    "broadcast": broadcasts(),
    "reverse": reversals(),
    "batch": batches(),
    "transpose conv": transpose_convolutions(),
    "rename": renames(),
}

BEYOND_TFLM = {"padded batch": batches(padded=True), "tile": tiles()}
"""Those that TFLM does not run, or not as TFLite does."""

__all__ = ["BEYOND_TFLM", "MOVES", "SEEDS"]
