"""A network of every operator that moves bytes, with some that compute between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers.tflite_builder import O, T, build_model


class _Graph:
    """Tensors and ops as they come; all activations are quantized alike."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.tensors = [T("image", shape, scale=0.05, zero_point=-3)]
        self.ops: list[O] = []

    def numbers(self, values: Any) -> int:
        data = np.array(values, np.int32)
        return self._add(T("numbers", data.shape, "int32", data=data))

    def constant(self, shape: tuple[int, ...]) -> int:
        data = np.random.default_rng(5).integers(-127, 128, shape, dtype=np.int8)
        return self._add(T("weights", shape, scale=0.004, data=data))

    def op(self, name: str, inputs: list[int], *shapes: tuple[int, ...], **options: Any) -> Any:
        """Its output, or a list of several."""
        made = [self._add(T(name.lower(), shape, scale=0.05, zero_point=-3)) for shape in shapes]
        self.ops.append(O(name, tuple(inputs), tuple(made), options))
        return made[0] if len(made) == 1 else made

    def _add(self, tensor: T) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def moving_net() -> bytes:
    """int8 (1, 12, 12, 3) -> each op -> int8 (1, 24)."""
    part, wide = (1, 6, 6, 4), (1, 12, 6, 4)
    graph = _Graph((1, 12, 12, 3))
    op, numbers = graph.op, graph.numbers
    deep = op("SPACE_TO_DEPTH", [0], (1, 6, 6, 12), block_size=2)
    first, second, third = op("SPLIT", [numbers(3), deep], part, part, part, num_splits=3)
    first = op("TRANSPOSE", [first, numbers([0, 2, 1, 3])], part)
    edges = numbers([[0, 0], [1, 1], [1, 1], [0, 0]])
    second = op("MIRROR_PAD", [second, edges], (1, 8, 8, 4), mode=0)
    second = op(
        "STRIDED_SLICE",
        [second, numbers([0, 0, 7, 0]), numbers([1, 6, 1, 4]), numbers([1, 1, -1, 1])],
        part,
    )
    third = op("REVERSE_V2", [third, numbers([2])], part)
    joined = op("CONCATENATION", [first, second, third], (1, 18, 6, 4), axis=1)
    more = op("GATHER", [joined, numbers([3, 1, 0, 2, 2])], (1, 18, 6, 5), axis=3)
    cut = op("SLICE", [more, numbers([0, 2, 0, 1]), numbers([1, 16, -1, 4])], (1, 16, 6, 4))
    upper, lower = op(
        "SPLIT_V", [cut, numbers([4, 12]), numbers(1)], (1, 4, 6, 4), wide, num_splits=2
    )
    upper = op("RESIZE_NEAREST_NEIGHBOR", [upper, numbers([12, 6])], wide)
    packed = op("PACK", [upper, lower], (1, 2, 12, 6, 4), values_count=2, axis=1)
    upper, lower = op("UNPACK", [packed], wide, wide, num=2, axis=1)
    both = op("ADD", [upper, lower], wide)
    resized = op("RESIZE_BILINEAR", [both, numbers([8, 8])], (1, 8, 8, 4), half_pixel_centers=True)
    image = op("DEPTH_TO_SPACE", [resized], (1, 16, 16, 1), block_size=2)
    large = op(
        "TRANSPOSE_CONV",
        [numbers([1, 32, 32, 4]), graph.constant((4, 3, 3, 1)), image],
        (1, 32, 32, 4),
        stride_h=2,
        stride_w=2,
    )
    block, none = numbers([2, 2]), numbers([[0, 0], [0, 0]])
    apart = op("SPACE_TO_BATCH_ND", [large, block, none], (4, 16, 16, 4))
    whole = op("BATCH_TO_SPACE_ND", [apart, block, numbers([[1, 0], [0, 3]])], (1, 31, 29, 4))
    mean = op("MEAN", [whole, numbers([1, 2])], (1, 1, 1, 4), keep_dims=True)
    row = op("SQUEEZE", [mean], (1, 4), squeeze_dims=[1, 2])
    pixel = op("EXPAND_DIMS", [row, numbers(1)], (1, 1, 4))
    spread = op("BROADCAST_TO", [pixel, numbers([2, 3, 4])], (2, 3, 4))
    scores = op("RESHAPE", [spread], (1, 24), new_shape=[1, 24])
    return build_model(graph.tensors, graph.ops, [0], [scores])
