"""A chain of calls that take the model's input row by row as it arrives.

Such a kernel is given a few rows as an image of their own: less input, less output, and padding
only where the whole image has it. Nothing in the kernel knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mcuzoo.graph.model import Model
from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import Setting


@dataclass(frozen=True)
class Rows:
    """A kernel's image as rows. An output row y reads `window` input rows from y * stride - pad_top
    on; the kernel itself handles rows outside the image.

    settings, widens: see RowWindow.
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
    """How `call` takes its one activation by rows; None where it cannot."""
    read = [index for index in call.ops[0].inputs if index >= 0]
    sources = [model.tensor(index).shape for index in read if model.tensor(index).data is None]
    if not sources:
        return None
    source, target = sources[0], model.tensor(call.op.outputs[0]).shape
    images = all(len(shape) == 4 and shape[0] == 1 for shape in (source, target))
    if not images or len(call.inputs) != 1 or not isinstance(call.inputs[0], Activation):
        return None
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
    rows in the chain's scratch memory."""

    call: Call
    rows: Rows
    band: int
    buffer_offset: int


@dataclass(frozen=True, kw_only=True)
class RowChain(Call):
    """The first calls of a program as one call, whose input is not in the arena.

    kernel, params: of the last stage. kernel_scratch_offset: where the kernels' shared scratch
    begins, behind the stages' buffers.
    """

    stages: tuple[RowStage, ...]
    kernel_scratch_offset: int

    @property
    def kernels(self) -> tuple[str, ...]:
        return tuple(stage.call.kernel for stage in self.stages)

    @property
    def row_bytes(self) -> int:
        """Bytes of waiting input rows: the model's and those between the stages."""
        return self.kernel_scratch_offset

    def constants(self) -> Iterator[Constant]:
        for stage in self.stages:
            yield from stage.call.constants()

    def constant_passes(self) -> Iterator[tuple[Constant, int]]:
        """The passes as on the whole image; bands that are not full may add some."""
        for stage in self.stages:
            yield from stage.call.constant_passes()


def chain_rows(model: Model, calls: Sequence[Call], bands: Sequence[int]) -> RowChain | None:
    """These calls, each of which reads what the one before makes, as a chain.

    bands: how many rows of output each call makes at a time. None if one of them cannot take rows.
    No other call may read the tensors between them.
    """
    stages: list[RowStage] = []
    offset, arriving = 0, 1
    for call, band in zip(calls, bands, strict=True):
        rows = rows_of(model, call)
        if rows is None:
            return None
        params, scratch_bytes = call.params.for_band(band, call.scratch_bytes)
        banded = replace(call, params=params, scratch_bytes=scratch_bytes)
        stages.append(RowStage(banded, rows, band, offset))
        buffer_bytes = rows.buffer_rows(band, arriving) * rows.input_row_bytes
        offset, arriving = offset + align_up(buffer_bytes), band
    last = calls[-1]
    return RowChain(
        op=last.op,
        kernel=last.kernel,
        params=last.params,
        inputs=(),
        outputs=last.outputs,
        scratch_bytes=offset + max(stage.call.scratch_bytes for stage in stages),
        before=tuple(op for call in calls for op in call.ops)[:-1],
        stages=tuple(stages),
        kernel_scratch_offset=offset,
    )
