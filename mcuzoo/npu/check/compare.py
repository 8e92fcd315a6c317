"""The constants of the operation at hand against those of the operators that it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Op
from mcuzoo.npu.check.constants import (
    Difference,
    Weights,
    same_weights,
    scale_differences,
    share_of_same,
    source_weights,
    weight_differences,
)
from mcuzoo.npu.check.notes import Notes, Progress
from mcuzoo.npu.check.recognize import Recognized
from mcuzoo.npu.check.tables import (
    PADDING,
    fill_differences,
    operand_differences,
    table_differences,
)
from mcuzoo.npu.check.values import WEIGHTED, Values
from mcuzoo.npu.interpreter import Broken, Interpreter
from mcuzoo.npu.memory import Memory, OutsideError
from mcuzoo.npu.operations import BlockOperation
from mcuzoo.npu.scales import Scales

_MOSTLY = 0.5
"""More right weights than this share are no coincidence."""


@dataclass(frozen=True, eq=False)
class Held:
    """Constants of an operation, as they stand in memory before it runs.

    weights: (output channels, height, width, input channels); None: no convolution, or one that
    cannot be decoded, which running it will tell. scales: None where all channels share one.
    table: its look-up table. operands: inputs that are constants.
    """

    weights: Weights | None
    scales: Scales | None
    table: bytes | None
    operands: tuple[NDArray[Any], ...]


def held(
    interpreter: Interpreter,
    memory: Memory,
    operation: BlockOperation,
    table: bytes | None,
    operands: Sequence[NDArray[Any]],
) -> Held:
    weights, scales = None, None
    if operation.weights:
        try:
            scales = interpreter.scales(memory, operation)
            weights = interpreter.weights(memory, operation)
        except (Broken, OutsideError):
            pass
    return Held(weights, scales, table, tuple(operands))


def layer_of(operation: BlockOperation, found: Recognized) -> Op:
    """The operator that gives the operation its name: of a convolution the one with weights."""
    weighted = [op for op in found.chain if op.name in WEIGHTED]
    return weighted[0] if weighted and operation.weights else found.chain[0]


def _uniform(own: Held) -> bool:
    """Whether all weights, and all channels' scales, are alike, as those of sums and means are: one
    that was changed is found then by what is computed, or alters all of them."""
    parts = [] if own.weights is None else [own.weights]
    if own.scales is not None:
        scales = own.scales
        parts += [scales.bias, scales.multiplier, scales.shift, scales.unused]
    return bool(parts) and all(len(np.unique(part)) == 1 for part in parts)


class Comparison:
    def __init__(self, values: Values, progress: Progress, notes: Notes) -> None:
        self.values = values
        self.progress = progress
        self.notes = notes

    def likely(self, own: Held, found: Recognized) -> bool:
        """Whether the weights are, for the most part, those of the operator: for a convolution
        whose outputs are all wrong."""
        weighted = [op for op in found.chain if op.name in WEIGHTED]
        source = source_weights(self.values.model, weighted[0]) if len(weighted) == 1 else None
        if source is None or own.weights is None:
            return False
        first = found.window.start[2]
        same = same_weights(own.weights, source[first : first + len(own.weights)])
        return same is not None and bool(same.mean() > _MOSTLY)

    def whole(self, operation: BlockOperation, own: Held, found: Recognized) -> bool:
        """Compare all constants of an operation that does whole operators; True: they are right."""
        layer = layer_of(operation, found)
        differences = self._weighted(operation, own, found, layer)
        differences += self._others(own, found.chain)
        self._tell(operation, layer, differences)
        return not differences

    def loose(self, operation: BlockOperation, own: Held, following: Sequence[Op]) -> None:
        """Compare those of an operation that is a part of one of the operators that follow."""
        interleaved = self.interleaved(own, following)
        if interleaved is not None:
            layer, channels = interleaved
            differences = self._channels(own, layer, channels, layer.outputs[:1])
            self._tell(operation, layer, differences)
        elif operation.weights and not _uniform(own):
            self.notes.unproven.append(
                f"Word {operation.word}: the weights of a {operation.name} that does no whole "
                "operator were judged by what they compute, not one by one."
            )
        if following:
            self._tell(operation, following[0], self._others(own, following))
        elif not operation.weights:
            pads = [op for op in self.values.model.ops if op.name in PADDING]
            found = list(fill_differences(own.operands, self.values))
            self._tell(operation, pads[0] if pads else None, found)

    def interleaved(
        self, own: Held, following: Sequence[Op]
    ) -> tuple[Op, NDArray[np.int64]] | None:
        """A DEPTHWISE_CONV_2D that makes n of each input channel, which Vela takes as n operations,
        and its every n-th output channel, whose weights these are for the most part. None if there
        is none."""
        if own.weights is None:
            return None
        ranked = [
            (share_of_same(own.weights, weights), layer, channels)
            for layer in following
            for channels, weights in self._every_nth(layer)
        ]
        most = max((share for share, *_ in ranked), default=0.0)
        if most <= _MOSTLY:
            return None
        best = [(layer, channels) for share, layer, channels in ranked if share == most]

        def rank(one: tuple[Op, NDArray[np.int64]]) -> tuple[int, bool]:
            """Channels may have the same weights, and another bias or none."""
            layer, channels = one
            wrong = self._differences(own, layer, channels, layer.outputs[:1])
            return len(wrong), int(channels[0]) in self.progress.compared.get(layer.index, ())

        return min(best, key=rank)

    def _every_nth(self, layer: Op) -> Iterator[tuple[NDArray[np.int64], Weights]]:
        """Every n-th output channel from each of the first n on, and their weights."""
        multiplier = int(layer.options.get("depth_multiplier", 1))
        source = source_weights(self.values.model, layer)
        if layer.name == "DEPTHWISE_CONV_2D" and multiplier > 1 and source is not None:
            for first in range(multiplier):
                channels = np.arange(first, len(source), multiplier)
                yield channels, source[channels]

    def _others(self, own: Held, chain: Sequence[Op]) -> list[Difference]:
        found = list(operand_differences(own.operands, self.values, chain))
        if own.table is not None:
            found += table_differences(own.table, self.values, chain)
        return found

    def _tell(
        self, operation: BlockOperation, layer: Op | None, differences: Sequence[Difference]
    ) -> None:
        for one in differences:
            self.notes.add(operation, layer, one.kind, one.where, (one.expected, one.found))

    def _weighted(
        self, operation: BlockOperation, own: Held, found: Recognized, layer: Op
    ) -> list[Difference]:
        weights = own.weights
        if weights is None:
            return []
        source = source_weights(self.values.model, layer) if layer.name in WEIGHTED else None
        if source is None:
            if not _uniform(own):
                self.notes.unproven.append(
                    f"Word {operation.word}: weights that Vela made for {layer.index} {layer.name} "
                    "were judged by what they compute, not one by one."
                )
            return []
        whole = found.window.flat or len(weights) == len(source)
        first = 0 if whole else found.window.start[2]
        channels = np.arange(first, min(first + len(weights), len(source)))
        after = found.chain[: found.chain.index(layer) + 1]
        outputs = tuple(op.outputs[0] for op in reversed(after))
        return self._channels(own, layer, channels, outputs)

    def _channels(
        self, own: Held, layer: Op, channels: NDArray[np.int64], outputs: tuple[int, ...]
    ) -> list[Difference]:
        """Compare and count these output channels of the operator."""
        source = source_weights(self.values.model, layer)
        if source is None or own.weights is None:
            return []
        compared = self.progress.compared.setdefault(layer.index, set())
        fresh = set(channels.tolist()) - compared
        compared |= fresh
        self.progress.weights += len(fresh) * int(np.prod(source.shape[1:]))
        self.progress.scales += len(fresh) if own.scales is not None else 0
        return self._differences(own, layer, channels, outputs)

    def _differences(
        self, own: Held, layer: Op, channels: NDArray[np.int64], outputs: tuple[int, ...]
    ) -> list[Difference]:
        source = source_weights(self.values.model, layer)
        if source is None or own.weights is None:
            return []
        differences = list(weight_differences(own.weights, source[channels], channels))
        if own.scales is not None:
            model = self.values.model
            differences += scale_differences(own.scales, model, layer, outputs, channels)
        return differences
