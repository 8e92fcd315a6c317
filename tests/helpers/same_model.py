"""Are two models the same but for their files."""

from __future__ import annotations

import numpy as np

from mcuzoo.graph.model import Model, Tensor


def assert_same_graph(one: Model, other: Model) -> None:
    """Description, tensors, ops and ends are equal."""
    assert one.description == other.description
    assert one.ops == other.ops
    assert (one.inputs, one.outputs) == (other.inputs, other.outputs)
    assert len(one.tensors) == len(other.tensors)
    for a, b in zip(one.tensors, other.tensors, strict=True):
        _assert_same_tensor(a, b)


def misaligned(model: Model) -> list[int]:
    """The constants that do not start at a multiple of 16 in `model.raw`."""
    start = np.frombuffer(model.raw, np.uint8).__array_interface__["data"][0]
    return [
        tensor.index
        for tensor in model.tensors
        if tensor.data is not None and tensor.data.size
        if (tensor.data.__array_interface__["data"][0] - start) % 16
    ]


def _assert_same_tensor(one: Tensor, other: Tensor) -> None:
    assert (one.index, one.name, one.shape) == (other.index, other.name, other.shape)
    assert one.dtype is other.dtype
    assert (one.data is None) == (other.data is None)
    if one.data is not None and other.data is not None:
        assert one.data.tobytes() == other.data.tobytes()
    assert (one.quantization is None) == (other.quantization is None)
    if one.quantization is not None and other.quantization is not None:
        assert one.quantization.axis == other.quantization.axis
        np.testing.assert_array_equal(one.quantization.scales, other.quantization.scales)
        np.testing.assert_array_equal(one.quantization.zero_points, other.quantization.zero_points)
