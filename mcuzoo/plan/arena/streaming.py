"""Plan a model with a streamed input: how many calls take rows, and how many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mcuzoo.errors import UsageError
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.rows import RowChain, chain_rows
from mcuzoo.plan.arena.calls import is_closed
from mcuzoo.plan.arena.fusion import Planned, fuse_and_plan, least_bytes, plan_calls

BANDS = (2, 4, 8)
"""Rows of output at a time that are tried. More rows cost memory but save work: neighbouring bands
share input rows, and each call has a cost."""

EXCESS = 16
"""A longer chain must save more than a sixteenth of the arena: every operator in it costs
instructions, and the operators behind it can be fused."""

WITHOUT = "Leave --stream-input out: the input is then in the arena as a whole."


def streamed_plan(program: Program, calls: Sequence[Call]) -> Planned:
    """The calls with the first of them as a RowChain, and their plan, which has no input.

    The chain is the shortest with nearly the least memory. It makes as many rows at a time as cost
    no memory. Raises UsageError when the first call cannot take rows.
    """
    _require_rows(program, calls)
    candidates = list(_chained(program, calls))
    bounds = [least_bytes(program, candidate) for candidate in candidates]
    enough = min(bounds) + min(bounds) // EXCESS
    shortest = next(at for at, bound in enumerate(bounds) if bound <= enough)
    return _widened(program, calls, fuse_and_plan(program, candidates[shortest]))


def _require_rows(program: Program, calls: Sequence[Call]) -> None:
    if not calls:
        raise UsageError("--stream-input: the model computes nothing.", WITHOUT)
    readers = [position for position, call in enumerate(calls) if _reads_input(program, call)]
    if readers == [0] and chain_rows(program.model, calls[:1], [1]) is not None:
        return
    op = calls[readers[0] if readers else 0].op
    several = f", which {len(readers)} operators read," if len(readers) > 1 else ""
    raise UsageError(
        f"--stream-input: op {op.index} {op.name} cannot take the model's input{several} row "
        "by row as it arrives.",
        WITHOUT,
    )


def _reads_input(program: Program, call: Call) -> bool:
    return any(
        isinstance(operand, Activation) and operand.buffer == program.input_buffer
        for operand in call.inputs
    )


def _chained(program: Program, calls: Sequence[Call]) -> Iterator[tuple[Call, ...]]:
    """The calls with ever longer chains in front, shortest first, one row at a time."""
    for length in range(1, len(calls) + 1):
        chain = chain_rows(program.model, calls[:length], [1] * length)
        if chain is None:
            return
        if is_closed(program, calls, 0, length):
            yield (chain, *calls[length:])


def _widened(program: Program, calls: Sequence[Call], planned: Planned) -> Planned:
    """The same with more rows at a time where that costs no memory: two rows in all stages before
    four in one, and first where the gain is largest."""
    (chain, *rest), plan = planned
    assert isinstance(chain, RowChain)
    length = len(chain.stages)
    bands = [1] * length
    order = sorted(range(length), key=lambda at: chain.stages[at].rows.widens, reverse=True)
    for band in BANDS:
        for at in order:
            wider = [band if at == other else bands[other] for other in range(length)]
            one = chain_rows(program.model, calls[:length], wider)
            if one is None:
                continue
            one = replace(one, outputs=chain.outputs)
            if least_bytes(program, (one, *rest)) <= plan.arena_bytes:
                again = plan_calls(program, (one, *rest))
                if again.arena_bytes <= plan.arena_bytes:
                    bands, planned = wider, ((one, *rest), again)
    return planned
