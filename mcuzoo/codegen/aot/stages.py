"""The stages of a RowChain as C: a function for each that runs its kernel on some of its rows."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.codegen.aot.arena import arena_offset, arena_text
from mcuzoo.graph.program import Program
from mcuzoo.lowering.params import Setting
from mcuzoo.lowering.rows import RowChain, Rows, RowStage
from mcuzoo.plan.arena.calls import scratch_buffer
from mcuzoo.plan.arena.lifetimes import ArenaPlan


@dataclass(frozen=True)
class StageView:
    """A stage for its template. scratch, buffer, output: addresses; output: the last stage only."""

    index: int
    kernel: str
    struct: str
    settings: tuple[str, ...]
    scratch: str | None
    rows: Rows
    band: int
    buffer: str
    output: str | None


def view_stages(program: Program, plan: ArenaPlan, chain: RowChain) -> tuple[StageView, ...]:
    """In the order in which the rows pass through them."""
    return tuple(_view(program, plan, chain, stage) for stage in chain.stages)


def _view(program: Program, plan: ArenaPlan, chain: RowChain, stage: RowStage) -> StageView:
    call = stage.call
    base = plan.slot(scratch_buffer(program, 0)).offset
    output = arena_offset(plan, chain.output)
    return StageView(
        index=call.op.index,
        kernel=call.kernel,
        struct=call.params.c_type,
        settings=tuple(map(_setting_text, stage.rows.settings)),
        scratch=arena_text(plan, base + chain.kernel_scratch_offset)
        if call.scratch_bytes
        else None,
        rows=stage.rows,
        band=stage.band,
        buffer=arena_text(plan, base + stage.buffer_offset),
        output=arena_text(plan, output) if stage is chain.stages[-1] else None,
    )


def _setting_text(setting: Setting) -> str:
    factor = "" if setting.factor == 1 else f" * {setting.factor}"
    return f"params.{setting.field} = band->{setting.source}{factor};"
