"""The stages of RowChains as C: a function for each that runs its kernel on some of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.codegen.aot.arena import arena_offset, arena_text
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call, Operand
from mcuzoo.lowering.params import Setting
from mcuzoo.lowering.rows import RowChain, Rows, RowStage
from mcuzoo.plan.arena.calls import scratch_buffer
from mcuzoo.plan.arena.lifetimes import ArenaPlan


@dataclass(frozen=True)
class StageView:
    """A stage for its template. arguments: of the kernel, behind its parameters. buffer, output:
    addresses; output: the last stage only. whole: the buffer is the chain's whole input. index: of
    the op. struct: C type of the parameters. settings: assignments to fields of the parameters,
    before the kernel is called. rows: how it takes rows. band: rows of output at a time. back,
    ahead: stages between this one and the other that shares its operand, as in RowStage."""

    index: int
    kernel: str
    struct: str
    settings: tuple[str, ...]
    arguments: str
    rows: Rows
    band: int
    back: int
    ahead: int
    whole: bool
    buffer: str
    output: str | None


@dataclass(frozen=True)
class ChainView:
    """A chain for its template. table: the name of the array of its stages. stages: in the order in
    which the rows pass through them. streamed: it takes the input as it arrives."""

    table: str
    streamed: bool
    stages: tuple[StageView, ...]


def view_chains(program: Program, plan: ArenaPlan, calls: Sequence[Call]) -> tuple[ChainView, ...]:
    return tuple(
        ChainView(
            table_name(call),
            call.streamed,
            tuple(_view(program, plan, call, position, stage) for stage in call.stages),
        )
        for position, call in enumerate(calls)
        if isinstance(call, RowChain)
    )


def table_name(chain: RowChain) -> str:
    """The C name of the stages' array."""
    return "mz_model_rows" if chain.streamed else f"rows_to_{chain.op.index:02d}"


def _view(
    program: Program, plan: ArenaPlan, chain: RowChain, position: int, stage: RowStage
) -> StageView:
    call = stage.call
    # A chain of one kernel without scratch, from the arena, has no memory of its own.
    base = plan.slot(scratch_buffer(program, position)).offset if chain.scratch_bytes else 0
    output = arena_offset(plan, chain.output)
    whole = stage is chain.stages[0] and not chain.streamed
    source = chain.inputs[0] if whole else None
    side = _side(chain, stage)
    arguments = [_operand_text(plan, stage, place, side) for place in range(len(call.inputs))]
    arguments.append("output")
    if call.scratch_bytes:
        arguments.append(arena_text(plan, base + chain.kernel_scratch_offset))
    return StageView(
        index=call.op.index,
        kernel=call.kernel,
        struct=call.params.c_type,
        settings=tuple(map(_setting_text, stage.rows.settings)),
        arguments=", ".join(arguments),
        rows=stage.rows,
        band=stage.band,
        back=stage.back,
        ahead=stage.ahead,
        whole=whole,
        buffer=arena_text(plan, arena_offset(plan, source))
        if isinstance(source, Activation)
        else arena_text(plan, base + stage.buffer_offset),
        output=arena_text(plan, output) if stage is chain.stages[-1] else None,
    )


def _side(chain: RowChain, stage: RowStage) -> Operand | None:
    """The stage's operand that is whole in the arena, where the planner has put it: the chain's own
    operands may have moved into other buffers."""
    beside = [one for one in chain.stages if one.whole_side is not None]
    return chain.inputs[1 + beside.index(stage)] if stage in beside else None


def _operand_text(plan: ArenaPlan, stage: RowStage, place: int, side: Operand | None) -> str:
    """The address of the rows of an operand of the stage's kernel."""
    if place == stage.place:
        return "input"
    if not isinstance(side, Activation):
        return "band->side"
    base = arena_text(plan, arena_offset(plan, side))
    return f"{base} + band->first_row * {stage.rows.input_row_bytes}"


def _setting_text(setting: Setting) -> str:
    factor = "" if setting.factor == 1 else f" * {setting.factor}"
    return f"params.{setting.field} = band->{setting.source}{factor};"
