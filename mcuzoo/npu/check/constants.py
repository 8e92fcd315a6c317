"""Weights, biases, multipliers and shifts of an operation against the source model's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.npu.findings import Kind
from mcuzoo.npu.scales import Scales
from mcuzoo.ops.common.weighted import bias_of, weighted_requantization

Weights = NDArray[Any]


@dataclass(frozen=True)
class Difference:
    """kind, where, expected, found: as of a Finding."""

    kind: Kind
    where: str
    expected: str
    found: str


def source_weights(model: Model, op: Op) -> Weights | None:
    """(output channels, height, width, input channels), 1 input channel if depthwise."""
    data = model.tensor(op.inputs[1]).data if len(op.inputs) > 1 else None
    if data is None:
        return None
    if op.name == "DEPTHWISE_CONV_2D":
        return np.transpose(data, (3, 1, 2, 0))
    if op.name == "TRANSPOSE_CONV":
        return data[:, ::-1, ::-1, :]
    return data[:, None, None, :] if op.name == "FULLY_CONNECTED" else data


def same_weights(decoded: Weights, source: Weights) -> Weights | None:
    """A boolean per weight of `decoded`, whether it is right; None if the shapes do not go together.

    Vela may take taps for channels: a FULLY_CONNECTED behind a RESHAPE as a window of the image's
    size, or pixels beside one another as channels of one, and then with zeros at the end of rows.
    """
    channels = len(source)
    if len(decoded) != channels:
        return None
    if decoded.size == source.size:
        return np.asarray(decoded == source.reshape(decoded.shape))
    rows = source.shape[1]
    if decoded.shape[1] != rows or decoded.size < source.size:
        return None
    flat = source.reshape(channels, rows, -1)
    filled = np.zeros((channels, rows, decoded.size // (channels * rows)), np.int64)
    filled[:, :, : flat.shape[2]] = flat
    return np.asarray(decoded == filled.reshape(decoded.shape))


def weight_differences(decoded: Weights, source: Weights, first: int) -> Iterator[Difference]:
    """`first`: the output channel of the source model that the operation begins with."""
    same = same_weights(decoded, source)
    if same is None:
        yield Difference(
            "weight",
            "weights",
            f"{' x '.join(map(str, source.shape))} weights",
            f"{' x '.join(map(str, decoded.shape))}",
        )
    elif not same.all():
        wrong = np.argwhere(~same)
        place = tuple(int(number) for number in wrong[0])
        expected = "0"
        if decoded.size == source.size:
            expected = str(int(source.reshape(decoded.shape)[place]))
        channel, y, x, depth = place
        yield Difference(
            "weight",
            f"output channel {first + channel}, row {y}, column {x}, input channel {depth}",
            expected,
            f"{int(decoded[place])}; {len(wrong)} of {same.size} weights differ",
        )


def scale_differences(
    scales: Scales, model: Model, op: Op, outputs: tuple[int, ...], first: int
) -> Iterator[Difference]:
    """`outputs`: the tensors whose scale the operation may have been fused with; any will do."""
    count = len(scales.bias)
    channels = first + count
    weights = source_weights(model, op)
    total = channels if weights is None else len(weights)
    bias = bias_of(model, op, total)[first:channels].astype(np.int64)
    yield from _first("bias", bias, scales.bias, first)
    multiplier = shift = None
    for output in outputs:
        to = weighted_requantization(model, replace(op, outputs=(output,)))
        multiplier = np.broadcast_to(to.multipliers.astype(np.int64), total)[first:channels]
        shift = 31 - np.broadcast_to(to.shifts.astype(np.int64), total)[first:channels]
        if np.array_equal(multiplier, scales.multiplier) and np.array_equal(shift, scales.shift):
            break
    else:
        if multiplier is not None and shift is not None:
            yield from _first("multiplier", multiplier, scales.multiplier, first)
            yield from _first("shift", shift, scales.shift, first)
    yield from _first("unused bits", np.zeros_like(scales.unused), scales.unused, first)


def _first(
    what: str, expected: NDArray[np.int64], found: NDArray[np.int64], first: int
) -> Iterator[Difference]:
    wrong = np.flatnonzero(expected != found)
    if len(wrong):
        at = int(wrong[0])
        others = f"; {len(wrong)} channels differ" if len(wrong) > 1 else ""
        yield Difference(
            "scale",
            f"{what} of output channel {first + at}",
            str(int(expected[at])),
            f"{int(found[at])}{others}",
        )
