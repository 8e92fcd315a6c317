"""A chain of calls that pass an image on band by band: the model's input as it arrives, or an image
in the arena.

Such a kernel is given a few rows as an image of their own: less input, less output, and padding
only where the whole image has it. Nothing in the kernel knows of it. A kernel of two operands
element by element takes the rows of one from the stage before it, those of the other from the image
that an earlier stage reads, or from a tensor in the arena.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mcuzoo.graph.model import Model
from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Activation, Call, Overlap
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import Setting


@dataclass(frozen=True)
class Rows:
    """A kernel's image as rows. An output row y reads `window` input rows from y * stride - pad_top
    on; the kernel itself handles rows outside the image.

    settings, widens: see RowWindow. input_rows, output_rows: of the whole image; input_row_bytes,
    output_row_bytes: of one row.
    """

    input_rows: int
    input_row_bytes: int
    output_rows: int
    output_row_bytes: int
    window: int
    stride: int
    pad_top: int
    settings: tuple[Setting, ...]
    widens: int

    def buffer_rows(self, band: int, arriving: int) -> int:
        """Input rows to keep for `band` rows of output at a time, if `arriving` rows come at a
        time; same as in mz_rows.h."""
        return (band - 1) * self.stride + max(self.window, self.stride) + arriving - 1


def rows_of(model: Model, call: Call) -> Rows | None:
    """How `call` takes its activation by rows, or its two of the output's shape; None where it
    cannot."""
    read = [model.tensor(index) for index in call.ops[0].inputs if index >= 0]
    sources = [tensor.shape for tensor in read if tensor.data is None][: len(call.inputs)]
    target = model.tensor(call.op.outputs[0]).shape
    images = all(len(shape) == 4 and shape[0] == 1 for shape in (*sources, target))
    if not images or not all(isinstance(operand, Activation) for operand in call.inputs):
        return None
    if len(call.inputs) not in (1, 2) or len(set(call.inputs)) < len(call.inputs):
        return None
    if len(call.inputs) == 2 and sources != [target, target]:
        return None
    source = sources[0]
    found = call.params.by_rows(call.op, source, target)
    if found is None:
        return None
    return Rows(
        input_rows=source[1],
        input_row_bytes=source[2] * source[3],
        output_rows=target[1],
        output_row_bytes=target[2] * target[3],
        window=found.window,
        stride=found.stride,
        pad_top=found.pad_top,
        settings=found.settings,
        widens=found.widens,
    )


@dataclass(frozen=True)
class RowStage:
    """One call of a chain, which makes `band` rows of output at a time. buffer_offset: of its input
    rows in the chain's scratch memory; the first stage of a chain from the arena has none.

    place: which of its operands comes from the stage before. back: the other operand is the input
    of the stage so many before this one; 0: there is none, or it is whole in the arena. ahead: the
    same, seen from that stage.
    """

    call: Call
    rows: Rows
    band: int
    buffer_offset: int
    place: int = 0
    back: int = 0
    ahead: int = 0

    @property
    def whole_side(self) -> Activation | None:
        """The other operand, if it is whole in the arena."""
        if len(self.call.inputs) < 2 or self.back:
            return None
        side = self.call.inputs[1 - self.place]
        assert isinstance(side, Activation)
        return side


@dataclass(frozen=True, kw_only=True)
class RowChain(Call):
    """Calls of a program that follow each other as one call.

    kernel, params: of the last stage. kernel_scratch_offset: where the kernels' shared scratch
    begins, behind the stages' buffers. inputs: none if the chain consumes the model's input as it
    arrives; else the first stage's and all that are whole in the arena.
    """

    stages: tuple[RowStage, ...]
    kernel_scratch_offset: int

    @property
    def streamed(self) -> bool:
        """Whether it consumes the model's input as it arrives."""
        return not self.inputs

    @property
    def kernels(self) -> tuple[str, ...]:
        return tuple(stage.call.kernel for stage in self.stages)

    @property
    def row_bytes(self) -> int:
        """Bytes of waiting input rows: the model's and those between the stages."""
        return self.kernel_scratch_offset

    @property
    def held_bytes(self) -> int:
        return sum(constant.bytes for constant in self.constants())

    def constants(self) -> Iterator[Constant]:
        for stage in self.stages:
            yield from stage.call.constants()

    def constant_passes(self) -> Iterator[tuple[Constant, int]]:
        """The passes as on the whole image; bands that are not full may add some."""
        for stage in self.stages:
            yield from stage.call.constant_passes()


def chain_rows(
    model: Model, calls: Sequence[Call], bands: Sequence[int], whole: bool = False
) -> RowChain | None:
    """These calls, each of which reads what the one before makes, as a chain.

    bands: how many rows of output each call makes at a time. whole: the first one's input is in the
    arena. None if one of them cannot take rows. No other call may read the tensors between them.
    """
    found = _linked(model, calls, bands)
    steps = None if found is None else schedule(found, whole)
    if found is None or steps is None:
        return None
    sides = [stage.whole_side for stage in found]
    beside = tuple(side for side in sides if side is not None)
    if beside and not whole:
        return None
    stages: list[RowStage] = []
    offset, arriving = 0, 1
    for at, stage in enumerate(found):
        stages.append(replace(stage, buffer_offset=offset))
        held = max(stage.rows.buffer_rows(stage.band, arriving), steps.held[at])
        if at > 0 or not whole:
            offset += align_up(held * stage.rows.input_row_bytes)
        arriving = stage.band
    last = calls[-1]
    inputs, overlaps = (calls[0].inputs, (_overlap(found, steps),)) if whole else ((), ())
    return RowChain(
        op=last.op,
        kernel=last.kernel,
        params=last.params,
        inputs=(*inputs, *beside),
        outputs=last.outputs,
        scratch_bytes=offset + max(stage.call.scratch_bytes for stage in stages),
        overlaps=(*overlaps, *(None for _ in beside)),
        before=tuple(op for call in calls for op in call.ops)[:-1],
        stages=tuple(stages),
        kernel_scratch_offset=offset,
    )


def _linked(model: Model, calls: Sequence[Call], bands: Sequence[int]) -> list[RowStage] | None:
    """The stages with their operands, buffers still without a place."""
    stages: list[RowStage] = []
    for at, (call, band) in enumerate(zip(calls, bands, strict=True)):
        rows, made = rows_of(model, call), call.inputs[:1] if at == 0 else calls[at - 1].outputs
        if rows is None or made[0] not in call.inputs:
            return None
        params, scratch_bytes = call.params.for_band(band, call.scratch_bytes)
        banded = replace(call, params=params, scratch_bytes=scratch_bytes)
        place, back = call.inputs.index(made[0]), 0
        if len(call.inputs) == 2:
            read = [one.call.inputs[one.place] for one in stages]
            side = call.inputs[1 - place]
            back = at - read.index(side) if side in read else 0
            if at == 0 or (back and stages[at - back].ahead):
                return None
            if back:
                stages[at - back] = replace(stages[at - back], ahead=back)
        stages.append(RowStage(banded, rows, band, 0, place, back))
    return stages


def _overlap(stages: Sequence[RowStage], steps: Schedule) -> Overlap | None:
    """How near before the chain's input its output may begin."""
    last = stages[-1]
    written, read = last.rows.output_row_bytes, stages[0].rows.input_row_bytes
    distances = [made * written - kept * read for made, kept in steps.spared]
    if len(stages) == 1:
        return None
    if last.back == len(stages) - 1:
        # The last kernel itself reads the chain's input, too.
        overlap = last.call.overlaps[1 - last.place] if last.call.overlaps else None
        if overlap is None:
            return None
        distances.append(overlap.before)
    return Overlap(max([-last.rows.output_rows * written, *distances]))


@dataclass(frozen=True)
class Schedule:
    """What mz_rows.c does with a chain. held: the most input rows that each stage keeps. spared:
    after each band of the last stage, the rows that it has made in all, and the first row of the
    chain's input that is still read, unless there is none."""

    held: tuple[int, ...]
    spared: tuple[tuple[int, int], ...]


def schedule(stages: Sequence[RowStage], whole: bool) -> Schedule | None:
    """The schedule of mz_rows.c; None if a second operand would not be there in time."""
    if not whole and not any(stage.ahead for stage in stages):
        return Schedule((0,) * len(stages), ())  # buffer_rows is all that is wanted of it
    run = _Run(stages, whole)
    if not whole:
        for _ in range(stages[0].rows.input_rows):
            if run.is_done(0) and stages[0].ahead:
                return None
            run.arrive()
    complete = run.all()
    return Schedule(tuple(run.most), tuple(run.spared)) if complete else None


class _Run:
    """The states of mz_rows.c, in rows. Rows arrive one by one."""

    def __init__(self, stages: Sequence[RowStage], whole: bool) -> None:
        self._stages, self._whole = stages, whole
        self._first, self._made = [0] * len(stages), [0] * len(stages)
        self._held = [0] * len(stages)
        self._in_time = True
        self.most = [0] * len(stages)
        self.spared: list[tuple[int, int]] = []
        if whole:
            self._held[0] = stages[0].rows.input_rows
        self.all()

    def is_done(self, at: int) -> bool:
        return self._made[at] == self._stages[at].rows.output_rows

    def arrive(self) -> None:
        if not self.is_done(0):
            self._add(0, 1)
            self.all()

    def all(self) -> bool:
        """Make all bands that are possible; whether nothing was missing."""
        at = len(self._stages) - 1
        while at >= 0:
            if not self.is_done(at) and self._held[at] >= self._next(at)[1] - self._first[at]:
                self._band(at)
                at = min(at + 1, len(self._stages) - 1)
            else:
                at -= 1
        return self._in_time

    def _next(self, at: int) -> tuple[int, int]:
        """The input rows of the next band: first, end."""
        rows = self._stages[at].rows
        count = min(rows.output_rows - self._made[at], self._stages[at].band)
        top = self._made[at] * rows.stride - rows.pad_top
        end = top + (count - 1) * rows.stride + rows.window
        return min(max(top, 0), rows.input_rows), min(max(end, 0), rows.input_rows)

    def _band(self, at: int) -> None:
        stage = self._stages[at]
        count = min(stage.rows.output_rows - self._made[at], stage.band)
        if stage.back:
            source, end = at - stage.back, self._made[at] + count
            self._in_time &= end <= self._first[source] + self._held[source]
        if at + 1 < len(self._stages):
            self._add(at + 1, count)
            self._drop(at + 1)
        self._made[at] += count
        self._drop(at)
        if stage.back:
            self._drop(at - stage.back)
        if at + 1 == len(self._stages):
            self._spare()

    def _add(self, at: int, count: int) -> None:
        self._held[at] += count
        self.most[at] = max(self.most[at], self._held[at])

    def _kept(self, at: int) -> int:
        rows, ahead = self._stages[at].rows, self._stages[at].ahead
        first = rows.input_rows if self.is_done(at) else self._next(at)[0]
        return min(first, self._made[at + ahead]) if ahead else first

    def _drop(self, at: int) -> None:
        if at or not self._whole:
            rows = min(max(self._kept(at) - self._first[at], 0), self._held[at])
            self._first[at] += rows
            self._held[at] -= rows

    def _spare(self) -> None:
        kept = self._kept(0)
        if kept < self._stages[0].rows.input_rows:
            self.spared.append((self._made[-1], kept))
