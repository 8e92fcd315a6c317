"""Weights, biases, multipliers and shifts of an operation against the source model's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import quantize_multipliers
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.npu.findings import Kind
from mcuzoo.npu.scales import Scales
from mcuzoo.ops.common.weighted import bias_of, weighted_requantization

Weights = NDArray[Any]
Ints = NDArray[np.int64]

_MAX_SHIFT = 63


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
    """A boolean per weight of `decoded`, whether it is right; None if shapes do not go together.

    Vela may take taps for channels: a FULLY_CONNECTED behind a RESHAPE as a window of the image's
    size, or pixels beside one another as channels of one, and then with zeros around each row. A
    dilation that the NPU does not have becomes a larger kernel with zeros between the taps.
    """
    channels = len(source)
    if len(decoded) != channels:
        return None
    source = dilated(source, decoded.shape)
    if decoded.size == source.size:
        return np.asarray(decoded == source.reshape(decoded.shape))
    rows = source.shape[1]
    if decoded.shape[1] != rows or decoded.size < source.size:
        return None
    flat = source.reshape(channels, rows, -1)
    filled = np.zeros((channels, rows, decoded.size // (channels * rows)), np.int64)
    best = None
    for before in range(0, filled.shape[2] - flat.shape[2] + 1, source.shape[3]):
        filled[:] = 0
        filled[:, :, before : before + flat.shape[2]] = flat
        same = np.asarray(decoded == filled.reshape(decoded.shape))
        if best is None or same.sum() > best.sum():
            best = same
    return best


def share_of_same(decoded: Weights, source: Weights) -> float:
    """How many of the weights that are not zero are right, 0 to 1: the zeros that Vela puts between
    taps are right in any place."""
    same = same_weights(decoded, source)
    if same is None:
        return 0.0
    telling = same[decoded != 0]
    return float(telling.mean()) if telling.size else float(same.all())


def dilated(source: Weights, shape: tuple[int, ...]) -> Weights:
    """`source` with zeros between its taps, so that it has the height and width of `shape`; itself
    where no step does that."""
    steps = []
    for taps, wanted in zip(source.shape[1:3], shape[1:3], strict=True):
        step, rest = divmod(wanted - 1, max(taps - 1, 1))
        if rest or (taps == 1 and wanted != 1) or step < 1 < taps:
            return source
        steps.append(max(step, 1))
    if source.shape[3] != shape[3] or steps == [1, 1]:
        return source
    wide = np.zeros((len(source), *shape[1:3], source.shape[3]), source.dtype)
    wide[:, :: steps[0], :: steps[1]] = source
    return wide


def weight_differences(decoded: Weights, source: Weights, channels: Ints) -> Iterator[Difference]:
    """`channels`: output channels of the source model, those of the operation; `source`: theirs."""
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
        expected, source = "0", dilated(source, decoded.shape)
        if decoded.size == source.size:
            expected = str(int(source.reshape(decoded.shape)[place]))
        channel, y, x, depth = place
        yield Difference(
            "weight",
            f"output channel {channels[channel]}, row {y}, column {x}, input channel {depth}",
            expected,
            f"{int(decoded[place])}; {len(wrong)} of {same.size} weights differ",
        )


def scale_differences(
    scales: Scales, model: Model, op: Op, outputs: tuple[int, ...], channels: Ints
) -> Iterator[Difference]:
    """`outputs`: the tensors whose scale the operation may have been fused with; any will do.
    `channels`: as of weight_differences."""
    weights = source_weights(model, op)
    total = int(channels.max()) + 1 if weights is None else len(weights)
    yield from _first("bias", bias_of(model, op, total)[channels], scales.bias, channels)
    allowed = [
        (np.broadcast_to(own, total)[channels], np.broadcast_to(by, total)[channels])
        for output in outputs
        for own, by in _multipliers(model, replace(op, outputs=(output,)))
    ]
    found = scales.multiplier, scales.shift
    if not any(_equal(one, found) for one in allowed):
        # A multiplier of 0 is what TFLite makes of one below 2**-32; Vela's has the same results.
        multiplier, shift = allowed[0]
        nothing = (multiplier == 0) & ((scales.shift == _MAX_SHIFT) | (scales.multiplier == 0))
        yield from _first("multiplier", multiplier, np.where(nothing, 0, found[0]), channels)
        yield from _first("shift", shift, np.where(nothing, shift, found[1]), channels)
    yield from _first("unused bits", np.zeros_like(scales.unused), scales.unused, channels)


def _multipliers(model: Model, op: Op) -> Iterator[tuple[Ints, Ints]]:
    """Multipliers and shifts as TFLM has them. A FULLY_CONNECTED may have those of the product of
    scales in double or in float32: TFLM takes the one for weights with a scale per channel and the
    other for a single scale, some versions of Vela do it otherwise. They differ by 2**-24 at most.
    """
    to = weighted_requantization(model, op)
    yield to.multipliers.astype(np.int64), 31 - to.shifts.astype(np.int64)
    if op.name == "FULLY_CONNECTED":
        to = weighted_requantization(model, replace(op, name="CONV_2D"))
        yield to.multipliers.astype(np.int64), 31 - to.shifts.astype(np.int64)
        source, weights, output = (
            quantization_of(model.tensor(index)) for index in (*op.inputs[:2], op.outputs[0])
        )
        products: NDArray[Any] = source.scales[:1] * weights.scales
        multipliers, shifts = quantize_multipliers(products.astype(np.float64) / output.scale)
        yield multipliers.astype(np.int64), 31 - shifts.astype(np.int64)


def _equal(one: tuple[Ints, Ints], other: tuple[Ints, Ints]) -> bool:
    return all(map(np.array_equal, _one_for_one(*one), _one_for_one(*other)))


def _one_for_one(multiplier: Ints, shift: Ints) -> tuple[Ints, Ints]:
    """A factor of exactly 1, as which TFLM has 2**30 and a shift by 30, and Vela 2**31 and 31:
    both give a sum as it is."""
    same = multiplier == np.int64(1) << np.clip(shift, 0, 62)
    return np.where(same, 1, multiplier), np.where(same, 0, shift)


def _first(what: str, expected: Ints, found: Ints, channels: Ints) -> Iterator[Difference]:
    wrong = np.flatnonzero(expected != found)
    if len(wrong):
        at = int(wrong[0])
        others = f"; {len(wrong)} channels differ" if len(wrong) > 1 else ""
        yield Difference(
            "scale",
            f"{what} of output channel {channels[at]}",
            str(int(expected[at])),
            f"{int(found[at])}{others}",
        )
