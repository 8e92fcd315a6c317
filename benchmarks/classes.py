"""The kinds of layers that the benchmarks add up: what a kernel is written for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcuzoo.graph.model import Model, Op
from mcuzoo.profile.layers import Layer

CLASSES = (
    "first conv",
    "depthwise stride 1",
    "depthwise stride 2",
    "pointwise",
    "logits",
    "other conv",
    "fused",
    "rest",
)


@dataclass(frozen=True)
class ClassFigures:
    """All layers of one kind. `per_mac` is None for kinds without MACs."""

    name: str
    layers: int
    macs: int
    instructions: int

    @property
    def per_mac(self) -> float | None:
        return self.instructions / self.macs if self.macs else None


def class_of(model: Model, op: Op) -> str:
    """One of CLASSES."""
    if op.name == "FULLY_CONNECTED":
        return "logits"
    if op.name == "DEPTHWISE_CONV_2D":
        return f"depthwise stride {1 if op.options['stride_h'] == 1 else 2}"
    if op.name != "CONV_2D":
        return "rest"
    if model.tensor(op.inputs[0]).shape[3] < 8:
        return "first conv"
    output, weights = model.tensor(op.outputs[0]).shape, model.tensor(op.inputs[1]).shape
    if weights[1:3] != (1, 1):
        return "other conv"
    return "logits" if output[1:3] == (1, 1) else "pointwise"


def layer_class(model: Model, layer: Layer) -> str:
    """That of its op; "fused" where one kernel computes several with MACs."""
    classes = [class_of(model, op) for op in model.ops[layer.first_op : layer.last_op + 1]]
    computing = [name for name in classes if name != "rest"]
    if len(computing) > 1:
        return "fused"
    return computing[0] if computing else "rest"


def figures_by_class(model: Model, layers: Iterable[Layer]) -> Iterator[ClassFigures]:
    """The kinds that the model has, in the order of CLASSES."""
    layers = list(layers)
    for name in CLASSES:
        own = [layer for layer in layers if layer_class(model, layer) == name]
        if own:
            yield ClassFigures(
                name,
                len(own),
                sum(layer.macs for layer in own),
                sum(layer.count or 0 for layer in own),
            )
