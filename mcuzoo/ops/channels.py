"""Channels whose value is the same for every input leave the program, exactly.

A channel is constant if its interval has one value: the least and the greatest output over all
inputs, by exact interval arithmetic from the model's input on, TFLM's rounding included. Training
and quantization leave many: all weights zero, or sums that an activation always clamps. A layer
that reads a constant channel gets it in its bias instead and loses those weights; operators that
keep channels apart (depthwise convolutions, pools, ADD) lose the channel, too. What the model gives
stays the same, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.count import count_macs
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.ops.common.pooling import clamp_of
from mcuzoo.ops.common.reference import requantize
from mcuzoo.ops.common.weighted import WeightedWork, bias_of
from mcuzoo.ops.table import computed

_GRAIN = 4
"""Channels that the kernels take together: as many stay as make whole groups of these."""

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# No operand's greater value ever gives a lesser output.
_RISING = ("AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "ADD", "RELU", "RELU6", "QUANTIZE")
_POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
_LIMIT = 1 << 31
_MOST_ELEMENTS = 1 << 20
"""Of a tensor over which a mean is taken to see whether it is constant."""


@dataclass(frozen=True)
class Savings:
    """What left a program.

    channels: of all tensors. macs: multiply-accumulates. bytes: of weights and biases in the file.
    """

    channels: int = 0
    macs: int = 0
    bytes: int = 0


NOTHING = Savings()


@dataclass(frozen=True, eq=False)
class _Interval:
    """least, most: the values of each channel, int64 (channels,)."""

    least: NDArray[np.int64]
    most: NDArray[np.int64]

    @property
    def constant(self) -> NDArray[np.bool_]:
        return np.equal(self.least, self.most)


def without_constant_channels(program: Program) -> tuple[Program, Savings]:
    """The program without its constant channels, and what that saves.

    The program itself, and nothing saved, where there are none. Tensors and ops keep their numbers;
    `file` stays the model as it was read.
    """
    finder = _Finder(program)
    gone = {buffer: mask for buffer, mask in finder.gone().items() if mask.any()}
    if not gone:
        return program, NOTHING
    smaller = _Cutter(program, gone, finder.intervals).cut()
    if smaller is None:
        return program, NOTHING
    return smaller, Savings(
        channels=sum(int(mask.sum()) for mask in gone.values()),
        macs=_macs(program) - _macs(smaller),
        bytes=_constant_bytes(program) - _constant_bytes(smaller),
    )


def _macs(program: Program) -> int:
    return sum(count_macs(program.model, step.op) for step in program.steps)


def _constant_bytes(program: Program) -> int:
    model = program.model
    return sum(
        model.tensor(index).bytes
        for step in program.steps
        if step.op.name in _WEIGHTED
        for index in step.op.inputs[1:]
        if index != -1
    )


def _channels(program: Program, buffer: int) -> int:
    """Of the tensor that a step writes into `buffer`: its last dimension."""
    shape = program.model.tensor(program.buffers[buffer].tensors[0]).shape
    return shape[-1] if shape else 1


class _Finder:
    """Which channels of which buffers may go. intervals: by buffer."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.intervals: dict[int, _Interval] = {}
        for buffer in (program.input_buffer, *(b for step in program.steps for b in step.writes)):
            self.intervals[buffer] = _everything(_channels(program, buffer))
        self._works: dict[int, WeightedWork] = {}
        for step in program.steps:
            self._follow(step)

    def gone(self) -> dict[int, NDArray[np.bool_]]:
        """By buffer, bool (channels,)."""
        groups = self._groups()
        removable = {
            root: np.ones(_channels(self._program, root), bool) for root in set(groups.values())
        }
        for buffer in (self._program.input_buffer, self._program.output_buffer):
            removable[groups[buffer]][:] = False
        for step in self._program.steps:
            for buffer in step.writes:
                if step.op.name not in (*_WEIGHTED, *_RISING):
                    removable[groups[buffer]][:] = False
            for buffer in step.reads:
                if not self._together(step, buffer):
                    removable[groups[buffer]] &= self._taken_up(step, buffer)
        return {buffer: _whole_groups(removable[root]) for buffer, root in groups.items()}

    def _groups(self) -> dict[int, int]:
        """Buffers whose channels go together: the group of each, named by one of them."""
        groups = {buffer: buffer for buffer in self.intervals}
        for step in self._program.steps:
            for buffer in step.reads:
                if self._together(step, buffer):
                    old, new = groups[buffer], groups[step.writes[0]]
                    groups = {one: new if root == old else root for one, root in groups.items()}
        return groups

    def _together(self, step: Step, buffer: int) -> bool:
        """Whether the output has a channel for each of the buffer's, made of that one alone."""
        op, model = step.op, self._program.model
        target = model.tensor(op.outputs[0])
        sources = [model.tensor(index) for index in op.inputs if index != -1]
        read = [one for one in sources if one.index in self._program.buffers[buffer].tensors]
        channels = _channels(self._program, buffer)
        same = all(one.shape[-1:] == target.shape[-1:] == (channels,) for one in read)
        if not same:
            return False
        if op.name == "DEPTHWISE_CONV_2D":
            return int(op.options["depth_multiplier"]) == 1
        if op.name == "MEAN":
            source, axes = read[0], sources[1].data
            assert axes is not None
            kept = len(source.shape) - 1
            return kept not in {int(axis) % len(source.shape) for axis in axes.reshape(-1)}
        if op.name == "ADD":
            return all(one.data is None and one.shape == target.shape for one in sources)
        return op.name in _RISING

    def _taken_up(self, step: Step, buffer: int) -> NDArray[np.bool_]:
        """Channels of the buffer that a convolution or a FULLY_CONNECTED takes into its bias, or
        never reads; bool (channels,)."""
        interval = self.intervals[buffer]
        none = np.zeros_like(interval.constant)
        work = self._works.get(step.op.index)
        if work is None or step.op.name == "DEPTHWISE_CONV_2D" or not work.weights.size:
            return none
        if not _in_turns(work.source, len(none)):
            return none
        taps = work.weights.reshape(-1, len(none))
        unread = ~taps.any(axis=0)
        foldable = interval.constant
        if step.op.name == "CONV_2D" and _pads(work):
            foldable = foldable & (interval.least == work.input_zero_point)
        return unread | foldable

    def _follow(self, step: Step) -> None:
        """The interval of the step's output."""
        op, made = step.op, step.writes[0]
        if op.name in _WEIGHTED:
            work = computed(op).prepare(self._program, step)
            assert isinstance(work, WeightedWork)
            self._works[op.index] = work
            self.intervals[made] = self._of_sums(work, step)
        elif op.name in _RISING and all(self._together(step, buffer) for buffer in step.reads):
            self.intervals[made] = self._of_ends(step)

    def _of_sums(self, work: WeightedWork, step: Step) -> _Interval:
        source = self.intervals[step.reads[0]]
        name, weights = step.op.name, work.weights.astype(np.int64)
        least, most = source.least, source.most
        zero_point = work.input_zero_point
        if name != "FULLY_CONNECTED" and _pads(work):
            least, most = np.minimum(least, zero_point), np.maximum(most, zero_point)
        if name != "FULLY_CONNECTED":
            least, most = _of_image(work.source, least, most)
        if name == "DEPTHWISE_CONV_2D":
            taps = weights.reshape(-1, work.channels).T
            times = work.channels // len(least)
            least, most = np.repeat(least, times), np.repeat(most, times)
            rising, falling = (sign(taps, 0).sum(axis=1) for sign in (np.maximum, np.minimum))
            low, high = rising * least + falling * most, rising * most + falling * least
        else:
            taps = weights.reshape(work.channels, -1)
            if taps.shape[1] % len(least):
                return _everything(work.channels)
            least, most = (np.tile(end, taps.shape[1] // len(least)) for end in (least, most))
            rising, falling = np.maximum(taps, 0), np.minimum(taps, 0)
            low, high = rising @ least + falling @ most, rising @ most + falling @ least
        sums = work.bias + low, work.bias + high
        ends = [requantize(end, work.to).astype(np.int64) for end in sums]
        return _Interval(*ends)

    def _of_ends(self, step: Step) -> _Interval:
        """Of an operator that rises: its outputs for the least and for the greatest inputs."""
        model, op = self._program.model, step.op
        source = self.intervals[step.reads[0]]
        if op.name in _POOLS:
            # Of pixels that are all alike, both the largest and the rounded average are that pixel.
            least, most = clamp_of(model, op)
            return _Interval(*(np.clip(end, least, most) for end in (source.least, source.most)))
        # What works element by element gives the same for every pixel: one of them is enough.
        whole = op.name == "MEAN"
        if whole and model.tensor(op.inputs[0]).elements > _MOST_ELEMENTS:
            return _everything(_channels(self._program, step.writes[0]))
        kernel = computed(op).reference(model, op)
        ends = []
        for end in ("least", "most"):
            inputs: list[NDArray[Any] | None] = []
            for index in op.inputs:
                tensor = None if index == -1 else model.tensor(index)
                if tensor is None or tensor.data is not None:
                    inputs.append(None if tensor is None else tensor.data)
                    continue
                values = getattr(self.intervals[self._program.buffer_of(index).index], end)
                shape = tensor.shape if whole else (*(1 for _ in tensor.shape[:-1]), len(values))
                inputs.append(np.broadcast_to(values, shape).astype(np.int8))
            made = kernel(inputs)
            output = made[0] if isinstance(made, tuple) else made
            ends.append(output.astype(np.int64).reshape(-1, output.shape[-1]))
        return _Interval(ends[0].min(axis=0), ends[1].max(axis=0))


def _everything(channels: int) -> _Interval:
    return _Interval(np.full(channels, -128), np.full(channels, 127))


def _of_image(tensor: Tensor, *ends: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The least and the most of each of its channels. The op that wrote the values may have had
    another last dimension: there may be several of its pixels in one, or parts of one."""
    depth = tensor.shape[-1]
    for end, bound in zip(ends, (np.min, np.max), strict=True):
        if depth % len(end):
            yield np.full(depth, bound(end))
        else:
            yield np.tile(end, depth // len(end))


def _in_turns(tensor: Tensor, channels: int) -> bool:
    """Whether the last dimension is one or several pixels' channels."""
    return bool(tensor.shape) and tensor.shape[-1] % channels == 0


def _pads(work: WeightedWork) -> bool:
    """Whether a window of the work may read a pixel that is not there."""
    view = work.weights.shape[1:3] if work.weights.ndim == 4 else (1, 1)
    return view != (1, 1) and work.op.options.get("padding") != "VALID"


def _whole_groups(removable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """As many of them as leave whole groups of channels: the first ones stay."""
    kept = len(removable) - int(removable.sum())
    wanted = max(kept + -kept % _GRAIN, _GRAIN)
    found: NDArray[np.bool_] = np.array(removable)
    if len(removable) % _GRAIN:
        wanted = max(kept, 1)
    found[np.flatnonzero(removable)[: wanted - kept]] = False
    return found


class _Cutter:
    """Takes the channels `gone` out of a program; intervals: by buffer."""

    def __init__(
        self,
        program: Program,
        gone: dict[int, NDArray[np.bool_]],
        intervals: dict[int, _Interval],
    ) -> None:
        self._program = program
        self._gone = gone
        self._intervals = intervals
        self._tensors = list(program.model.tensors)
        self._ops = {op.index: op for op in program.model.ops}

    def cut(self) -> Program | None:
        """None where a bias would leave 32 bits, or a tensor is no row of pixels."""
        program = self._program
        for buffer, mask in self._gone.items():
            for index in program.buffers[buffer].tensors:
                tensor = self._tensors[index]
                if not _in_turns(tensor, len(mask)):
                    return None
                last = tensor.shape[-1] // len(mask) * int((~mask).sum())
                self._tensors[index] = replace(tensor, shape=(*tensor.shape[:-1], last))
        for step in program.steps:
            if step.op.name in _WEIGHTED and not self._cut_layer(step):
                return None
        return self._whole()

    def _cut_layer(self, step: Step) -> bool:
        model, op = self._program.model, step.op
        read, made = self._gone.get(step.reads[0]), self._gone.get(step.writes[0])
        if read is None and made is None:
            return True
        weights = model.tensor(op.inputs[1])
        assert weights.data is not None
        axis = 3 if op.name == "DEPTHWISE_CONV_2D" else 0
        bias = bias_of(model, op, weights.shape[axis])
        data = weights.data
        if read is not None and axis == 0:
            several = np.tile(read, data.shape[-1] // len(read))
            values = np.tile(self._intervals[step.reads[0]].least, len(several) // len(read))
            zero_point = quantization_of(model.tensor(op.inputs[0])).zero_point
            taps = data.reshape(len(data), -1, len(several))[:, :, several].astype(np.int64)
            bias = bias + (taps * (values[several] - zero_point)).sum(axis=(1, 2))
            data = data[..., ~several]
        if made is not None:
            data, bias = np.compress(~made, data, axis=axis), bias[~made]
        if np.any(np.abs(bias) >= _LIMIT):
            return False
        inputs = [op.inputs[0], self._new(weights, np.ascontiguousarray(data), made)]
        inputs.append(self._new(self._bias_of(op, weights), bias.astype(np.int32), made))
        self._ops[op.index] = replace(op, inputs=tuple(inputs))
        return True

    def _bias_of(self, op: Op, weights: Tensor) -> Tensor:
        if len(op.inputs) > 2 and op.inputs[2] != -1:
            return self._program.model.tensor(op.inputs[2])
        return replace(weights, name=f"bias of {weights.name}", dtype=DType.INT32)

    def _new(self, old: Tensor, data: NDArray[Any], made: NDArray[np.bool_] | None) -> int:
        """A constant in the place of `old`, which others may read as it is; its number."""
        quantization = old.quantization
        if quantization is not None and quantization.per_channel and made is not None:
            quantization = replace(
                quantization,
                scales=quantization.scales[~made],
                zero_points=quantization.zero_points[~made]
                if len(quantization.zero_points) == len(made)
                else quantization.zero_points,
            )
        index = len(self._tensors)
        self._tensors.append(
            replace(old, index=index, shape=data.shape, data=data, quantization=quantization)
        )
        return index

    def _whole(self) -> Program:
        program = self._program
        model: Model = replace(
            program.model,
            tensors=tuple(self._tensors),
            ops=tuple(self._ops[op.index] for op in program.model.ops),
        )
        return replace(
            program,
            model=model,
            steps=tuple(replace(step, op=self._ops[step.op.index]) for step in program.steps),
            buffers=tuple(
                replace(buffer, bytes=model.tensor(buffer.tensors[0]).bytes)
                for buffer in program.buffers
            ),
        )
