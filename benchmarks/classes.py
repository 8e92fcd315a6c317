"""The kinds of layers that the benchmarks add up: what a kernel is written for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mcuzoo.graph.count import count_macs
from mcuzoo.graph.model import Model, Op
from mcuzoo.profile import Layer

REST = "rest"
"""Ops without multiply-accumulates."""

FUSED = "fused"
"""Ops with MACs that one kernel computes and nothing tells apart."""

DEPTHWISE = "depthwise"
"""Begins the names of both kinds."""

CLASSES = (
    "first conv",
    f"{DEPTHWISE} stride 1",
    f"{DEPTHWISE} stride 2",
    "pointwise",
    "logits",
    "other conv",
    FUSED,
    REST,
)

Parts = Mapping[int, int]
"""Instructions by op of a fused layer, see parts.py."""


@dataclass(frozen=True)
class ClassFigures:
    """All ops of one kind. `per_mac` is None for kinds without MACs."""

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
        return f"{DEPTHWISE} stride {1 if op.options['stride_h'] == 1 else 2}"
    if op.name != "CONV_2D":
        return REST
    if model.tensor(op.inputs[0]).shape[3] < 8:
        return "first conv"
    output, weights = model.tensor(op.outputs[0]).shape, model.tensor(op.inputs[1]).shape
    if weights[1:3] != (1, 1):
        return "other conv"
    return "logits" if output[1:3] == (1, 1) else "pointwise"


def computing_classes(model: Model, layer: Layer) -> list[str]:
    """Those of its ops with MACs."""
    ops = model.ops[layer.first_op : layer.last_op + 1]
    return [name for name in (class_of(model, op) for op in ops) if name != REST]


def layer_class(model: Model, layer: Layer) -> str:
    """That of its op; FUSED where one kernel computes several with MACs."""
    computing = computing_classes(model, layer)
    if len(computing) > 1:
        return FUSED
    return computing[0] if computing else REST


def figures_by_class(
    model: Model, layers: Iterable[Layer], parts: Mapping[int, Parts] | None = None
) -> Iterator[ClassFigures]:
    """The kinds that the model has, in the order of CLASSES; their sums are those of the layers.

    `parts`: of fused layers, by their first op. One that is not there is of the kind FUSED, and so
    in no other.
    """
    parts = parts or {}
    entries: list[tuple[str, int, int]] = []
    for layer in layers:
        own = parts.get(layer.first_op)
        if own is None:
            entries.append((layer_class(model, layer), layer.macs, layer.count or 0))
            continue
        for number, count in own.items():
            op = model.ops[number]
            entries.append((class_of(model, op), count_macs(model, op), count))
    for name in CLASSES:
        found = [entry for entry in entries if entry[0] == name]
        if found:
            yield ClassFigures(
                name,
                len(found),
                sum(macs for _, macs, _ in found),
                sum(count for _, _, count in found),
            )
