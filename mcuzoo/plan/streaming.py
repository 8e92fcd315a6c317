"""A plan whose input is consumed as it arrives: how many calls take rows, how many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.errors import UsageError
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.row_chain import RowChain, banded, chain_rows
from mcuzoo.plan.fusion import Planned, is_private, plan_calls, smallest_plan

BANDS = (8, 4, 2)
"""Rows of output at a time that are tried. More are less work, since neighbouring bands share input
rows and calls cost something, but more memory."""

WITHOUT = "Leave --stream-input out: the input is then in the arena as a whole."


def streamed_plan(program: Program, calls: Sequence[Call]) -> Planned:
    """The calls with the first of them as a RowChain, and their plan, which has no input.

    The chain gets longer as long as it, or what reads its output, needs most memory and that helps.
    Raises UsageError when the first call cannot take rows.
    """
    best = smallest_plan(program, (_first_alone(program, calls), *calls[1:]))
    while best[1].peak_step <= 1:
        longer = _longer(program, calls, best[0])
        if longer is None:
            break
        candidate = smallest_plan(program, longer)
        if candidate[1].arena_bytes >= best[1].arena_bytes:
            break
        best = candidate
    return _widest(program, best)


def _first_alone(program: Program, calls: Sequence[Call]) -> RowChain:
    readers = [position for position, call in enumerate(calls) if _reads_input(program, call)]
    chain = chain_rows(program.model, calls[:1], 1) if readers == [0] else None
    if chain is None:
        op = calls[readers[0] if readers else 0].op
        several = f", which {len(readers)} operators read," if len(readers) > 1 else ""
        raise UsageError(
            f"--stream-input: op {op.index} {op.name} cannot take the model's input{several} row "
            "by row as it arrives.",
            WITHOUT,
        )
    return chain


def _reads_input(program: Program, call: Call) -> bool:
    return any(
        isinstance(operand, Activation) and operand.buffer == program.input_buffer
        for operand in call.inputs
    )


def _longer(
    program: Program, calls: Sequence[Call], planned: Sequence[Call]
) -> tuple[Call, ...] | None:
    """The original calls with one more of them in the chain that `planned` begins with."""
    assert isinstance(planned[0], RowChain)
    length = len(planned[0].stages) + 1
    # The model's last output stays whole, and somebody has to make it when the input is there.
    if length >= len(calls) or not is_private(program, calls, calls[length - 2]):
        return None
    if calls[length - 1].inputs != (calls[length - 2].output,):
        return None
    chain = chain_rows(program.model, calls[:length], 1)
    return None if chain is None else (chain, *calls[length:])


def _widest(program: Program, planned: Planned) -> Planned:
    """The same with as many rows at a time as cost no memory."""
    calls, plan = planned
    assert isinstance(calls[0], RowChain)
    for band in BANDS:
        wider = (banded(program.model, calls[0], band), *calls[1:])
        again = plan_calls(program, wider)
        if again.arena_bytes <= plan.arena_bytes:
            return wider, again
    return planned
