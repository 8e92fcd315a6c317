"""Calls that take the model's input row by row as it arrives, each feeding the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcuzoo.graph.model import Model
from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.rows import Rows, for_band, rows_of


@dataclass(frozen=True)
class RowStage:
    """One kernel of a chain, which makes `band` rows of output at a time. `buffer_offset`: of its
    input rows in the chain's scratch memory."""

    call: Call
    rows: Rows
    band: int
    buffer_offset: int


@dataclass(frozen=True, kw_only=True)
class RowChain(Call):
    """The first calls of a program as one, which has no input in the arena.

    kernel and params are the last stage's; kernel_scratch_offset: of what the kernels share, behind
    the stages' buffers.
    """

    stages: tuple[RowStage, ...]
    kernel_scratch_offset: int

    @property
    def kernels(self) -> tuple[str, ...]:
        return tuple(stage.call.kernel for stage in self.stages)

    @property
    def row_bytes(self) -> int:
        """Of input rows that wait, the model's and those between the stages."""
        return self.kernel_scratch_offset

    def constants(self) -> Iterator[Constant]:
        for stage in self.stages:
            yield from stage.call.constants()


def chain_rows(model: Model, calls: Sequence[Call], bands: Sequence[int]) -> RowChain | None:
    """These calls, each of which reads what the one before makes, as a chain.

    bands: of each, how many rows of output it makes at a time. None where one of them cannot take
    rows. Nobody else may read what lies between them.
    """
    stages: list[RowStage] = []
    offset, arriving = 0, 1
    for call, band in zip(calls, bands, strict=True):
        rows = rows_of(model, call)
        if rows is None:
            return None
        stages.append(RowStage(for_band(call, band), rows, band, offset))
        buffer_bytes = rows.buffer_rows(band, arriving) * rows.input_row_bytes
        offset, arriving = offset + align_up(buffer_bytes), band
    last = calls[-1]
    return RowChain(
        op=last.op,
        kernel=last.kernel,
        params=last.params,
        inputs=(),
        output=last.output,
        scratch_bytes=offset + max(stage.call.scratch_bytes for stage in stages),
        before=tuple(op for call in calls for op in call.ops)[:-1],
        stages=tuple(stages),
        kernel_scratch_offset=offset,
    )
