"""The rewrite of a whole graph: shift the activations, make the weights symmetric."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.zoo.convert.check import require_exact, require_known_ops
from mcuzoo.zoo.convert.operators import (
    BIAS_PLACE,
    CHANNELS_OF_DENSE,
    REWRITES,
    WEIGHTS_PLACE,
    activations_of,
    input_at,
    int8_version,
    weights_of,
)
from mcuzoo.zoo.convert.report import LayerChange
from mcuzoo.zoo.convert.shift import computes_in_uint8, shifted, with_fixed_output
from mcuzoo.zoo.convert.weights import divided_bias, is_symmetric, symmetric_weights


@dataclass(frozen=True)
class Rewritten:
    """`model.raw` and `model.sha256` are still the source's.

    tensors_shifted: moved from UINT8 to INT8. layers: ops whose weights changed.
    """

    model: Model
    tensors_shifted: int
    layers: tuple[LayerChange, ...]


def needs_rewrite(model: Model) -> bool:
    """Whether there is UINT8 arithmetic, or a zero point of INT8 weights, which kernels ignore."""
    return computes_in_uint8(model) or any(
        not is_symmetric(model.tensor(index))
        for index in map(weights_of, model.ops)
        if index is not None
    )


def rewrite(model: Model) -> Rewritten:
    """Rewrite a model to INT8. Raises ModelError or UnsupportedOpError without an exact rewrite."""
    require_known_ops(model)
    for op in model.ops:
        require_exact(model, op)
    work = _Work(model)
    moved = work.shift_activations() if computes_in_uint8(model) else 0
    layers = []
    ops = []
    for op in model.ops:
        index = weights_of(op)
        if index is None or is_symmetric(model.tensor(index)):
            ops.append(replace(op, version=int8_version(op)))
        else:
            changed, layer = work.weighted(op, index)
            ops.append(changed)
            layers.append(layer)
    converted = replace(model, tensors=tuple(work.tensors), ops=tuple(ops))
    return Rewritten(converted, moved, tuple(layers))


class _Work:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.tensors = list(model.tensors)
        self._uses = Counter(index for op in model.ops for index in op.inputs)

    def shift_activations(self) -> int:
        """Shift every UINT8 tensor but the weights; return how many."""
        activations = {index for op in self.model.ops for index in activations_of(op)}
        moved = 0
        for index in activations:
            tensor = self.model.tensor(index)
            if tensor.dtype is DType.UINT8:
                self.tensors[index] = shifted(tensor)
                moved += 1
        for op in self.model.ops:
            if REWRITES[op.name].output == "1/256":
                self.tensors[op.outputs[0]] = with_fixed_output(self.tensors[op.outputs[0]])
        return moved

    def weighted(self, op: Op, index: int) -> tuple[Op, LayerChange]:
        """`op` with symmetric weights and the bias to match."""
        weights = REWRITES[op.name].weights
        assert weights is not None
        axis = weights.channel_axis
        symmetric = symmetric_weights(self.model.tensor(index), axis)
        inputs = list(op.inputs)
        inputs[WEIGHTS_PLACE] = self._put(index, symmetric.tensor)
        bias = input_at(op, BIAS_PLACE)
        source = self.model.tensor(op.inputs[0]).quantization
        assert source is not None
        if bias is not None:
            divided = divided_bias(self.model.tensor(bias), symmetric, source.scale)
            inputs[BIAS_PLACE] = self._put(bias, divided)
        channels = symmetric.tensor.shape[CHANNELS_OF_DENSE if axis is None else axis]
        kept = int((symmetric.factors == 1.0).sum())
        layer = LayerChange(
            op=op.index,
            name=op.name,
            channels=channels,
            lossless_channels=kept * channels if axis is None else kept,
            weights=symmetric.tensor.elements,
            weights_changed=symmetric.changed,
        )
        return replace(op, inputs=tuple(inputs), version=int8_version(op)), layer

    def _put(self, index: int, tensor: Tensor) -> int:
        """Put `tensor` at `index`, or at a new index if other ops read the old one."""
        if self._uses[index] == 1:
            self.tensors[index] = tensor
            return index
        self.tensors.append(replace(tensor, index=len(self.tensors)))
        return len(self.tensors) - 1
