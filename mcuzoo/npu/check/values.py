"""What the source model's operators compute of drawn values, and of which tensors they are.

No image is needed: each operator gets values of its own, drawn for its inputs and not computed by
the operators before, so that no fault hides another and nothing is lost in what a network rounds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import McuzooError
from mcuzoo.graph.fold import fold
from mcuzoo.graph.model import DType, Model, Op, Quantization, Tensor
from mcuzoo.ops.common.pooling import clamp_of, over_windows, pool_window
from mcuzoo.ops.table import OPERATORS, computed

RENAMES = frozenset(("EXPAND_DIMS", "RESHAPE", "SQUEEZE"))
MOVES = RENAMES | {
    "BATCH_TO_SPACE_ND",
    "CONCATENATION",
    "DEPTH_TO_SPACE",
    "GATHER",
    "MIRROR_PAD",
    "PACK",
    "PAD",
    "PADV2",
    "REVERSE_V2",
    "SLICE",
    "SPACE_TO_BATCH_ND",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "SPLIT_V",
    "STRIDED_SLICE",
    "TILE",
    "TRANSPOSE",
    "UNPACK",
}
"""Operators that Vela does by addresses, at least in part: what they give is not drawn anew."""

WEIGHTED = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"))
_OF_ONE_VALUE = frozenset(
    ("ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "QUANTIZE", "RELU", "RELU6", "TANH")
)
_UINT8_OFFSET = 128
PROBES = 4
"""Draws of each tensor: all values, values around zero, near zero, and the extremes."""

_UNCOMPUTED = (McuzooError, ValueError, KeyError, AssertionError, IndexError, TypeError)
"""What references raise of an operator that no rule has accepted."""

Arrays = list[NDArray[Any]]
_Kernel = Callable[[Sequence[NDArray[Any] | None]], Any]


def shifted(model: Model) -> Model:
    """`model` with int8 instead of uint8 activations, 128 less; weights less their zero point.

    The reference takes weights of any integers, so that this is exact: what TFLite computes in
    uint8, less 128.
    """
    if not any(tensor.dtype is DType.UINT8 for tensor in model.tensors):
        return model
    inputs = {
        op.inputs[1]: model.tensor(op.inputs[0])
        for op in model.ops
        if op.name in WEIGHTED and len(op.inputs) > 1
    }
    tensors = [_shifted(tensor, inputs.get(tensor.index)) for tensor in model.tensors]
    return replace(model, tensors=tuple(tensors))


def _shifted(tensor: Tensor, source: Tensor | None) -> Tensor:
    """`source`: the operator's input, of weights."""
    if tensor.dtype is not DType.UINT8 or tensor.quantization is None:
        return tensor
    quantization = tensor.quantization
    if source is not None and source.quantization is not None and tensor.data is not None:
        centred = tensor.data.astype(np.int16) - np.int16(quantization.zero_point)
        # TFLite multiplies the scales of uint8 tensors in float32.
        products: NDArray[Any] = source.quantization.scales[:1] * quantization.scales
        scales: NDArray[Any] = products.astype(np.float64) / source.quantization.scale
        zeros = np.zeros_like(quantization.zero_points)
        own = Quantization(scales, zeros, quantization.axis)
        return replace(tensor, data=centred, quantization=own)
    data = tensor.data
    if data is not None:
        data = (data.astype(np.int16) - _UINT8_OFFSET).astype(np.int8)
    moved = _moved(quantization, quantization.zero_points - _UINT8_OFFSET)
    return replace(tensor, dtype=DType.INT8, data=data, quantization=moved)


def _moved(quantization: Quantization, zero_points: NDArray[np.int64]) -> Quantization:
    return Quantization(quantization.scales, zero_points, quantization.axis)


def _average_of_uint8(model: Model, op: Op) -> _Kernel:
    """AVERAGE_POOL_2D of uint8, less 128: TFLite rounds halves up there."""
    window, (low, high) = pool_window(model, op), clamp_of(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        assert inputs[0] is not None
        picture = inputs[0][0].astype(np.int64) + _UINT8_OFFSET
        sums, counts = (
            over_windows(values, window, lambda pixels: pixels.sum(axis=0))
            for values in (picture, np.ones_like(picture))
        )
        means = (sums + counts // 2) // counts - _UINT8_OFFSET
        return np.asarray(means.clip(low, high), np.int8)[None]

    return run


def _drawn(tensor: Tensor) -> Arrays:
    """PROBES arrays; the same each time."""
    random, shape = np.random.default_rng(tensor.index), tensor.shape
    info = np.iinfo(tensor.dtype.numpy if tensor.dtype.numpy.kind in "iu" else np.int8)
    centre = tensor.quantization.zero_point if tensor.quantization is not None else 0
    low, high = int(info.min), int(info.max)
    wide = random.integers(low, high, shape, endpoint=True)
    near, nearer = (random.normal(centre, sigma, shape).round() for sigma in (40, 10))
    extreme = random.choice([low, centre, high], shape)
    return [part.clip(low, high).astype(info.dtype) for part in (wide, near, nearer, extreme)]


class Values:
    """given: tensors whose values were drawn, PROBES arrays each, in the tensor's shape."""

    def __init__(self, source: Model) -> None:
        self.source = fold(source)
        self.model = shifted(self.source)
        self.flipped = frozenset(
            tensor.index
            for tensor, now in zip(self.source.tensors, self.model.tensors, strict=True)
            if tensor.dtype is not now.dtype
        )
        """Tensors whose bytes are these values plus 128."""
        self.given: dict[int, Arrays] = {}
        self.writer: dict[int, Op] = {}
        self.readers: dict[int, list[Op]] = {}
        for op in self.model.ops:
            self.writer.update(dict.fromkeys(op.outputs, op))
            for index in dict.fromkeys(op.inputs):
                self.readers.setdefault(index, []).append(op)
        self._made: dict[int, Arrays | None] = {}
        self._kernels: dict[int, _Kernel | None] = {}
        self._draws: dict[int, Arrays] = {}
        self._results: dict[tuple[int, ...], tuple[list[Arrays | None], list[Arrays]]] = {}
        """By operator and inputs, which are kept so that no other array gets their identity."""

    def restart(self) -> None:
        """Nothing is given any more; what was drawn and computed will serve again."""
        self.given = {}
        self._made = {}

    def draw(self, tensor: int) -> Arrays:
        """Values for a tensor, from now on those that its readers get."""
        if tensor not in self.given:
            if tensor not in self._draws:
                self._draws[tensor] = _drawn(self.model.tensor(tensor))
            self.given[tensor] = self._draws[tensor]
            self._made = {}
        return self.given[tensor]

    def bytes_of(self, tensor: int, values: NDArray[Any]) -> NDArray[Any]:
        """As they stand in the memory of an NPU."""
        if tensor not in self.flipped:
            return values
        return (values.astype(np.int16) + _UINT8_OFFSET).astype(np.uint8)

    def value(self, tensor: int) -> Arrays | None:
        """Given, or computed of what is given; None if it cannot be computed."""
        if tensor in self.given:
            return self.given[tensor]
        if tensor not in self._made:
            self._made[tensor] = None
            self._compute(tensor)
        return self._made[tensor]

    def compute(self, op: Op) -> list[Arrays] | None:
        """The outputs of `op` for what its inputs are given."""
        inputs: list[Arrays | None] = []
        for index in op.inputs:
            if index == -1:
                inputs.append(None)
                continue
            data = self.model.tensor(index).data
            value = [data] * PROBES if data is not None else self.value(index)
            if value is None:
                return None
            inputs.append(value)
        if op.name in RENAMES:
            shape = self.model.tensor(op.outputs[0]).shape
            return None if inputs[0] is None else [[one.reshape(shape) for one in inputs[0]]]
        kernel = self._kernel(op)
        if kernel is None:
            return None
        key = op.index, *(0 if one is None else id(one[0]) for one in inputs)
        if key in self._results:
            return self._results[key][1]
        made: list[Arrays] = [[] for _ in op.outputs]
        for probe in range(PROBES):
            try:
                result = kernel([None if one is None else one[probe] for one in inputs])
            except (*_UNCOMPUTED, AttributeError):
                return None
            outputs = result if isinstance(result, tuple) else (result,)
            for found, output, index in zip(made, outputs, op.outputs, strict=True):
                found.append(np.asarray(output).reshape(self.model.tensor(index).shape))
        self._results[key] = inputs, made
        return made

    def table(self, op: Op) -> NDArray[np.uint8] | None:
        """The output's byte for each byte of the only input, from the least on; None if `op` is not
        one of a single value."""
        kernel = self._kernel(op) if op.name in _OF_ONE_VALUE else None
        if kernel is None or self.model.tensor(op.outputs[0]).dtype is not DType.INT8:
            return None
        try:
            made = np.asarray(kernel([np.arange(-128, 128, dtype=np.int8)]))
        except (ValueError, IndexError):
            return None
        if made.size != 256:
            return None
        return self.bytes_of(op.outputs[0], made.reshape(-1).astype(np.int8)).view(np.uint8)

    def _compute(self, tensor: int) -> None:
        op = self.writer.get(tensor)
        if op is None:
            return
        made = self.compute(op)
        for index, value in zip(op.outputs, made or (), strict=False):
            if index not in self.given:
                self._made[index] = value

    def _kernel(self, op: Op) -> _Kernel | None:
        if op.index not in self._kernels:
            self._kernels[op.index] = None
            if op.name in OPERATORS:
                with contextlib.suppress(*_UNCOMPUTED):
                    unsigned = op.name == "AVERAGE_POOL_2D" and op.inputs[0] in self.flipped
                    reference = _average_of_uint8 if unsigned else computed(op).reference
                    self._kernels[op.index] = reference(self.model, op)
        return self._kernels[op.index]
