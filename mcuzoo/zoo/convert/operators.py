"""The ops that a rewrite knows, their weights, and their conditions for INT8."""

from __future__ import annotations

from mcuzoo.graph.model import Op
from mcuzoo.ops.operator import Rewrite, Without
from mcuzoo.ops.table import OPERATORS

REWRITES: dict[str, Rewrite] = {
    name: operator.rewrite
    for name, operator in OPERATORS.items()
    if not isinstance(operator.rewrite, Without)
}
CHANNELS_OF_DENSE = 0
WEIGHTS_PLACE, BIAS_PLACE = 1, 2

CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})


def int8_version(op: Op) -> int:
    return max(op.version, REWRITES[op.name].int8_version)


def input_at(op: Op, place: int) -> int | None:
    """The tensor at `place`, or None where the op leaves it out."""
    if place >= len(op.inputs) or op.inputs[place] == -1:
        return None
    return op.inputs[place]


def activations_of(op: Op) -> tuple[int, ...]:
    """Every tensor that `op` names but its weights."""
    weighted = _is_weighted(op)
    inputs = (
        index
        for place, index in enumerate(op.inputs)
        if index != -1 and not (weighted and place == WEIGHTS_PLACE)
    )
    return (*inputs, *op.outputs)


def weights_of(op: Op) -> int | None:
    return input_at(op, WEIGHTS_PLACE) if _is_weighted(op) else None


def _is_weighted(op: Op) -> bool:
    return op.name in REWRITES and REWRITES[op.name].weights is not None
